"""The public keys and endpoints of an OpenID issuer: fetched when needed, kept while it is away.

A key id that is not known fetches the keys again, at most once in RETRY_SECONDS. Keys older than
FRESH_SECONDS are fetched again beside the requests, so that a key that the issuer took back ends.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from services.chassis.auth.issuer_document import IssuerAway, check_address, fetch_document
from services.chassis.cancellation import BackgroundTasks
from services.chassis.messages import message

ALGORITHMS = ("RS256", "ES256", "EdDSA")
RETRY_SECONDS = 10.0
FRESH_SECONDS = 900.0
KEYS_MAX = 100
RSA_BITS_LEAST = 2048
DISCOVERY = "/.well-known/openid-configuration"
log = logging.getLogger(__name__)

PublicKey = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
KeySet = Mapping[tuple[str | None, str], PublicKey]
"""By key id and algorithm."""


def read_keys(document: Mapping[str, Any]) -> KeySet:
    """The keys of a JWK set (RFC 7517) that sign by one of the algorithms; others are left out.

    IssuerAway where it is no set, or a large one.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or len(entries) > KEYS_MAX:
        raise IssuerAway(message("issuer-no-keys", most=KEYS_MAX))
    return {key: public for entry in entries for key, public in _keys_of(entry)}


def _keys_of(entry: Any) -> Iterable[tuple[tuple[str | None, str], PublicKey]]:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return
    kid = entry.get("kid")
    for algorithm in ALGORITHMS:
        if entry.get("alg", algorithm) != algorithm or not isinstance(kid, str | None):
            continue
        try:
            public = jwt.PyJWK({k: v for k, v in entry.items() if k != "d"}, algorithm).key
        except Exception:  # a key of another kind, or a malformed one
            continue
        if _fits(public, algorithm):
            yield (kid, algorithm), public


def _fits(public: Any, algorithm: str) -> bool:
    if algorithm == "RS256":
        return isinstance(public, RSAPublicKey) and public.key_size >= RSA_BITS_LEAST
    if algorithm == "ES256":
        return isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1)
    return isinstance(public, Ed25519PublicKey)


@dataclass
class IssuerKeys:
    """The keys of one issuer; `seconds` is a clock that only goes forward."""

    issuer: str
    fetch: Callable[[str], Awaitable[Mapping[str, Any]]] = fetch_document
    seconds: Callable[[], float] = time.monotonic
    _keys: KeySet = field(default_factory=dict)
    _document: Mapping[str, Any] = field(default_factory=dict)
    _fetched: float | None = None
    _tried: float | None = None
    _fetching: asyncio.Task[None] | None = None
    _lost: bool = False
    _background: BackgroundTasks = field(default_factory=BackgroundTasks)

    @property
    def present(self) -> bool:
        """Whether keys were fetched at least once."""
        return self._fetched is not None

    def find(self, kid: str | None, algorithm: str) -> PublicKey | None:
        """The key of a token; without a key id the only one of its algorithm."""
        if kid is not None:
            return self._keys.get((kid, algorithm))
        of_algorithm = [key for (_, name), key in self._keys.items() if name == algorithm]
        return of_algorithm[0] if len(of_algorithm) == 1 else None

    async def prepare(self, kid: str | None, algorithm: str) -> None:
        """Fetches the keys where the one of a token is lacking; beside it where they are old."""
        lacking = self.find(kid, algorithm) is None
        fetching = self.begin_fetch(lacking)
        if fetching is not None and lacking:
            await asyncio.shield(fetching)

    async def endpoint(self, name: str) -> str | None:
        """The address of an endpoint by its name in the document, such as `token_endpoint`.

        None where the issuer has none; IssuerAway while the document was never read.
        """
        fetching = self.begin_fetch(lacking=not self.present)
        if fetching is not None and not self.present:
            await asyncio.shield(fetching)
        if not self.present:
            raise IssuerAway(message("issuer-never-read"))
        address = self._document.get(name)
        if address is None:
            return None
        check_address(address if isinstance(address, str) else "")
        return str(address)

    def supports(self, name: str, value: str) -> bool | None:
        """Whether a list of the document has a value; None where there is no such list."""
        values = self._document.get(name)
        return value in values if isinstance(values, list) else None

    def begin_fetch(self, lacking: bool = False) -> asyncio.Task[None] | None:
        """Begins to fetch the keys where one is lacking or they are old; the fetch that runs."""
        now = self.seconds()
        old = self._fetched is None or now - self._fetched >= FRESH_SECONDS
        may_try = self._tried is None or now - self._tried >= RETRY_SECONDS
        if self._fetching is None and (lacking or old) and may_try:
            self._tried = now
            self._fetching = self._background.begin(self._refresh(), "keys of the issuer")
        return self._fetching

    async def close(self) -> None:
        """Ends a fetch that still runs."""
        await self._background.close()

    def has_lost_key(self) -> bool:
        """Whether a key has gone since the last call: what it signed is to be verified again."""
        lost, self._lost = self._lost, False
        return lost

    async def _refresh(self) -> None:
        """Fetches the document of the issuer and its keys; the last ones stay where it fails."""
        try:
            document, keys = await self._fetch_keys()
        except IssuerAway as error:
            extra = {"issuer": self.issuer, "error": error.message.en, "keys": len(self._keys)}
            log.warning("the keys of the OpenID issuer cannot be fetched", extra=extra)
            return
        finally:
            self._fetching = None
        self._lost |= any(keys.get(name) != public for name, public in self._keys.items())
        self._document, self._keys, self._fetched = document, keys, self.seconds()

    async def _fetch_keys(self) -> tuple[Mapping[str, Any], KeySet]:
        document = await self.fetch(self.issuer.rstrip("/") + DISCOVERY)
        if document.get("issuer") != self.issuer:
            raise IssuerAway(message("issuer-differs"))
        address = document.get("jwks_uri")
        check_address(address if isinstance(address, str) else "")
        return document, read_keys(await self.fetch(str(address)))
