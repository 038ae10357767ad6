"""Translates errors of database drivers and the NATS client into messages of our own.

An error is classified by its code (SQLSTATE, errno, the type of the exception). Of an unknown
error the library's first line is quoted, since an operator needs it.
"""

import errno
import socket
import ssl

from contracts.messages import Message
from services.chassis.messages import message

STATES = {
    "28P01": "cause-password", "28000": "cause-login", "3D000": "cause-no-database",
    "3F000": "cause-no-schema", "42501": "cause-permission", "53100": "cause-disk-full",
    "53300": "cause-connections", "57P01": "cause-shut-down", "57P02": "cause-shut-down",
    "57P03": "cause-starting",
}  # fmt: skip
ERRNOS = {
    errno.ECONNREFUSED: "cause-refused", errno.ECONNRESET: "cause-broken",
    errno.EPIPE: "cause-broken", errno.ENETUNREACH: "cause-unreachable",
    errno.EHOSTUNREACH: "cause-unreachable", errno.ETIMEDOUT: "cause-timeout",
    errno.ENOENT: "cause-no-socket", errno.ENOSPC: "cause-disk-full",
    errno.EDQUOT: "cause-disk-full",
    errno.EACCES: "cause-permission", errno.EROFS: "cause-read-only",
    errno.EMFILE: "cause-files", errno.ENFILE: "cause-files",
}  # fmt: skip
PHRASES = (
    ("authorization violation", "cause-login"), ("authorization failed", "cause-login"),
    ("permissions violation", "cause-permission"),
    ("database is locked", "cause-locked"), ("unable to open database", "cause-no-file"),
    ("database or disk is full", "cause-disk-full"), ("no space left", "cause-disk-full"),
    ("readonly database", "cause-read-only"), ("disk i/o error", "cause-disk"),
    ("file is not a database", "cause-no-sqlite"), ("malformed", "cause-damaged"),
    ("connection was lost", "cause-broken"), ("connection closed", "cause-broken"),
    ("connection was closed", "cause-broken"), ("being made again", "cause-again"),
    ("timeout", "cause-timeout"), ("timed out", "cause-timeout"), ("no responders", "cause-nobody"),
    ("password authentication failed", "cause-password"),
)  # fmt: skip
"""Phrases in the texts of libraries that give no code."""


def cause_of(error: BaseException | str) -> Message:
    """The cause in both languages, without a full stop; a message is returned as it is."""
    if isinstance(error, Message):
        return error
    link: BaseException | None = error if isinstance(error, BaseException) else None
    while link is not None:
        code = _code(link)
        if code is not None:
            return message(code)
        link = link.__cause__ or getattr(link, "orig", None)
    text = _first_line(error)
    for phrase, code in PHRASES:
        if phrase in text.lower():
            return message(code)
    return message("cause-other", text=text)


def _code(error: BaseException) -> str | None:
    state = getattr(error, "sqlstate", None)
    if state in STATES:
        return STATES[str(state)]
    if isinstance(error, socket.gaierror):
        return "cause-name"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "cause-certificate"
    if isinstance(error, ssl.SSLError):
        return "cause-tls"
    if isinstance(error, OSError) and error.errno in ERRNOS:
        return ERRNOS[error.errno]
    return "cause-timeout" if isinstance(error, TimeoutError) else None


def _first_line(error: BaseException | str) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300].rstrip(".") if lines else type(error).__name__
