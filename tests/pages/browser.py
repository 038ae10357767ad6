"""A headless Chromium, and pages in it as a person of a role sees them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

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


@dataclass
class Visitors:
    """Opens pages of a city; a role signs in once, and its cookies are used again."""

    browser: Browser
    city: City
    _states: dict[str, StorageState] = field(default_factory=dict)

    @contextmanager
    def page(
        self,
        name: str = "",
        language: str = "vi",
        width: int = 1440,
        script: bool = True,
        dark: bool = False,
    ) -> Iterator[Page]:
        """A page of a new window, signed in with the account of this name; empty for a visitor.

        What the browser refuses or a script throws fails the test.
        """
        context = self.browser.new_context(
            base_url=self.city.url, viewport={"width": width, "height": HEIGHT},
            locale=LOCALES[language], java_script_enabled=script, accept_downloads=True,
            storage_state=self._state(name) if name else None, reduced_motion="reduce",
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        context.set_default_timeout(WAIT_MS)
        page, faults = context.new_page(), list[str]()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on(
            "console",
            lambda line: (
                faults.append(line.text) if "Content Security Policy" in line.text else None
            ),
        )
        yield page
        context.close()
        assert faults == []

    def _state(self, name: str) -> StorageState:
        if name not in self._states:
            context = self.browser.new_context(base_url=self.city.url, java_script_enabled=False)
            sign_in(context, name, self.city.passwords[name])
            self._states[name] = context.storage_state()
            context.close()
        return self._states[name]


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
