"""Sheets and reports as PDF."""

from __future__ import annotations

import io

from contracts.messages import Language
from services.scoring.exports.head import ExportHead
from services.scoring.exports.page import page_members
from services.scoring.exports.report_page import report_members
from services.scoring.exports.typesetting import typeset
from services.scoring.ratings.report.model import Report
from services.scoring.ratings.sheet.model import Sheet


def write_pdf(head: ExportHead, sheet: Sheet, language: Language = "vi") -> bytes:
    """A sheet as one document; as `typeset`."""
    qr = None if head.root is None or head.address is None else _qr(head.address)
    return typeset("sheet.typ", page_members(head, sheet, language), head.at, qr=qr)


def write_report_pdf(head: ExportHead, report: Report, language: Language = "vi") -> bytes:
    """The council's report as one document; as `typeset`."""
    return typeset("report.typ", report_members(head, report, language), head.at)


def _qr(address: str) -> str:
    """The address as a QR code, drawn as SVG."""
    import segno

    out = io.BytesIO()
    segno.make(address, error="m", micro=False).save(out, kind="svg", border=4, omitsize=True)
    return out.getvalue().decode()
