"""Facts and tallies as JSON texts, and the numbers by which the index finds a cell. Pure."""

from __future__ import annotations

import zlib

import msgspec

from services.scoring.fold.cells import Cell, Posting, Tally

_FACT = msgspec.json.Decoder(tuple[Cell, Posting])
_SUMS = msgspec.json.Decoder(dict[str, list[int]])


def decode_tally(text: str) -> Tally:
    """The tallies of a book, from their text."""
    return Tally(_SUMS.decode(text))


def decode_fact(text: str) -> tuple[Cell, Posting]:
    """A fact (its cell and its posting), from its text."""
    return _FACT.decode(text)


_encode = msgspec.json.Encoder().encode
_encode_sums = msgspec.json.Encoder(order="deterministic").encode
CELL_BITS = 32
CELL_MASK = (1 << CELL_BITS) - 1


def checksum(cell: Cell) -> int:
    """A checksum of 32 bits by which the index of facts finds a cell; two cells may share one."""
    return zlib.crc32(f"{cell.view}\0{cell.indicator}\0{cell.field}\0{cell.key}".encode())


def cell_number(book: int, checksum: int) -> int:
    """The key of a cell in the index of facts: the book above, the checksum below."""
    return book << CELL_BITS | checksum


def encode_fact(cell: Cell, posting: Posting) -> str:
    """A fact as text: its cell in full, and its posting."""
    return _encode((cell, posting)).decode()


def encode_tally(tally: Tally) -> str:
    """The tallies of a book as text; equal sums give equal texts."""
    return _encode_sums(tally.sums).decode()
