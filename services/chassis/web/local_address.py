"""Addresses that a link or a form names to be led on to: of this site, or none."""

NEXT_MAX = 2000


def local_address(text: str) -> str:
    """An address of this site to lead on to; the first page for anything else."""
    local = text.startswith("/") and not text.startswith(("//", "/\\")) and len(text) <= NEXT_MAX
    plain = text.isascii() and text.isprintable() and "\\" not in text
    return text if local and plain and " " not in text else "/"
