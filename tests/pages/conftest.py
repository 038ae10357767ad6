"""One city and one browser for all pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pages.browser import Visitors, chromium
from tests.pages.catalog import UNIT
from tests.pages.city import City, sample_city


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A stack with the sample city, which every test may change: no test counts on another's."""
    with sample_city(tmp_path_factory.mktemp("pages") / "home", UNIT) as running:
        yield running


@pytest.fixture(scope="session")
def visitors(city: City) -> Iterator[Visitors]:
    """Opens pages: `with visitors.page("hr", "vi", 360) as page: …`."""
    with chromium() as browser:
        yield Visitors(browser, city)
