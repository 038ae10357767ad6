"""Another home on the same data is refused at start, and keys are never made unasked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from services.awards import app as awards
from services.chassis import key_marks
from services.chassis.auth import credentials
from services.chassis.database.engine import Database
from services.chassis.errors import SettingWrong
from services.chassis.keys import KeysClosed, KeysForeign, KeysMissing, KeysReordered
from services.chassis.settings import Settings
from services.commands import keys
from services.intake import app as intake
from services.intake.settings import IntakeSettings
from services.records import vault
from services.scoring import app as scoring
from services.scoring.settings import ScoringSettings
from services.training import app as training
from services.violations import app as violations
from tests.support.builders.desks import ON_SQLITE, Desk, open_desk
from tests.support.servers import free_port

pytestmark = pytest.mark.anyio

SERVICES: dict[str, tuple[Any, Any]] = {
    "intake": (intake, IntakeSettings), "training": (training, Settings),
    "awards": (awards, Settings), "violations": (violations, Settings),
    "scoring": (scoring, ScoringSettings),
}  # fmt: skip
NOMINATION = {"unit": "H44.2.1", "kind": "person", "title": "Tấm gương", "merits": "Tốt"}


def settings_of(name: str, home: Path, url: str) -> Any:
    """The settings of a service on a home and a database."""
    return SERVICES[name][1](home=home, database_url=url, nats_port=free_port())


async def started(name: str, home: Path, url: str) -> None:
    """Starts a service and stops it again."""
    settings = settings_of(name, home, url)
    app = SERVICES[name][0].build(settings)
    try:
        await app.start()
    finally:
        await app.stop()


async def prepared(name: str, home: Path, url: str) -> None:
    """A service that ran once on a home with keys of its own."""
    keys.make(Settings(home=home))
    await SERVICES[name][0].migrated(settings_of(name, home, url))
    await started(name, home, url)


@pytest.mark.parametrize("name", SERVICES)
async def test_another_home_on_the_same_database_is_refused_at_start(
    name: str, home: Path, tmp_path: Path, database_url: str
) -> None:
    """Its tokens are signed by another key, also where nothing personal is stored."""
    await prepared(name, home, database_url)
    other = tmp_path / "other"
    keys.make(Settings(home=other))
    with pytest.raises(KeysForeign) as foreign:
        await started(name, other, database_url)
    assert str(other) in foreign.value.message
    await started(name, home, database_url)


@pytest.mark.parametrize("name", SERVICES)
async def test_an_empty_home_makes_no_keys_for_a_database_on_a_server(
    name: str, home: Path, tmp_path: Path, postgres_url: str
) -> None:
    """A new pod without its keys is told which file to put where, and makes none."""
    await prepared(name, home, postgres_url)
    empty = tmp_path / "empty"
    with pytest.raises(KeysMissing) as missing:
        await started(name, empty, postgres_url)
    assert "danchu keys make" in missing.value.message and not (empty / "keys").exists()


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_up_makes_keys_for_new_databases_alone(
    home: Path, tmp_path: Path, database_url: str
) -> None:
    """The first start of an installation needs no other command; a lost home does."""
    settings = Settings(home=home, database_url=database_url)
    await keys.prepare(settings)
    assert keys.missing_files(settings) == {}
    await prepared("awards", home, database_url)
    lost = Settings(home=tmp_path / "lost", database_url=database_url)
    with pytest.raises(KeysMissing):
        await keys.prepare(lost)
    assert not (tmp_path / "lost").exists()
    await keys.prepare(settings)


async def named(home: Path, url: str, issuer: credentials.Issuer) -> str:
    """An achievement of a person whose name is kept; its id."""
    async with open_desk("awards", awards.build, awards.migrated, home, url, issuer) as desk:
        body = {**NOMINATION, "honoree": "Nguyễn Văn Mẫu"}
        return str((await desk.succeed("achievements", "clerk", body))["id"])


def rewritten(home: Path, *lines: bytes) -> None:
    """The file of records' keys with other lines."""
    vault.key_file(Settings(home=home)).write_bytes(b"\n".join(lines) + b"\n")


