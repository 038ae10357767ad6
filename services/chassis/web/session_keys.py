"""The keys that seal sessions: a file of lines, of which the first seals and all open.

A process reads the file again once it changed, so that a key can be replaced without a break: put
the new one above, and take the old one away once its last session has ended. A faulty file changes
nothing while the process runs.

Without a file named by the settings the keys are made in the home. With a database server no file
is made unasked, since several processes serve the same pages and must share it: until `danchu keys
make` makes one, sessions live as long as the process.
"""

from __future__ import annotations

import base64
import binascii
import logging
import secrets
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import overload

from services.chassis.changing_file import ChangingFile
from services.chassis.errors import SettingWrong
from services.chassis.keys import MAKE, SESSIONS, Keys, KeysFull, fingerprint, on_server
from services.chassis.private_files import write_private, write_private_once
from services.chassis.settings import Settings
from services.chassis.web.messages import message

KEY_FILE = "keys/sessions.key"
KEY_BYTES, KEYS_MAX = 32, 16
log = logging.getLogger(__name__)


class SessionKeys(Sequence[bytes]):
    """The keys of a file as it is now, the one that seals first; SettingWrong for a faulty one."""

    def __init__(self, path: Path) -> None:
        self._file = ChangingFile(path)
        content = self._file.content()
        self._keys = parse_session_keys(b"" if content is None else content)
        if not self._keys:
            raise SettingWrong(str(path), message("session-key"))

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[bytes]: ...

    def __getitem__(self, index: int | slice) -> bytes | Sequence[bytes]:
        """One of the keys."""
        return self._present()[index]

    def __iter__(self) -> Iterator[bytes]:
        """All keys, from one look at the file."""
        return iter(self._present())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._present())

    def _present(self) -> tuple[bytes, ...]:
        content = self._file.content()
        if content is not None:
            keys = parse_session_keys(content)
            if not keys:
                named = {"file": str(self._file.path)}
                log.error("the keys of sessions cannot be read; the former stay", extra=named)
            self._keys = keys or self._keys
        return self._keys


def session_keys(settings: Settings, service: str = "") -> Sequence[bytes]:
    """The keys of a process that serves pages of a service; SettingWrong for a faulty file."""
    path = session_key_file(settings)
    if settings.session_keys is None and not path.exists():
        if on_server(settings, service):
            extra = {"setting": "session_keys", "command": MAKE}
            log.warning("sessions end with the process", extra=extra)
            return _keys_of_process()
        make_session_key(settings)
    return SessionKeys(path)


@cache
def _keys_of_process() -> tuple[bytes, ...]:
    """One key for all sites of the process."""
    return (secrets.token_bytes(KEY_BYTES),)


def session_key_file(settings: Settings) -> Path:
    """The path of the key file: the setting, or the default in the home."""
    return settings.session_keys or settings.home / KEY_FILE


def make_session_key(settings: Settings) -> bool:
    """Creates a key file if there is none; whether it did."""
    path = session_key_file(settings)
    if path.exists():
        return False
    write_private_once(path, new_session_key())
    return True


def add_session_key(settings: Settings) -> str:
    """Puts a new key above those of the file: it seals from now on; its fingerprint.

    SettingWrong for a file that cannot be read; KeysFull.
    """
    path, line = session_key_file(settings), new_session_key()
    if len(SessionKeys(path)) == KEYS_MAX:
        raise KeysFull(path, KEYS_MAX)
    write_private(path, line + path.read_bytes())
    return fingerprint(base64.b64decode(line))


def remove_session_key(settings: Settings, mark: str) -> None:
    """Removes a key, with which the sessions that it sealed end; not the one that seals."""
    path = session_key_file(settings)
    first, *others = SessionKeys(path)
    kept = (first, *(key for key in others if fingerprint(key) != mark))
    write_private(path, b"".join(base64.b64encode(key) + b"\n" for key in kept))


def keys_of_sessions(settings: Settings) -> Keys:
    """The keys with their fingerprints, which no database records: nothing stored needs them."""
    path = session_key_file(settings)
    return Keys(SESSIONS, path, tuple(map(fingerprint, SessionKeys(path))))


def new_session_key() -> bytes:
    """A line of a key file."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"


def parse_session_keys(content: bytes) -> tuple[bytes, ...]:
    """The keys of a file, one a line, at most 16; none where one of the lines is no key."""
    try:
        keys = tuple(base64.b64decode(line, validate=True) for line in content.split())
    except binascii.Error:
        return ()
    whole = len(keys) <= KEYS_MAX and all(len(key) == KEY_BYTES for key in keys)
    return keys if whole else ()
