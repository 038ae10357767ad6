"""Documents by typst: A4, tagged (PDF/UA-1), with selectable text and their fonts inside.

A template is laid out behind `frame.typ`; the texts come to it as JSON, so that a text is never
read as markup.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from services.scoring.exports.glyphs import FONTS, pieces

if TYPE_CHECKING:
    import typst

FRAME = "frame.typ"
ARCHIVABLE: list[typst.PDFStandard] = ["ua-1", "a-2a"]
"""Tagged for screen readers, and whole in itself for archives."""
_compiling = threading.Lock()


def typeset(template: str, members: Any, at: int, **untouched: Any) -> bytes:
    """The document of a template; it takes a core for 20 ms or more, so call it in a thread.

    `untouched` are members that are no texts of people, such as a drawing. `at` is its instant.
    """
    import typst  # as late as this: loading it takes time at the start of every process

    data = {"data": msgspec.json.encode(_printed(members) | untouched).decode()}
    compiler, source = _compiler(template)
    with _compiling:  # a compiler is of one thread at a time
        for standards in (ARCHIVABLE, []):
            try:
                document = compiler.compile(
                    source, format="pdf", sys_inputs=data, pdf_standards=standards,
                    timestamp=at // 1_000_000,
                )  # fmt: skip
                break
            except typst.TypstError:
                if not standards:
                    raise
    assert isinstance(document, bytes)
    return document


@cache
def _compiler(template: str) -> tuple[typst.Compiler, bytes]:
    """The compiler, which keeps the fonts, and the template behind the frame."""
    import typst

    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]
    )
    source = b"\n".join(FONTS.with_name(name).read_bytes() for name in (FRAME, template))
    return typst.Compiler(source, font_paths=fonts), source


def _printed(members: Any) -> Any:
    """The members with each text as it can be printed; a long word in pieces."""
    if isinstance(members, str):
        parts = pieces(members)
        return parts[0] if len(parts) == 1 else {"pieces": parts}
    if isinstance(members, dict):
        return {name: _printed(value) for name, value in members.items()}
    return [_printed(value) for value in members] if isinstance(members, list) else members
