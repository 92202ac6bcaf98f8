"""A page of the app in Chromium, and what must hold for every view."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.project import ROOT

sync_api = pytest.importorskip("playwright.sync_api")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

SCREENSHOTS = ROOT / "artifacts" / "screenshots"
SIZES = {1280: 800, 1920: 1080}
PATIENCE_MS = 30_000
BREATH_MS = 300
#: What the last element of most views is, or has below it.
TABLE = '[data-testid="stDataFrame"]:visible'
#: Streamlit's own: it looks for its server below the page's path first when a link opens a page directly.
STREAMLIT_PROBES = ("/_stcore/health", "/_stcore/host-config")
#: Streamlit's own widgets, tables and charts; what remains is ours.
NOT_OURS = [
    '[data-testid="stHeader"]',
    '[data-testid="stSidebarHeader"]',
    '[data-testid="stDataFrame"]',
    '[data-testid="stToolbar"]',
]


@contextmanager
def opened(
    browser: Browser, url: str, width: int = 1280, scheme: str = "light", awaited: str = TABLE
) -> Iterator[Page]:
    """A page that must come to its end, with what is awaited, without an exception or a word on the console."""
    context = browser.new_context(viewport={"width": width, "height": SIZES.get(width, 800)}, color_scheme=scheme)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        lambda message: (
            problems.append(f"{message.text} {message.location['url']}")
            if message.type == "error" and not message.location["url"].endswith(STREAMLIT_PROBES)
            else None
        ),
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    settle(page, awaited)
    yield page
    assert page.get_by_test_id("stException").count() == 0
    assert not problems, problems
    context.close()


def settle(page: Page, awaited: str = TABLE) -> None:
    """Wait until the script, which may have yet to start, has run to its end and the last of some elements is there."""
    page.wait_for_timeout(BREATH_MS)
    page.locator(awaited).last.wait_for()
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_timeout(BREATH_MS)


def assert_within_width(page: Page) -> None:
    overflow = page.evaluate(
        """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
            .map(element => element.scrollWidth - element.clientWidth)"""
    )
    assert overflow == [0, 0]


def screenshot(page: Page, name: str) -> None:
    """The whole view, however long."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    length = page.get_by_test_id("stMain").evaluate("element => element.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], length + 20)})
    page.wait_for_timeout(700)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.set_viewport_size(size)


def assert_accessible(page: Page) -> None:
    """Nothing that axe finds serious."""
    results = axe_core.Axe().run(page, context={"exclude": [[selector] for selector in NOT_OURS]})
    grave = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in results.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not grave, "\n".join(grave)
