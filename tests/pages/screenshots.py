"""`python -m tests.pages.screenshots FOLDER [NAME…]`: pictures of pages and their states.

Each page of the catalog and each state of `states` (or those whose names begin with one of NAME)
in both languages, 1440 and 360 pixels wide.
`--url URL --home HOME --passwords FILE` uses a stack that runs already: FILE has what `danchu up`
printed.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from services.chassis.auth.accounts import FIRST_ROLES
from tests.pages.browser import LOCALES, Visitors, chromium
from tests.pages.catalog import PAGES, UNIT, CatalogPage
from tests.pages.city import City, sample_city
from tests.pages.records import make_records
from tests.pages.states import STATES, PageState
from tests.support.stacks import Stack

WIDTHS = (1440, 360)


def main(arguments: Sequence[str] | None = None) -> None:
    """Takes the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.pages.screenshots")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    for option in ("--url", "--home", "--passwords"):
        parser.add_argument(option)
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    pages = [
        page for page in (*PAGES, *STATES)
        if not options.names or page.name.startswith(tuple(options.names))
    ]  # fmt: skip
    with _city(options) as city, chromium() as browser:
        visitors = Visitors(browser, city)
        for page in pages:
            take(visitors, page, options.folder)


def take(visitors: Visitors, entry: CatalogPage | PageState, folder: Path) -> None:
    """The four pictures of a page, by the name `<page>-<language>-<width>.png`."""
    for language in LOCALES:
        for width in WIDTHS:
            with visitors.page(entry.role, language, width) as page:
                if isinstance(entry, CatalogPage):
                    page.goto(visitors.city.address(entry.path))
                else:
                    entry.reach(page, visitors.city)
                page.screenshot(
                    path=folder / f"{entry.name}-{language}-{width}.png", full_page=True
                )


@contextmanager
def _city(options: argparse.Namespace) -> Iterator[City]:
    if not options.url:
        with (
            tempfile.TemporaryDirectory() as folder,
            sample_city(Path(folder) / "home", UNIT) as own,
        ):
            yield own
        return
    stack = Stack(Path(options.home))
    stack.url = options.url
    screen = Path(options.passwords).read_text(encoding="utf-8")
    found = re.findall(rf"^  ({'|'.join(FIRST_ROLES)}) +(\S+)$", screen, re.M)
    yield City(stack, dict(found), make_records(stack))


if __name__ == "__main__":
    main()
