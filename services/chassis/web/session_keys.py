"""The keys that seal sessions: a file of lines, of which the first seals and all open.

Without a file named by the settings they are made in the home. Where the home cannot keep them
because the data lies on a database server, they live as long as the process.
"""

from __future__ import annotations

import base64
import binascii
import logging
import secrets
from pathlib import Path

from services.chassis.errors import SettingWrong
from services.chassis.keys import on_server
from services.chassis.private_files import write_private_once
from services.chassis.settings import Settings
from services.chassis.web.messages import message

KEY_FILE = "keys/sessions.key"
KEY_BYTES = 32
log = logging.getLogger(__name__)


def session_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys, the one that seals first; SettingWrong for a file that holds none."""
    if settings.session_keys is not None:
        return read_session_keys(settings.session_keys)
    path = settings.home / KEY_FILE
    if not path.exists():
        if on_server(settings):
            log.warning("sessions end with the process", extra={"setting": "session_keys"})
            return (secrets.token_bytes(KEY_BYTES),)
        make_session_key(settings)
    return read_session_keys(path)


def make_session_key(settings: Settings) -> bool:
    """Makes the key of a home that has none; whether it did."""
    path = settings.home / KEY_FILE
    if settings.session_keys is not None or path.exists():
        return False
    write_private_once(path, new_session_key())
    return True


def new_session_key() -> bytes:
    """A line of a key file."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)) + b"\n"


def read_session_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a file; SettingWrong for one that cannot be read or holds another text."""
    try:
        lines = path.read_bytes().split()
        keys = tuple(base64.b64decode(line, validate=True) for line in lines)
    except (OSError, binascii.Error):
        keys = ()
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise SettingWrong(str(path), message("session-key"))
    return keys
