"""The keys of a home: which exist, which are missing, and which the databases have recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from services.chassis import key_marks
from services.chassis.auth import credentials
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.chassis.errors import DanchuError
from services.chassis.keys import RECORDS, TOKENS, Keys, KeysMissing
from services.chassis.settings import Settings
from services.commands.homes import ForeignIssuer
from services.commands.messages import message
from services.commands.service_registry import SERVICES
from services.records import vault
from services.scoring.sealing import keyring
from services.scoring.settings import ScoringSettings


async def prepare(settings: Settings) -> None:
    """Creates the keys of a new home; KeysMissing if a database already contains data."""
    for name in SERVICES:
        async with _open(settings, name) as db:
            if await key_marks.is_new(db):
                continue
            for kind, file in missing_files(settings).items():
                raise KeysMissing(kind, file, f"{db.where} ({name})")
    make(settings)


def missing_files(settings: Settings) -> dict[str, Path]:
    """The key files that the home lacks, by kind."""
    files = {RECORDS: vault.key_file(settings)}
    if settings.token_public_key is None:
        files[TOKENS] = settings.home / credentials.KEY_FILE
    return {kind: file for kind, file in files.items() if not file.exists()}


def make(settings: Settings) -> list[str]:
    """Creates the keys that the home lacks; returns their files."""
    makers: dict[str, Callable[[Settings], bool]] = {
        RECORDS: vault.make,
        TOKENS: credentials.make_key,
    }
    absent = missing_files(settings)
    files = [str(file) for kind, file in absent.items() if makers[kind](settings)]
    return files + [str(file) for file in keyring.make(ScoringSettings(home=settings.home))]


def load_keys(settings: Settings) -> list[Keys]:
    """The keys of a home; none is created."""
    absent = missing_files(settings)
    keys: list[Keys] = []
    if RECORDS not in absent:
        keys.append(vault.open_vault(settings).as_keys(_nothing))
    if TOKENS not in absent:
        keys += credentials.token_keys(settings)
    return keys


class KeyStays(DanchuError):
    """A key cannot be removed."""

    def __init__(self, mark: str, code: str) -> None:
        super().__init__(message(code, fingerprint=mark))


async def rotate(settings: Settings, kind: str) -> str:
    """Adds a key that signs or encrypts from now on; the former ones stay. Its fingerprint."""
    if kind == TOKENS and settings.token_public_key is not None:
        raise ForeignIssuer(str(settings.token_public_key))
    for absent, file in missing_files(settings).items():
        if absent == kind:
            raise KeysMissing(kind, file, str(settings.home))
    mark = (vault.add_key if kind == RECORDS else credentials.add_key)(settings)
    for name in SERVICES:
        async with _open(settings, name) as db:
            if not await key_marks.is_new(db):
                await key_marks.add(db, kind, mark, now_us())
    return mark


async def retire(settings: Settings, mark: str) -> None:
    """Removes a former key of tokens; KeyStays for one that signs, encrypts, or is not there."""
    kinds = {each: keys.kind for keys in load_keys(settings) for each in keys.fingerprints}
    if mark not in kinds:
        raise KeyStays(mark, "key-unknown")
    if kinds[mark] != TOKENS:
        raise KeyStays(mark, "key-encrypts")
    if credentials.token_keys(settings)[0].fingerprints[0] == mark:
        raise KeyStays(mark, "key-signs")
    for name in SERVICES:
        async with _open(settings, name) as db:
            if not await key_marks.is_new(db):
                await key_marks.remove(db, TOKENS, mark)
    credentials.remove_key(settings, mark)


async def _nothing(_: object) -> list[bytes]:
    return []


async def adopt(settings: Settings) -> list[str]:
    """Makes every database forget its keys, so that it records those of this home at the start.

    The start verifies that they decrypt the stored data, and refuses them otherwise.
    """
    services = []
    for name in SERVICES:
        async with _open(settings, name) as db:
            if not await key_marks.is_new(db):
                await key_marks.forget(db)
                services.append(name)
    return services


@asynccontextmanager
async def _open(settings: Settings, name: str) -> AsyncIterator[Database]:
    db = Database(settings.database(name), name, PATIENT)
    try:
        yield db
    finally:
        await db.close()
