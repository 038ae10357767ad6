"""Passwords and keys in private files of a folder: each is made once, and what is there stays."""

import secrets
from pathlib import Path

from services.chassis.private_files import write_private_once
from services.commands.nats.credentials import PASSWORD_BYTES

PASSWORDS = "passwords"


def write_once(file: Path, text: str) -> None:
    """Writes a file that is not there yet."""
    if not file.exists():
        write_private_once(file, text.encode())


def password(folder: Path, user: str) -> str:
    """The password of a user, in a file with the user's name."""
    file = folder / PASSWORDS / user
    write_once(file, secrets.token_urlsafe(PASSWORD_BYTES))
    return file.read_text(encoding="utf-8")


def files_of(folder: Path) -> set[Path]:
    """Every file of the folder."""
    return {path for path in folder.rglob("*") if path.is_file()}
