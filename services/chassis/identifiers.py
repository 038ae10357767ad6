"""Identifiers of records and events: UUIDs of version 7, which are adjacent in an index by time."""

import secrets


def new_id(now: int) -> str:
    """A new UUIDv7 (RFC 9562, section 5.7) for an instant in microseconds."""
    bits = (now // 1000) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62
    digits = f"{bits | secrets.randbits(62):032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
