"""Facts and tallies as texts, and the numbers by which the index finds a cell. Pure."""

from __future__ import annotations

import zlib

import msgspec

from services.scoring.fold.cells import Cell, Posting, Tally

_FACT = msgspec.json.Decoder(tuple[Cell, Posting])
_SUMS = msgspec.json.Decoder(dict[str, list[int]])


def decode_tally(text_: str) -> Tally:
    """The tallies of a book out of their text."""
    return Tally(_SUMS.decode(text_))


def decode_fact(said: str) -> tuple[Cell, Posting]:
    """A fact out of its text."""
    return _FACT.decode(said)


_encode = msgspec.json.Encoder().encode
_encode_sums = msgspec.json.Encoder(order="deterministic").encode
CELL_BITS = 32
CELL_MASK = (1 << CELL_BITS) - 1


def checksum(cell: Cell) -> int:
    """32 bits that find a cell in the index of facts; two cells may share them."""
    return zlib.crc32(f"{cell.view}\0{cell.indicator}\0{cell.field}\0{cell.key}".encode())


def cell_number(book: int, checksum: int) -> int:
    """Where a cell stands in the index of facts."""
    return book << CELL_BITS | checksum


def encode_fact(cell: Cell, posting: Posting) -> str:
    """A fact as text: its cell in full, with its posting."""
    return _encode((cell, posting)).decode()


def encode_tally(tally: Tally) -> str:
    """The tallies of a book as text, the same for the same sums."""
    return _encode_sums(tally.sums).decode()
