"""The keys of the kept states. Everybody can compute them: they protect nothing but test data.

They are derived from a constant whenever they are needed, so that no key lies in the repository.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import bcrypt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.chassis.auth.credentials import KEY_FILE as TOKENS_KEY
from services.chassis.private_files import private_folder, write_private
from services.intake.unit_credentials import FILE, UnitCredential, save
from services.records.vault import KEY_FILE as RECORDS_KEYS
from services.scoring.sealing.keyring import FOLDER, KEYS_FILE, SECRET_FILE
from services.scoring.year.keys import ListedKey, Role, SigningKey, key_name

SEED = "danchu: for the upgrade tests only, protects nothing"
ORIGIN = "danchu.local"
DEPARTMENT = "H44-1_00000001"
ROUNDS = 4
REVOKED = "nguoi-da-nghi-viec"
"""The bearer whose tokens are revoked in the kept state."""


def derived(name: str) -> bytes:
    """32 bytes for a name."""
    return hashlib.sha256(f"{SEED}: {name}".encode()).digest()


def password() -> str:
    """Of the department that sends over NATS."""
    return derived("department").hex()


def write_keys(home: Path) -> None:
    """Writes the key files of a home, and the list of NATS credentials."""
    private_folder(home)
    write_private(home / RECORDS_KEYS, base64.urlsafe_b64encode(derived("records")) + b"\n")
    write_private(home / TOKENS_KEY, _pem(derived("tokens")))
    write_private(home / FOLDER / SECRET_FILE, derived("seal").hex().encode() + b"\n")
    listed = b""
    for role in Role:
        key = SigningKey(key_name(ORIGIN, role), derived(f"seal {role}"))
        write_private(home / FOLDER / f"seal-{role}.key", key.encode().encode() + b"\n")
        listed += ListedKey(key.verifier, role, 0).encode().encode() + b"\n"
    write_private(home / FOLDER / KEYS_FILE, listed)
    hashed = bcrypt.hashpw(password().encode(), bcrypt.gensalt(ROUNDS)).decode()
    own = UnitCredential(DEPARTMENT, ("H44.1",), ("urn:h44-1:",), "2026-01-05T08:00:00Z", hashed)
    save(home / FILE, [own])


def _pem(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
