"""Texts that only this installation can write and read: AES-GCM by the keys of sessions.

The first key seals, all open. What is sealed for one purpose opens for no other one.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


def seal_text(keys: Sequence[bytes], purpose: bytes, plain: bytes) -> str:
    """The sealed text, of letters that a cookie and a form may have."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = nonce + AESGCM(keys[0]).encrypt(nonce, plain, purpose)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_text(keys: Sequence[bytes], purpose: bytes, text: str) -> bytes | None:
    """What was sealed for this purpose; None for anything else."""
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    for key in keys if len(sealed) > NONCE_BYTES else ():
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], purpose)
        except InvalidTag:
            continue
    return None
