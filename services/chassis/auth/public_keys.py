"""The keys of tokens: several at once, so that an issuer can rotate its key without a break.

A process reads the file again once it changed: a key that was added is accepted from then on, and
one that was removed ends with the tokens that it signed. A faulty file changes nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.chassis.changing_file import ChangingFile
from services.chassis.keys import fingerprint

KEYS_MAX = 16
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""What a file without usable keys raises."""
_BLOCK = re.compile(rb"-----BEGIN [A-Z0-9 ]+-----.+?-----END [A-Z0-9 ]+-----", re.DOTALL)
PublicKeys = tuple[Ed25519PublicKey, ...]
log = logging.getLogger(__name__)


def read_public_keys(content: bytes) -> PublicKeys:
    """The public keys of a PEM file with at most 16; one of `UNREADABLE` for another content."""
    keys = [serialization.load_pem_public_key(block) for block in _blocks(content)]
    usable = tuple(key for key in keys if isinstance(key, Ed25519PublicKey))
    if len(usable) != len(keys):
        raise ValueError("a key is of another kind")
    return usable


def read_private_keys(content: bytes) -> tuple[Ed25519PrivateKey, ...]:
    """The private keys of a PEM file, the one that signs first; errors as `read_public_keys`."""
    keys = [serialization.load_pem_private_key(block, None) for block in _blocks(content)]
    usable = tuple(key for key in keys if isinstance(key, Ed25519PrivateKey))
    if len(usable) != len(keys):
        raise ValueError("a key is of another kind")
    return usable


def public_keys_of_private(content: bytes) -> PublicKeys:
    """The public keys of a file of private ones."""
    return tuple(key.public_key() for key in read_private_keys(content))


def _blocks(content: bytes) -> list[bytes]:
    blocks = _BLOCK.findall(content)
    if not 1 <= len(blocks) <= KEYS_MAX:
        raise ValueError("it holds no key, or too many")
    return blocks


@dataclass
class TokenKeys:
    """The public keys that tokens may be signed with; without a file they stay as they are."""

    keys: PublicKeys
    file: ChangingFile | None = None
    read: Callable[[bytes], PublicKeys] = read_public_keys

    @classmethod
    def of_file(
        cls, file: ChangingFile, read: Callable[[bytes], PublicKeys] = read_public_keys
    ) -> TokenKeys:
        """The keys of a file; OSError without one, and one of `UNREADABLE` for a faulty one."""
        content = file.content()
        return cls(read(file.path.read_bytes() if content is None else content), file, read)

    def refresh(self) -> bool:
        """Reads the file again where it changed; whether the keys are others now."""
        content = None if self.file is None else self.file.content()
        if self.file is None or content is None:
            return False
        try:
            keys = self.read(content)
        except UNREADABLE:
            log.error("the keys of tokens cannot be read; the former stay", extra=self._named())
            return False
        if _marks(keys) == _marks(self.keys):
            return False
        self.keys = keys
        log.info("the keys of tokens changed", extra=self._named())
        return True

    def _named(self) -> dict[str, object]:
        path = None if self.file is None else str(self.file.path)
        return {"file": path, "fingerprints": list(_marks(self.keys))}


def _marks(keys: PublicKeys) -> tuple[str, ...]:
    return tuple(fingerprint(key.public_bytes_raw()) for key in keys)
