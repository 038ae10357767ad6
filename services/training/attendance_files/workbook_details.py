"""Details of a workbook beside its values: number formats, what is hidden or not computed.

It also bounds the XML of a file before anything else reads it: no document type, so no entities,
a limited depth, and no cells so far away that a table of them would take all memory.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from xml.parsers import expat

from services.training.attendance_files.spreadsheet_model import BLANK, Cell, TableFault

UNPACKED_MAX = 32 * 2**20
DEPTH_MAX = 64
CHUNK = 2**16
FAR_ROW, FAR_COLUMN = 50_000, 500
_BROKEN = (
    zipfile.BadZipFile, zlib.error, expat.ExpatError, LookupError, ValueError, OSError, EOFError,
    NotImplementedError, RuntimeError,
)  # fmt: skip
_PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|([-/ ()])')
_ZEROS = re.compile(r"0+")
Begin = Callable[[str, dict[str, str]], None]


@dataclass
class Details:
    """Of one sheet: the cells that replace values, by row (from 1) and column (from 0)."""

    instead: dict[int, dict[int, Cell]] = field(default_factory=dict)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: frozenset[int] = frozenset()

    def mend(self, row: int, cells: Sequence[Cell]) -> list[Cell]:
        """The cells of a row as a person sees them."""
        of_row = self.instead.get(row)
        if not of_row:
            return list(cells)
        width = max(len(cells), max(of_row) + 1)
        whole = [*cells, *[BLANK] * (width - len(cells))]
        return [of_row.get(at, cell) for at, cell in enumerate(whole)]


def of_workbook(raw: bytes) -> dict[str, Details]:
    """The details of each visible sheet of an XLSX, by its name."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return _Parts(packed).sheets()
    except _BROKEN:
        raise TableFault("broken", form="XLSX") from None


def check_open_document(raw: bytes) -> None:
    """TableFault where an ODS has entities, is too large or too deep, or hides rows with text."""
    hidden = False

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal hidden
        if name == "table-row":
            by_local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
            hidden = by_local.get("visibility", "visible") != "visible"
        elif name == "p" and hidden:
            raise TableFault("hidden-rows")

    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            _Parts(packed).parse("content.xml", begin)
    except _BROKEN:
        raise TableFault("broken", form="ODS") from None


