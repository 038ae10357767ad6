"""A headless Chromium, and pages in it as a person of a role sees them."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from tests.pages.city import City
from tests.pages.markup import faults_of_markup

# The shell has no window and no pages of its own, and takes half of the time.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LOCALES = {"vi": "vi-VN", "en": "en-GB"}
HEIGHT = 900
SERIOUS = ("moderate", "serious", "critical")
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
"""Those of axe, and that what is tapped has 24 pixels, or as much room around it."""
WAIT_MS = 15_000
POLICY = "Content Security Policy"
"""What the browser says of whatever the policy of a page does not allow."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the system; playwright brings none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert program is not None, (
        "there is no chromium (Debian: apt-get install chromium-headless-shell)"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Look(NamedTuple):
    """What cannot be changed in a window that is open."""

    language: str
    script: bool
    dark: bool


class Window(NamedTuple):
    """A page, and the protocol of its browser."""

    page: Page
    protocol: CDPSession


@dataclass
class Visitors:
    """Opens pages of a city; a role signs in once, and its cookies are used again.

    A window is used again, too, as by the next person at the same desk: without the cookies, the
    cache and the listeners of the one before. Its process has compiled what it runs already.
    """

    browser: Browser
    city: City
    _cookies: dict[str, list[Any]] = field(default_factory=dict)
    """By the name of an account what `add_cookies` takes, whose type has no public name."""
    _free: dict[Look, list[Window]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def page(
        self,
        name: str = "",
        language: str = "vi",
        width: int = 1440,
        script: bool = True,
        dark: bool = False,
    ) -> Iterator[Page]:
        """A page of a window, signed in with the account of this name; empty for a visitor.

        What the browser refuses or a script throws fails the test.
        """
        cookies = self._cookies_of(name) if name else []
        look, faults = Look(language, script, dark), list[str]()
        window = self._free[look].pop() if self._free[look] else self._open(look)
        page = window.page
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.context.add_cookies(cookies)

        def note(line: ConsoleMessage) -> None:
            if POLICY in line.text:
                faults.append(line.text)

        with (
            heard(page, "pageerror", lambda error: faults.append(str(error))),
            heard(page, "console", note),
        ):
            yield page
        self._leave(window)
        assert faults == []
        self._free[look].append(window)

    def _open(self, look: Look) -> Window:
        context = self.browser.new_context(
            base_url=self.city.url, locale=LOCALES[look.language], java_script_enabled=look.script,
            accept_downloads=True, reduced_motion="reduce",
            color_scheme="dark" if look.dark else "light",
        )  # fmt: skip
        context.set_default_timeout(WAIT_MS)
        page = context.new_page()
        return Window(page, context.new_cdp_session(page))

    @staticmethod
    def _leave(window: Window) -> None:
        """Leaves nothing to the next person but the page that is shown: an empty one between two
        pages would end the process."""
        window.page.unroute_all()
        window.page.context.clear_cookies()
        window.protocol.send("Network.clearBrowserCache")

    def _cookies_of(self, name: str) -> list[Any]:
        if name not in self._cookies:
            context = self.browser.new_context(base_url=self.city.url, java_script_enabled=False)
            sign_in(context, name, self.city.passwords[name])
            self._cookies[name] = list(context.cookies())
            context.close()
        return self._cookies[name]


@contextmanager
def heard(page: Page, event: Any, listener: Callable[[Any], None]) -> Iterator[None]:
    """Listens to an event of the page during the block."""
    page.on(event, listener)
    try:
        yield
    finally:
        page.remove_listener(event, listener)


@contextmanager
def sizes_of(page: Page) -> Iterator[list[int]]:
    """The bytes of each body that is loaded during the block."""
    sizes = list[int]()

    def note(request: Request) -> None:
        sizes.append(request.sizes()["responseBodySize"])

    with heard(page, "requestfinished", note):
        yield sizes


def sign_in(context: BrowserContext, name: str, password: str) -> Page:
    """Signs in by the form of the first page, as a person does."""
    page = context.new_page()
    page.goto("/")
    page.locator("#field-name").fill(name)
    page.locator("#field-password").fill(password)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def violations(page: Page) -> list[str]:
    """What axe finds on a page that is more than minor, each with its places, and what is cut."""
    with _scripted(page) as scripted:
        results = Axe().run(scripted, options=RULES)
    return faults_of_markup(page) + [
        f"{each['id']}: {each['help']}: {', '.join(str(node['target']) for node in each['nodes'])}"
        for each in results.response["violations"]
        if each["impact"] in SERIOUS
    ]


@contextmanager
def _scripted(page: Page) -> Iterator[Page]:
    """The page, or a twin of it with scripts, made from its document.

    axe waits for timers and frames, which never come where scripts are off: it would not end.
    """
    if page.evaluate("matchMedia('(scripting: enabled)').matches"):
        yield page
        return
    address, document, browser = page.url, page.content(), page.context.browser
    assert browser is not None
    context = browser.new_context(viewport=page.viewport_size, reduced_motion="reduce")
    twin = context.new_page()
    twin.route(
        lambda url: url == address,
        lambda route: route.fulfill(body=document, content_type="text/html; charset=utf-8"),
    )
    twin.goto(address)
    yield twin
    context.close()


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    script = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(script))
