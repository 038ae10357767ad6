"""Texts as a spreadsheet or a page takes them: no formula, no invisible character. Pure."""

from __future__ import annotations

import unicodedata

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""The characters at which a spreadsheet begins to read a text as a formula, or hides that it is."""
INVISIBLE = frozenset(("Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"))
"""Categories of Unicode without a glyph, of which some reorder the text around them."""


def neutralise(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text


def spell_out(character: str) -> str:
    """A character by its code point, for one that cannot be displayed."""
    return f"⟨U+{ord(character):04X}⟩"


def is_invisible(character: str) -> bool:
    """Whether the character has no glyph of its own; a space has one."""
    return unicodedata.category(character) in INVISIBLE