class _Parts:
    """The parts of one workbook; together they are read up to UNPACKED_MAX bytes."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self.packed, self.rest = packed, UNPACKED_MAX
        self.names = {name.lower().replace("\\", "/"): name for name in packed.namelist()}

    def parse(self, part: str, begin: Begin, end: Callable[[str, str], None] | None = None) -> None:
        """Parses a part; calls `begin` at each element, and `end` after each, with its own text."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        depth, text = 0, [""]

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > DEPTH_MAX:
                raise TableFault("too-complex")
            text[0] = ""
            begin(name.rpartition(" ")[2], attributes)

        def stop(name: str) -> None:
            nonlocal depth
            depth -= 1
            if end is not None:
                end(name.rpartition(" ")[2], text[0])

        def characters(data: str) -> None:
            if len(text[0]) < CHUNK:
                text[0] += data

        parser.StartElementHandler, parser.EndElementHandler = start, stop
        parser.CharacterDataHandler = characters
        parser.StartDoctypeDeclHandler = _refuse_document_type
        with self.packed.open(self.names[part.lower()]) as opened:
            while chunk := opened.read(CHUNK):
                self.rest -= len(chunk)
                if self.rest < 0:
                    raise TableFault("too-complex")
                parser.Parse(chunk, False)
        parser.Parse(b"", True)

    def sheets(self) -> dict[str, Details]:
        """The details of each visible sheet by its name."""
        book = self._book()
        targets = self._targets(book)
        listed: list[tuple[str, str]] = []

        def sheet(name: str, attributes: dict[str, str]) -> None:
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                by_local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
                listed.append((attributes.get("name", ""), targets.get(by_local.get("id", ""), "")))

        self.parse(book, sheet)
        formats: list[str] = []
        for target in targets.values():
            if target.lower().endswith("styles.xml"):
                formats = self._formats(target)
            elif target.lower().endswith("sharedstrings.xml"):
                self.parse(target, lambda _name, _attributes: None)
        return {
            name: _SheetDetails(formats).of(self, target)
            for name, target in listed
            if "worksheets/" in target.lower()
        }

    def _book(self) -> str:
        for target in self._relations("_rels/.rels", "").items():
            if target[0].endswith("/officeDocument"):
                return target[1]
        return "xl/workbook.xml"

    def _targets(self, book: str) -> dict[str, str]:
        folder, _, file = book.rpartition("/")
        return self._relations(f"{folder}/_rels/{file}.rels".lstrip("/"), folder, by="Id")

    def _relations(self, part: str, folder: str, by: str = "Type") -> dict[str, str]:
        relations: dict[str, str] = {}

        def relation(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                whole = target if target.startswith("/") else posixpath.join(folder, target)
                relations[attributes.get(by, "")] = posixpath.normpath(whole).lstrip("/")

        self.parse(part, relation)
        return {key: target for key, target in relations.items() if target.lower() in self.names}

    def _formats(self, part: str) -> list[str]:
        """The number format of each style."""
        codes: dict[str, str] = {}
        styles: list[str] = []
        inside: list[bool] = [False]

        def style(name: str, attributes: dict[str, str]) -> None:
            if name == "numFmt":
                codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
            elif name in ("cellXfs", "cellStyleXfs", "dxfs"):
                inside[0] = name == "cellXfs"
            elif name == "xf" and inside[0]:
                styles.append(attributes.get("numFmtId", "0"))

        self.parse(part, style)
        return [codes.get(number, "") for number in styles]


def _refuse_document_type(*_: object) -> None:
    raise TableFault("entities")


class _SheetDetails:
    """Collects the details of one sheet from its elements."""

    def __init__(self, formats: Sequence[str]) -> None:
        self.formats, self.details = formats, Details()
        self.row, self.column, self.computed, self.valued = 0, -1, False, False
        self.attributes: Mapping[str, str] = {}

    def of(self, parts: _Parts, part: str) -> Details:
        """The details in the part of a sheet."""
        parts.parse(part, self._begin, self._end)
        return self.details

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._go_to(attributes.get("r"))
            self.attributes, self.computed, self.valued = attributes, False, False
        elif name == "f":
            self.computed = True
        elif name == "row":
            self.row = int(attributes.get("r") or self.row + 1)
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.details.hidden_rows.add(self.row)
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            first, last = (int(attributes.get(key, "1")) - 1 for key in ("min", "max"))
            hidden = range(first, min(last, FAR_COLUMN) + 1)
            self.details.hidden_columns |= frozenset(hidden)

    def _go_to(self, name: str | None) -> None:
        """Moves to the cell of this name, such as B7, or to the next one of the row."""
        if name is None:
            self.column += 1
            return
        place = _PLACE.fullmatch(name)
        if place is None:
            raise TableFault("broken", form="XLSX")
        self.column, self.row = _column(place[1]), int(place[2])

    def _end(self, name: str, text: str) -> None:
        if name in ("v", "t") and text:
            self.valued = True
            if self.row > FAR_ROW or self.column > FAR_COLUMN:
                raise TableFault("far-cell", row=self.row)
            if name == "v":
                self._value(text)
        elif name == "c" and self.computed and not self.valued:
            self._instead(Cell("uncomputed", "="))

    def _value(self, text: str) -> None:
        kind, style = self.attributes.get("t", "n"), self.attributes.get("s", "0")
        if kind == "e":
            self._instead(Cell("error", text[:20]))
        elif kind == "n" and style.isdecimal() and int(style) < len(self.formats):
            cell = format_number(self.formats[int(style)], text)
            if cell is not None:
                self._instead(cell)

    def _instead(self, cell: Cell) -> None:
        self.details.instead.setdefault(self.row, {})[self.column] = cell


def _column(letters: str) -> int:
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def format_number(code: str, value: str) -> Cell | None:
    """A number as its format shows it, where that adds zeros or letters; None for any other.

    `000000` shows 101 as 000101, and `"CB-"0000` as CB-0101, as staff numbers often are. Another
    format with letters makes the cell `formatted`: its value alone is not what a person sees.
    """
    section = code.partition(";")[0]
    bare = _LITERAL.sub("", section)
    literal = "".join(a or b or c for a, b, c in _LITERAL.findall(section))
    letters = any(letter.isalpha() for letter in literal)
    if not letters and not re.fullmatch("0{2,}", bare):
        return None
    number = float(value)
    if not re.fullmatch("0+", bare) or number != int(number) or number < 0:
        return Cell("formatted", value)
    at = _ZEROS.search(section)
    digits = f"{int(number):0{len(bare)}d}"
    if at is None or len(at[0]) != len(bare):
        return Cell("formatted", value)
    before, after = (_unquote(text) for text in (section[: at.start()], section[at.end() :]))
    return Cell("number", f"{before}{digits}{after}")


def _unquote(literal: str) -> str:
    return "".join(a or b or c for a, b, c in _LITERAL.findall(literal))
