"""The file VERIFY.md of a bundle: how to check it without danchu; a constant of the format. Pure.

Bundles have the same bytes for ever, so this text changes only with a new `format`.
"""

from __future__ import annotations

import pkgutil

FORMAT = 1
NAME = "VERIFY.md"


def _bytes() -> bytes:
    content = pkgutil.get_data(__package__, NAME)
    if content is None:
        raise FileNotFoundError(NAME)
    return content


GUIDE = _bytes()
"""The bytes of the file, as every bundle of this format holds them."""
