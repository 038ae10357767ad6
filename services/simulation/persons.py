"""Keys of persons who do not exist, as opaque as those of a department."""

from contracts.names import names_number


def person_key(bits: int) -> str:
    """A key out of 64 random bits, which never reads as the number of an identity card."""
    key = f"p{bits:016x}"
    while names_number(key):
        bits = (bits + 1) % 2**64
        key = f"p{bits:016x}"
    return key
