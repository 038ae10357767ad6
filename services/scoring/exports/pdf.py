"""A sheet as PDF: A4, tagged (PDF/UA-1), with selectable text and its fonts inside.

The template is `sheet.typ`; the sheet comes to it as JSON, so that a text is never read as markup.
"""

from __future__ import annotations

import io
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from contracts.messages import Language
from services.scoring.exports.glyphs import FONTS, pieces
from services.scoring.exports.head import ExportHead
from services.scoring.exports.page import page_members
from services.scoring.ratings.sheet.model import Sheet

if TYPE_CHECKING:
    import typst

TEMPLATE = "sheet.typ"
ARCHIVABLE: list[typst.PDFStandard] = ["ua-1", "a-2a"]
"""Tagged for screen readers, and whole in itself for archives."""
_compiling = threading.Lock()


def write_pdf(head: ExportHead, sheet: Sheet, language: Language = "vi") -> bytes:
    """The sheet as one document. It takes some 20 ms of a core; call it off the event loop."""
    import typst  # as late as this: loading it takes time at the start of every process

    qr = None if head.root is None or head.address is None else _qr(head.address)
    members = _printed(page_members(head, sheet, language))
    data = {"sheet": msgspec.json.encode(members | {"qr": qr}).decode()}
    compiler, template = _compiler()
    with _compiling:  # a compiler is of one thread at a time
        for standards in (ARCHIVABLE, []):
            try:
                document = compiler.compile(
                    template, format="pdf", sys_inputs=data, pdf_standards=standards,
                    timestamp=head.at // 1_000_000,
                )  # fmt: skip
                break
            except typst.TypstError:
                if not standards:
                    raise
    assert isinstance(document, bytes)
    return document


@cache
def _compiler() -> tuple[typst.Compiler, bytes]:
    """The compiler, which keeps the fonts, and the template."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    template = FONTS.with_name(TEMPLATE).read_bytes()
    return typst.Compiler(template, font_paths=fonts), template


def _qr(address: str) -> str:
    """The address as a QR code, drawn as SVG."""
    import segno

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=4, omitsize=True)
    return out.getvalue().decode()


def _printed(members: Any) -> Any:
    """The members with each text as it can be printed; a long word in pieces."""
    if isinstance(members, str):
        parts = pieces(members)
        return parts[0] if len(parts) == 1 else {"pieces": parts}
    if isinstance(members, dict):
        return {name: _printed(value) for name, value in members.items()}
    return [_printed(value) for value in members] if isinstance(members, list) else members
