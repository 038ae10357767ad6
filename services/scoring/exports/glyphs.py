"""Which characters the shipped fonts can print, read from the fonts themselves.

Source: the OpenType specification, table `cmap`, formats 4 and 12. What no font has is printed by
its code point, so that a document shows every text whole.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from services.scoring.exports.texts import is_invisible, spell_out

FONTS = Path(__file__).with_name("fonts")
FACES = ("LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf", "LiberationSerif-Italic.ttf")
FALLBACK = "DejaVuSans.ttf"
RUN_MAX = 24
"""Letters of a word before which a line may break also without a blank."""
CHUNK = 8
_BLANKS = str.maketrans(dict.fromkeys("\t\n\v\f\r\u0085\u2028\u2029", " "))
_SEGMENTS, _GROUPS = 4, 12


@cache
def printable() -> frozenset[int]:
    """The code points that every style can print."""
    faces = [characters((FONTS / name).read_bytes()) for name in FACES]
    return faces[0].intersection(*faces[1:]) | characters((FONTS / FALLBACK).read_bytes())


def characters(font: bytes) -> frozenset[int]:
    """The code points for which a font has a glyph."""
    start = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, start + 2)
    points: set[int] = set()
    for number in range(count):
        offset = start + struct.unpack_from(">HHI", font, start + 4 + 8 * number)[2]
        (form,) = struct.unpack_from(">H", font, offset)
        if form == _SEGMENTS:
            points.update(_segments(font, offset))
        elif form == _GROUPS:
            points.update(_groups(font, offset))
    return frozenset(points)


def _table(font: bytes, name: bytes) -> int:
    (count,) = struct.unpack_from(">H", font, 4)
    for number in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, 12 + 16 * number)
        if tag == name:
            return int(offset)
    raise ValueError(name)


def _segments(font: bytes, offset: int) -> Iterator[int]:
    """Format 4: ranges of code points, in parallel arrays."""
    count = struct.unpack_from(">H", font, offset + 6)[0] // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", font, offset + place)
        for place in (14, 16 + 2 * count, 16 + 4 * count, 16 + 6 * count)
    )
    for number in range(count):
        for point in range(starts[number], min(ends[number], 0xFFFE) + 1):
            glyph = point
            if offsets[number]:
                place = offset + 16 + 6 * count + 2 * number + offsets[number]
                place += 2 * (point - starts[number])
                (glyph,) = struct.unpack_from(">H", font, place)
                if not glyph:
                    continue
            if (glyph + deltas[number]) % 0x10000:
                yield point


def _groups(font: bytes, offset: int) -> Iterator[int]:
    """Format 12: ranges of code points that map to ranges of glyphs."""
    (count,) = struct.unpack_from(">I", font, offset + 12)
    for number in range(count):
        first, last, glyph = struct.unpack_from(">III", font, offset + 16 + 12 * number)
        yield from range(first + (glyph == 0), last + 1)


def printed(text: str) -> str:
    """The text as a page shows it: what has no glyph, or none that can be seen, by its number."""
    plain = text.translate(_BLANKS)
    if all(ord(c) in printable() and not is_invisible(c) for c in set(plain)):
        return plain
    return "".join(
        c if ord(c) in printable() and not is_invisible(c) else spell_out(c) for c in plain
    )


def pieces(text: str) -> list[str]:
    """The text in pieces between which a line may break, for words longer than a line is."""
    parts: list[str] = []
    for word in printed(text).split(" "):
        run = [word[i : i + CHUNK] for i in range(0, len(word), CHUNK)]
        chunks = [word] if len(word) <= RUN_MAX else run
        parts += [f"{parts.pop()} {chunks[0]}", *chunks[1:]] if parts else chunks
    return parts
