"""Passwords and keys in private files of a folder: each is made once, and what is there stays."""

import secrets
from pathlib import Path

from services.chassis.errors import DanchuError
from services.chassis.private_files import write_private_once
from services.commands.messages import message
from services.commands.nats.credentials import PASSWORD_BYTES

PASSWORDS = "passwords"


class PasswordUnreadable(DanchuError):
    """A file has no password in it."""

    def __init__(self, file: Path) -> None:
        super().__init__(message("password-file", file=file))


def write_once(file: Path, text: str) -> None:
    """Writes a file that is not there yet."""
    if not file.exists():
        write_private_once(file, text.encode())


def password(folder: Path, user: str) -> str:
    """The password of a user, in a file with the user's name; PasswordUnreadable for a bad one."""
    file = folder / PASSWORDS / user
    write_once(file, secrets.token_urlsafe(PASSWORD_BYTES))
    return read_password(file)


def read_password(file: Path) -> str:
    """The password of a file: one line of text; PasswordUnreadable for another content."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PasswordUnreadable(file) from None
    if not text.strip() or not text.strip().isprintable():
        raise PasswordUnreadable(file)
    return text


def files_of(folder: Path) -> set[Path]:
    """Every file of the folder."""
    return {path for path in folder.rglob("*") if path.is_file()}
