"""Vietnamese alphabetical order of names, as the Common Locale Data Repository has it. Pure.

Letters first: a ă â b c d đ e ê … o ô ơ … u ư …; between names of the same letters the tones of
their syllables: ngang, huyền, hỏi, ngã, sắc, nặng. A tone belongs to its syllable wherever it is
written (hoà, hòa), so that old and new spelling stand together. Blanks and signs stand before
digits, and digits before letters.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
MARKS = {"\u0306", "\u0302", "\u031b"}
FIRST_LETTER, FIRST_OTHER = 0x100, 0x200
_D = str.maketrans("ðɖ", "đđ")


@lru_cache(maxsize=65_536)
def order_of_name(name: str) -> str:
    """A text that sorts, by code points, as the name does in a Vietnamese list."""
    letters: list[str] = []
    tones = [0]
    for letter in unicodedata.normalize("NFD", name.casefold()).translate(_D):
        if letter in TONES:
            tones[-1] = TONES[letter]
        elif letter in MARKS and letters:
            letters[-1] = unicodedata.normalize("NFC", letters[-1] + letter)
        elif not unicodedata.combining(letter):
            letters.append(letter)
            if letter.isspace():
                tones.append(0)
    return "".join(map(_place, letters)) + "\0" + "".join(map(str, tones))


def _place(letter: str) -> str:
    """The letter as one whose code point is its place in the order."""
    place = ALPHABET.find(letter) if len(letter) == 1 else -1
    if place >= 0:
        return chr(FIRST_LETTER + place)
    if letter.isspace():
        return " "
    return (
        letter
        if letter < "\x7f" or letter >= chr(FIRST_OTHER)
        else chr(FIRST_OTHER + ord(letter[0]))
    )
