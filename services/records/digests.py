"""Digests of several parts, for keys and comparisons. Pure."""

import hashlib


def digest(*parts: str | bytes) -> bytes:
    """Sixteen bytes of SHA-256 over the parts, each preceded by its length."""
    whole = hashlib.sha256()
    for part in parts:
        raw = part.encode() if isinstance(part, str) else part
        whole.update(len(raw).to_bytes(8) + raw)
    return whole.digest()[:16]
