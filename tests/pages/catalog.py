"""Every page: its address in the sample city, and the role that opens it.

The checks of all pages (`tasks/every_page.py`) and the screenshots go through this table. Add a row
for each page, and one for each state of it that looks different, such as an empty list.
"""

from __future__ import annotations

from typing import NamedTuple

UNIT = "H44.2.5"
"""The commune with the richest sheet of the sample city: a merger of several."""
YEAR = 2025


class CatalogPage(NamedTuple):
    """A page by a short name; the role is empty for a visitor without a session."""

    name: str
    path: str
    role: str = ""
    status: int = 200


PAGES = (
    # signing in
    CatalogPage("home", "/"),
    CatalogPage("sign-in", "/sign-in"),
    CatalogPage("not-found", "/nowhere", status=404),
    CatalogPage("forbidden", "/training/pages/courses", "registrar", 403),
    # the overview of a year
    CatalogPage("year", f"/years/{YEAR}", "hr"),
    CatalogPage("year-search", f"/years/{YEAR}?q=hy+cuong", "hr"),
    CatalogPage("year-no-match", f"/years/{YEAR}?q=khong-co", "hr"),
    CatalogPage("year-own-units", f"/years/{YEAR}", "reader"),
    # training
    CatalogPage("courses", "/training/pages/courses", "clerk"),
    CatalogPage("course-new", "/training/pages/courses/new", "clerk"),
)