async def test_a_new_key_above_the_old_one_is_taken_and_opens_what_was_stored(
    home: Path, issuer: credentials.Issuer, database_url: str
) -> None:
    """A rotation keeps the old key; a home without it, or with another order, is refused."""
    id_ = await named(home, database_url, issuer)
    old = vault.key_file(Settings(home=home)).read_bytes().strip()
    new = Fernet.generate_key()
    rewritten(home, new, old)
    args = ("awards", awards.build, awards.migrated, home, database_url, issuer)
    async with open_desk(*args) as desk:
        shown = await desk.get(f"achievements/{id_}/honoree", "council")
        assert shown.json() == {"name": "Nguyễn Văn Mẫu"}
    rewritten(home, new)
    with pytest.raises(KeysForeign):
        await started("awards", home, database_url)
    rewritten(home, old, new)
    with pytest.raises(KeysReordered):
        await started("awards", home, database_url)


async def test_rows_that_no_key_opens_are_refused_where_no_fingerprint_is_known_yet(
    home: Path, issuer: credentials.Issuer, database_url: str
) -> None:
    """Data of an earlier version has no fingerprints: the rows themselves are asked."""
    await named(home, database_url, issuer)
    db = Database(settings_of("awards", home, database_url).database("awards"), "awards")
    try:
        await key_marks.forget(db)
    finally:
        await db.close()
    rewritten(home, Fernet.generate_key())
    with pytest.raises(KeysClosed):
        await started("awards", home, database_url)


@ON_SQLITE
async def test_a_row_that_no_key_opens_is_answered_503_with_what_to_do(
    home: Path, issuer: credentials.Issuer, database_url: str
) -> None:
    """Never 500: somebody has to put the old key file back."""
    id_ = await named(home, database_url, issuer)
    args = ("awards", awards.build, awards.migrated, home, database_url, issuer)
    async with open_desk(*args) as desk:
        await _spoilt(desk, id_)
        answer = await desk.get(f"achievements/{id_}/honoree", "council")
    assert answer.status_code == 503
    assert "DANCHU_RECORDS_KEYS" in answer.json()["detail_en"]
    assert "khóa" in answer.json()["detail_vi"]


async def _spoilt(desk: Desk, id_: str) -> None:
    async with desk.app.db.write() as conn:
        update = text("UPDATE achievements SET honoree = :hidden WHERE id = :id")
        hidden = Fernet(Fernet.generate_key()).encrypt(b"x")
        await conn.execute(update, {"hidden": hidden, "id": id_})


@ON_SQLITE
async def test_keys_that_are_adopted_are_taken_at_the_next_start(
    home: Path, tmp_path: Path, database_url: str
) -> None:
    """A signing key that became known is replaced on purpose; what is stored must still open."""
    await prepared("awards", home, database_url)
    (home / credentials.KEY_FILE).unlink()
    keys.make(Settings(home=home))
    with pytest.raises(KeysForeign):
        await started("awards", home, database_url)
    settings = Settings(home=home, database_url=database_url)
    db = Database(settings.database("awards"), "awards")
    try:
        await key_marks.forget(db)
    finally:
        await db.close()
    await started("awards", home, database_url)


def test_the_keys_of_a_home_are_known_by_fingerprints_that_tell_nothing(home: Path) -> None:
    """What the databases remember, and what a person compares."""
    settings = Settings(home=home)
    keys.make(settings)
    marks = {one.kind: one.fingerprints for one in keys.load_keys(settings)}
    assert set(marks) == {"records", "tokens", "sessions"}
    raw = vault.key_file(settings).read_text()
    assert all(len(mark) == 32 and mark not in raw for each in marks.values() for mark in each)


def test_a_key_file_that_is_named_and_not_there_is_refused(home: Path) -> None:
    """By the name of its setting, in both languages."""
    settings = Settings(home=home, records_keys=home / "none.keys")
    with pytest.raises(SettingWrong, match="DANCHU_RECORDS_KEYS"):
        vault.open_vault(settings)
