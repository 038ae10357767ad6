"""The sheet as PDF: everything that a head of unit signs, as text that can be selected."""

from __future__ import annotations

import io
import re
from typing import Any

import pypdf
import pytest
from msgspec.structs import replace

from services.scoring.exports.glyphs import pieces, printable, printed
from services.scoring.exports.pdf import write_pdf
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import label
from services.scoring.ratings.model import GateReason, Miss
from services.scoring.ratings.scores import points_text
from tests.scoring.exports.town import HEAD, HOSTILE, rating, sheet

LETTERS = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
ADDRESS = "https://xeploai.example/scoring/years/2025/seal/H44.2.5"


def opened(raw: bytes) -> pypdf.PdfReader:
    """The document."""
    return pypdf.PdfReader(io.BytesIO(raw))


def catalog(raw: bytes) -> Any:
    """The root object of the document."""
    return opened(raw).trailer["/Root"]


def words(raw: bytes) -> str:
    """The text of the document, with one blank between words."""
    return " ".join(" ".join(page.extract_text() for page in opened(raw).pages).split())


def squeezed(text: str) -> str:
    """A text without blanks, to compare across the ends of lines."""
    return re.sub(r"\s", "", text)


def tags(raw: bytes) -> list[Any]:
    """The elements of the structure tree."""
    elements, waiting = [], [catalog(raw)["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop()
        if isinstance(element, pypdf.generic.IndirectObject):
            element = element.get_object()
        if isinstance(element, pypdf.generic.ArrayObject):
            waiting += element
        elif isinstance(element, pypdf.generic.DictionaryObject):
            elements.append(element)
            waiting.append(element.get("/K", pypdf.generic.NullObject()))
    return elements


def test_every_line_is_there_with_clause_state_and_points() -> None:
    """Also group scores, sums, class, rank, stage, version, time, and the number of pages."""
    whole = sheet()
    raw = write_pdf(HEAD, whole)
    text = squeezed(words(raw))
    for line in whole.lines:
        indicator = line.line.indicator
        assert squeezed(indicator.vi) in text and squeezed(indicator.clause) in text
        assert squeezed(line.text.vi)[1:] in text, indicator.id
        assert points_text(line.line.score).replace(".", ",") in text
    result = whole.rating
    for part in (
        points_text(result.total).replace(".", ","), result.labels.class_name.vi, "Thứ hạng 1",
        "Đang mở, phiên bản 1", "07:00:00, 01/12/2025", result.name, result.unit,
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "NGƯỜI ĐỨNG ĐẦU ĐƠN VỊ",
    ):  # fmt: skip
        assert squeezed(part) in text, part
    pages = len(opened(raw).pages)
    assert all(f"{number}/{pages}" in text for number in range(1, pages + 1))


def test_decisions_and_reasons_say_who_when_and_why() -> None:
    """An adjustment with its number, points, reason and source; a gate with its sentence."""
    indicator = HEAD.indicators["disclosure"]
    reason = GateReason("A", "B", (Miss(indicator, indicator.points / 40, indicator.points / 12),))
    whole = replace(sheet(adjusted="theo biên bản"), rating=rating(reasons=(reason,)))
    text = squeezed(words(write_pdf(HEAD, whole)))
    for part in (
        "12/QĐ-HĐ", "-1,25", "theo biên bản", "urn:danchu:council", sentence(reason).vi,
        "Từ loại A xuống loại B", "Theo kiến nghị: KN-1", "Nộp sau thời hạn kiến nghị",
        label("appeal", "upheld").vi[1:], "đơn vị tự chấm 9 điểm, chênh lệch 3",
    ):  # fmt: skip
        assert squeezed(part) in text, part


def test_it_is_a4_tagged_and_has_its_fonts_inside() -> None:
    """A screen reader knows language, title, headings and cells of tables; nothing is outside."""
    raw = write_pdf(HEAD, sheet())
    document, root = opened(raw), catalog(raw)
    assert [round(float(side)) for side in document.pages[0].mediabox[2:]] == [595, 842]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "vi"
    assert document.metadata is not None and "Xã Hy Cương" in (document.metadata.title or "")
    assert b"pdfuaid" in root["/Metadata"].get_data()
    kinds = {element.get("/S") for element in tags(raw)}
    assert {"/H1", "/H2", "/Table", "/TH", "/TD"} <= kinds
    fonts = {
        str(font.get_object()["/BaseFont"])[8:]
        for page in document.pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }  # fmt: skip
    assert fonts <= {"LiberationSerif", "LiberationSerif-Bold", "LiberationSerif-Italic"}


def test_a_sealed_year_shows_its_root_and_a_code_to_check_it() -> None:
    """The root's first 16 letters, the address, and the address as QR code for its reader."""
    sealed = replace(HEAD, root="AbCdEfGhIjKlMnOpQrStUvWx=", address=ADDRESS)
    raw = write_pdf(sealed, sheet())
    text = squeezed(words(raw))
    assert "AbCdEfGhIjKlMnOp" in text and "MnOpQ" not in text and ADDRESS in text
    assert [str(e["/Alt"]) for e in tags(raw) if "/Alt" in e] == [ADDRESS]
    plain = write_pdf(HEAD, sheet())
    assert "niêm phong" not in words(plain) and not [e for e in tags(plain) if "/Alt" in e]


@pytest.mark.parametrize("text", [HOSTILE, "=HYPERLINK(1)", "שלום", "Xã\nHy", "a̵҉ x́̂ 中文 🎉"])
def test_a_hostile_text_is_a_text(text: str) -> None:
    """Markup, formulas, right to left, and what no font has: as it is, or by its number."""
    raw = write_pdf(HEAD, sheet(name=text, adjusted=text))
    printed_words = squeezed(words(raw))
    if text.isascii():
        assert printed_words.count(squeezed(text)) >= 2
    for character in set(squeezed(printed(text))):
        assert character in printed_words


def test_a_name_of_2000_letters_stays_on_the_page() -> None:
    """A line breaks within a word that is longer than it; no letter is lost."""
    raw = write_pdf(HEAD, sheet(name="Ư" * 2000))
    assert words(raw).count("Ư") >= 2000
    for page in opened(raw).pages:
        places: list[float] = []
        page.extract_text(visitor_text=lambda text, cm, tm, *_: places.append(tm[4]))  # noqa: B023
        assert max(places) < 570


def test_every_vietnamese_letter_can_be_printed() -> None:
    """In every style; a character without a glyph, or that hides, is spelled by its number."""
    assert {ord(letter) for letter in LETTERS + LETTERS.upper()} <= printable()
    assert printed("中\u202e\x01a\tb") == "⟨U+4E2D⟩⟨U+202E⟩⟨U+0001⟩a b"
    assert pieces("a bb " + "c" * 26) == ["a bb cccccccc", "cccccccc", "cccccccc", "cc"]


def test_it_is_in_english_when_asked() -> None:
    """For a reader who has no Vietnamese; names of indicators are Vietnamese alone."""
    text = words(write_pdf(HEAD, sheet(adjusted="x"), "en"))
    assert "HEAD OF THE UNIT" in text and "Adjustment" in text and "8.00" in text
