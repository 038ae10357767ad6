"""The ZIP form of a bundle (SEAL.md section 3), byte by byte, without unpacking anything.

Method stored, times 1980-01-01T00:00:00, mode 0644, no extra fields and no comments; nothing
stands before, between or after. What the page leaves open (the versions that a writer notes, and
whether it marks names as UTF-8) must be the same for all files, so that no byte is free.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from mmap import mmap
from typing import NamedTuple, TypeAlias

from services.scoring.year.verify.discrepancies import Discrepancy, require

Content: TypeAlias = bytes | mmap
"""The bytes of a file, or the file mapped into memory."""

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_DAY_1980, _UTF8, _UNIX = 0x21, 0x800, 3
_NEEDED = (10, 20)
_MODES = (0o644 << 16, 0o100644 << 16)
NAME_MAX, FILES_MAX = 1024, 1000


class ArchivePart(NamedTuple):
    """A file of the bundle: its name, where its content stands, and the CRC-32 in its header."""

    name: str
    start: int
    end: int
    crc: int
    header: int

    def content(self, data: Content) -> bytes:
        """The bytes of the file."""
        return data[self.start : self.end]


def looks_like_archive(data: Content) -> bool:
    """Whether it begins or ends as a ZIP file does."""
    return data[:4] == LOCAL or data[-_END.size : -_END.size + 4] == END


def parts(data: Content) -> list[ArchivePart]:
    """The files in their order; Discrepancy where the form is another."""
    files: list[ArchivePart] = []
    heads: list[_Head] = []
    position = 0
    while data[position : position + 4] == LOCAL:
        require(len(files) < FILES_MAX, "zip", "ZIP", byte=position)
        part, head = _part(data, position)
        files.append(part)
        heads.append(head)
        position = part.end
    require(bool(files), "zip", "ZIP", byte=position)
    _check_heads(files, heads)
    _check_directory(data, files, heads, position)
    return files


class _Head(NamedTuple):
    """What a writer may choose, the same for all files."""

    needed: int
    flags: int


def _part(data: Content, position: int) -> tuple[ArchivePart, _Head]:
    raw = data[position : position + _LOCAL.size]
    require(len(raw) == _LOCAL.size, "zip", "ZIP", byte=position)
    _, needed, flags, method, time, date, crc, packed, size, name_size, extra = _LOCAL.unpack(raw)
    plain = (method, time, date, packed, extra) == (0, 0, _DAY_1980, size, 0)
    require(plain and name_size <= NAME_MAX, "zip", "ZIP", byte=position)
    start = position + _LOCAL.size + name_size
    require(start + size <= len(data), "zip-short", "ZIP", byte=position)
    try:
        name = data[position + _LOCAL.size : start].decode()
    except UnicodeDecodeError:
        raise Discrepancy("zip", "ZIP", byte=position) from None
    return ArchivePart(name, start, start + size, crc, position), _Head(needed, flags)


def _check_heads(files: list[ArchivePart], heads: list[_Head]) -> None:
    """The same version everywhere; names marked as UTF-8 everywhere, or where they need it."""
    everywhere = heads[0].flags == _UTF8
    for part, head in zip(files, heads, strict=True):
        flags = _UTF8 if everywhere or not part.name.isascii() else 0
        same = head.needed == heads[0].needed and head.needed in _NEEDED
        require(same and head.flags == flags, "zip", "ZIP", byte=part.header)


def _check_directory(
    data: Content, files: list[ArchivePart], heads: list[_Head], position: int
) -> None:
    """The rest of the file is the directory of exactly these files, and its end."""
    raw = data[position : position + _CENTRAL.size]
    require(len(raw) == _CENTRAL.size, "zip-short", "ZIP", byte=position)
    fields = _CENTRAL.unpack(raw)
    version, mode = fields[1], fields[15]
    writer = version >> 8 == _UNIX and min(_NEEDED) <= version & 0xFF <= 63
    require(writer and mode in _MODES, "zip", "ZIP", byte=position)
    rows = b"".join(_rows(files, heads, version, mode))
    number = len(files)
    end = _END.pack(END, 0, 0, number, number, len(rows), position, 0)
    expected, rest = rows + end, data[position : position + len(rows) + len(end) + 1]
    for offset, (byte, other) in enumerate(zip(expected, rest, strict=False)):
        require(byte == other, "zip", "ZIP", byte=position + offset)
    require(len(rest) >= len(expected), "zip-short", "ZIP", byte=position + len(rest))
    require(len(rest) == len(expected), "zip", "ZIP", byte=position + len(expected))


def _rows(files: list[ArchivePart], heads: list[_Head], version: int, mode: int) -> Iterator[bytes]:
    for part, (needed, flags) in zip(files, heads, strict=True):
        name, size = part.name.encode(), part.end - part.start
        yield _CENTRAL.pack(
            CENTRAL, version, needed, flags, 0, 0, _DAY_1980, part.crc, size, size,
            len(name), 0, 0, 0, 0, mode, part.header,
        ) + name  # fmt: skip


def check_sum(data: Content, part: ArchivePart) -> None:
    """The CRC-32 in the header is that of the content."""
    crc, position, step = 0, part.start, 2**20
    while position < part.end:
        crc = zlib.crc32(data[position : min(position + step, part.end)], crc)
        position += step
    require(crc == part.crc, "crc", part.name)
