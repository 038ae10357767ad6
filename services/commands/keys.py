"""The keys of a home: which exist, which are missing, and which the databases have recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from services.chassis import key_marks
from services.chassis.auth import credentials
from services.chassis.clock import now_us
from services.chassis.database.engine import Database
from services.chassis.database.limits import PATIENT
from services.chassis.errors import DanchuError
from services.chassis.keys import RECORDS, SESSIONS, TOKENS, Keys, KeysMissing, on_server
from services.chassis.settings import Settings
from services.chassis.web import session_keys
from services.commands.homes import ForeignIssuer
from services.commands.messages import message
from services.commands.service_registry import SERVICES
from services.records import vault
from services.scoring.sealing import keyring
from services.scoring.settings import ScoringSettings


async def prepare(settings: Settings) -> None:
    """Creates the keys of a new home; KeysMissing if a database already contains data.

    The key of sessions is none that data needs, so a home of an earlier version gets one; not where
    the data is on a server, whose other processes must have the same.
    """
    shared = False
    for name in SERVICES:
        async with _open(settings, name) as db:
            if await key_marks.is_new(db):
                continue
            shared |= on_server(settings, name)
            for kind, file in missing_files(settings).items():
                raise KeysMissing(kind, file, f"{db.where} ({name})")
    _make(settings, missing_files(settings))
    if not shared:
        session_keys.make_session_key(settings)


def missing_files(settings: Settings) -> dict[str, Path]:
    """The key files that the home lacks, by kind, of those that its data needs."""
    files = {RECORDS: vault.key_file(settings)}
    if settings.token_public_key is None:
        files[TOKENS] = settings.home / credentials.KEY_FILE
    return {kind: file for kind, file in files.items() if not file.exists()}


def make(settings: Settings) -> list[str]:
    """Creates the keys that the home lacks; returns their files."""
    absent, sessions = missing_files(settings), session_keys.session_key_file(settings)
    return _make(settings, absent if sessions.exists() else {**absent, SESSIONS: sessions})


def _make(settings: Settings, absent: Mapping[str, Path]) -> list[str]:
    makers: dict[str, Callable[[Settings], bool]] = {
        RECORDS: vault.make,
        TOKENS: credentials.make_key,
        SESSIONS: session_keys.make_session_key,
    }
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
    if session_keys.session_key_file(settings).exists():
        keys.append(session_keys.keys_of_sessions(settings))
    return keys


def check_readable(settings: Settings) -> None:
    """SettingWrong for a key file, also of the seals, that is there and cannot be used."""
    load_keys(settings)
    keyring.load(ScoringSettings(home=settings.home))


class KeyStays(DanchuError):
    """A key cannot be removed."""

    def __init__(self, mark: str, code: str) -> None:
        super().__init__(message(code, fingerprint=mark))


async def rotate(settings: Settings, kind: str) -> str:
    """Adds a key that signs or encrypts from now on; the former ones stay. Its fingerprint."""
    if kind == TOKENS and settings.token_public_key is not None:
        raise ForeignIssuer(str(settings.token_public_key))
    if kind == SESSIONS:
        return _rotate_sessions(settings)
    for absent, file in missing_files(settings).items():
        if absent == kind:
            raise KeysMissing(kind, file, str(settings.home))
    mark = (vault.add_key if kind == RECORDS else credentials.add_key)(settings)
    for name in SERVICES:
        async with _open(settings, name) as db:
            if not await key_marks.is_new(db):
                await key_marks.add(db, kind, mark, now_us())
    return mark


def _rotate_sessions(settings: Settings) -> str:
    file = session_keys.session_key_file(settings)
    if not file.exists():
        raise KeysMissing(SESSIONS, file, str(settings.home))
    return session_keys.add_session_key(settings)


async def retire(settings: Settings, mark: str) -> None:
    """Removes a former key of tokens or sessions; KeyStays for one in use, or not there."""
    of_kind = next((keys for keys in load_keys(settings) if mark in keys.fingerprints), None)
    if of_kind is None:
        raise KeyStays(mark, "key-unknown")
    if of_kind.kind == RECORDS:
        raise KeyStays(mark, "key-encrypts")
    if of_kind.fingerprints[0] == mark:
        raise KeyStays(mark, "key-signs" if of_kind.kind == TOKENS else "key-seals")
    if of_kind.kind == SESSIONS:
        session_keys.remove_session_key(settings, mark)
        return
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
