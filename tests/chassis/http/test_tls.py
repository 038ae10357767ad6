"""TLS of the HTTP port: what is accepted, renewed without a restart, and bounded."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from opentelemetry.metrics import CallbackOptions

from services.chassis.errors import SettingWrong
from services.chassis.http import connection, handshake, server, tls
from services.chassis.http.parsing import HEAD_BYTES_MAX
from services.chassis.http.tls import load_certificate
from services.chassis.settings import Settings
from tests.conftest import eventually
from tests.support.certificates import Authority, Issued, private_pem
from tests.support.sockets import Served, get, hurried, served

pytestmark = pytest.mark.anyio
__all__ = ["hurried"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One authority for all."""
    return Authority()


@pytest.fixture
def issued(authority: Authority, tmp_path: Path) -> Issued:
    """A certificate of this test."""
    return authority.issue(tmp_path)


async def serial(encrypted: Served) -> int:
    """The serial number of the certificate that a new connection gets."""
    async with encrypted.opened() as caller:
        encryption = caller.writer.get_extra_info("ssl_object")
        return int(x509.load_der_x509_certificate(encryption.getpeercert(True)).serial_number)


async def test_requests_are_answered_over_tls_and_over_nothing_weaker(
    authority: Authority, issued: Issued
) -> None:
    """TLS 1.2 and 1.3 alone; plain HTTP on this port gets no answer, and no redirect."""
    async with served(**issued.settings()) as encrypted:
        async with encrypted.opened(get()) as plain:
            assert await plain.ended() == b""
        encrypted.trust = authority.trust()
        answer = await encrypted.ask(get("/slow/caller"))
        assert answer.json() == ["127.0.0.1", "https"]
        assert "max-age=31536000; includeSubDomains" in answer.head
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            encrypted.trust = authority.trust()
            encrypted.trust.minimum_version = encrypted.trust.maximum_version = version
            assert (await encrypted.ask(get())).status == 200
        weak = encrypted.trust = authority.trust()
        weak.set_ciphers("ALL:@SECLEVEL=0")
        weak.minimum_version = weak.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(OSError):
            await encrypted.ask(get())


async def test_refusals_and_large_answers_come_through_tls(
    authority: Authority, issued: Issued
) -> None:
    """What is cut is answered before the connection ends; what is large comes whole."""
    async with served(**issued.settings()) as encrypted:
        encrypted.trust = authority.trust()
        refused = await encrypted.ask(get(x="v" * (HEAD_BYTES_MAX + 1)))
        assert refused.status == 431 and "strict-transport-security" in refused.head
        assert len((await encrypted.ask(get("/slow/large"))).body) == 64 * 2**20


async def test_a_renewed_certificate_is_taken_without_a_restart(
    authority: Authority, issued: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that is open goes on; while the files do not fit the former pair serves."""
    monkeypatch.setattr(server, "SWEEP_SECONDS", 0.02)
    async with served(**issued.settings()) as encrypted:
        encrypted.trust = authority.trust()
        assert await serial(encrypted) == issued.serial
        async with encrypted.opened(get()) as before:
            await before.answer()
            key, certificate = issued.key.read_bytes(), issued.certificate.read_bytes()
            renewed = authority.issue(tmp_path)
            new = renewed.certificate.read_bytes()
            renewed.certificate.write_bytes(certificate)
            assert await serial(encrypted) == issued.serial
            renewed.certificate.write_bytes(new)

            async def is_renewed() -> bool:
                return await serial(encrypted) == renewed.serial

            await eventually(is_renewed)
            await before.send(get())
            assert (await before.answer()).status == 200
        (remaining,) = tls._remaining.observe(CallbackOptions())
        expires = x509.load_pem_x509_certificate(new).not_valid_after_utc
        assert abs(remaining.value - (expires - datetime.now(UTC)).total_seconds()) < 60
        assert key != renewed.key.read_bytes()


@pytest.mark.usefixtures("hurried")
async def test_silent_handshakes_give_way_and_end(
    authority: Authority, issued: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They count as connections from the first byte on, so a crowd of them shuts nobody out."""
    monkeypatch.setattr(handshake, "HEAD_SECONDS", 0.5)
    monkeypatch.setattr(connection, "PHASE_SECONDS", (30.0,) * 6)
    limits: dict[str, Any] = {"http_connections_max": 8, "http_address_connections_max": 8}
    async with served(**issued.settings(), **limits) as encrypted:
        async with contextlib.AsyncExitStack() as stack:
            silent = [
                await stack.enter_async_context(encrypted.opened(b"\x16" * (number % 2)))
                for number in range(30)
            ]
            encrypted.trust = authority.trust()
            assert (await encrypted.ask(get())).status == 200
            ended = await asyncio.gather(*(caller.ended() for caller in silent))
        assert set(ended) == {b""}


def test_files_that_are_no_pair_are_refused_at_the_start(
    authority: Authority, issued: Issued, tmp_path: Path
) -> None:
    """One without the other, no file, a foreign key, and a key with a password."""
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = serialization.BestAvailableEncryption(b"secret")
    (tmp_path / "foreign").write_bytes(private_pem(key, serialization.NoEncryption()))
    (tmp_path / "locked").write_bytes(private_pem(key, encryption))
    for certificate, name in (
        (issued.certificate, None), (None, "server.key"), (issued.certificate, "none"),
        (issued.certificate, "foreign"), (issued.certificate, "locked"), (issued.key, "server.key"),
    ):  # fmt: skip
        settings = Settings(tls_certificate=certificate, tls_key=tmp_path / name if name else None)
        with pytest.raises(SettingWrong, match="DANCHU_TLS_"):
            load_certificate(settings)
    pair = Settings(tls_certificate=issued.certificate, tls_key=issued.key)
    assert load_certificate(pair) is not None
    assert load_certificate(Settings()) is None
