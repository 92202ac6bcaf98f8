"""Chromium clicks through the views: sound, within the page's width, accessible, and restored by a copied link."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
Browser, Page, expect = sync_api.Browser, sync_api.Page, sync_api.expect

SCREENSHOTS = Path(__file__).parents[2] / "artifacts" / "screenshots"
SIZES = {1280: 800, 1920: 1080}
PATIENCE_MS = 30_000
BREATH_MS = 300
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
def opened(browser: Browser, url: str, width: int = 1280, scheme: str = "light") -> Iterator[Page]:
    """A page that must come to its end without an exception or a word on the console."""
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
    settle(page)
    yield page
    assert page.get_by_test_id("stException").count() == 0
    assert not problems
    context.close()


def settle(page: Page) -> None:
    """Wait until the script, which may have yet to start, has run to its end and its last element is there."""
    page.wait_for_timeout(BREATH_MS)
    page.locator('[data-testid="stDataFrame"]:visible').last.wait_for()
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


def pick(page: Page, label: str, option: str) -> None:
    """Choose an option of a selectbox."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()
    settle(page)


def press(page: Page, label: str) -> None:
    """Choose one of several buttons."""
    page.get_by_role("radio", name=label, exact=True).click()
    settle(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_clicking_through(browser: Browser, app_url: str, width: int, scheme: str) -> None:
    with opened(browser, app_url, width, scheme) as page:
        assert_within_width(page)
        screenshot(page, f"compare-{width}-{scheme}")
        press(page, "All")
        press(page, "Ratio")
        assert_within_width(page)
        screenshot(page, f"compare-all-{width}-{scheme}")
        page.get_by_role("link", name="Layers").click()
        page.get_by_role("heading", name="Every layer").wait_for()
        settle(page)
        assert_within_width(page)
        screenshot(page, f"layers-{width}-{scheme}")
        for tab in page.get_by_role("tab", name="Table").all():
            tab.click()
        settle(page)
        assert_within_width(page)
        screenshot(page, f"layers-tables-{width}-{scheme}")


def test_a_phone_sees_the_table_before_the_charts(browser: Browser, app_url: str) -> None:
    with opened(browser, app_url, 390) as page:
        assert_within_width(page)
        table = page.get_by_test_id("stDataFrame").bounding_box()
        chart = page.locator(".js-plotly-plot").first.bounding_box()
        assert table["y"] < chart["y"]
        screenshot(page, "compare-390-light")


def restored(browser: Browser, url: str, read: Callable[[Page], object]) -> tuple[str, object]:
    with opened(browser, url) as page:
        return page.url, read(page)


def test_a_copied_link_restores_compare(browser: Browser, app_url: str) -> None:
    def read(page: Page) -> list[str]:
        return [
            page.get_by_test_id("stMainBlockContainer").locator("p").first.inner_text(),
            *page.locator("[data-tag]").all_inner_texts(),
            *page.locator(".js-plotly-plot .gtitle, .js-plotly-plot .ytitle").all_inner_texts(),
        ]

    with opened(browser, app_url) as page:
        press(page, "Mobile")
        pick(page, "Image size", "256")
        pick(page, "Data type", "float16")
        press(page, "Exact")
        page.get_by_role("button", name="Axes", exact=True).click()
        pick(page, "Vertical axis", "Activations")
        page.keyboard.press("Escape")
        link, seen = page.url, read(page)
    for part in ("networks=peleenet", "image_size=256", "dtype=float16", "figures=Exact", "y=Activations"):
        assert part in link
    assert restored(browser, link, read) == (link, seen)


def test_a_copied_link_restores_layers(browser: Browser, app_url: str) -> None:
    def read(page: Page) -> list[str]:
        main = page.get_by_test_id("stMainBlockContainer")
        return main.locator("h1, p, [data-testid=stMetricValue], [data-tag]").all_inner_texts()

    with opened(browser, f"{app_url}/layers") as page:
        pick(page, "Network", "vovnet39")
        pick(page, "Kinds of operation", "concat")
        link, seen = page.url, read(page)
    assert "network=vovnet39" in link
    assert "kinds=concat" in link
    assert restored(browser, link, read) == (link, seen)


def test_selections_survive_a_look_at_the_other_view(browser: Browser, app_url: str) -> None:
    with opened(browser, app_url) as page:
        press(page, "Mobile")
        pick(page, "Image size", "256")
        tags = page.locator("[data-tag]").all_inner_texts()
        page.get_by_role("link", name="Layers").click()
        page.get_by_role("heading", name="Every layer").wait_for()
        expect(page.get_by_text("Counted at 256×256 input")).to_be_visible()
        page.get_by_role("link", name="Compare").click()
        page.get_by_role("heading", name="All quantities").wait_for()
        settle(page)
        assert page.locator("[data-tag]").all_inner_texts() == tags


@pytest.mark.parametrize(("path", "macs"), [("/", "2834161664"), ("/layers", "118013952")])
def test_downloads_hold_exact_values(browser: Browser, app_url: str, path: str, macs: str) -> None:
    with opened(browser, app_url + path) as page:
        for label in ("CSV", "JSON", "Markdown", "LaTeX"):
            with page.expect_download() as download:
                page.get_by_role("button", name=label, exact=True).click()
            text = Path(download.value.path()).read_text(encoding="utf-8")
            assert macs in text
            if label == "JSON":
                assert "bytes_moved" in json.loads(text)[0]


def test_sorting_goes_by_number(browser: Browser, app_url: str) -> None:
    """508 M MACs stand before 1.33 G; as text they would not."""
    by_macs = ["peleenet", "ese_vovnet19b_dw", "vovnet27_slim", "densenet121", "densenet169", "densenet201"]
    with opened(browser, app_url) as page:
        table = page.get_by_test_id("stDataFrame")
        table.scroll_into_view_if_needed()
        heads = page.get_by_test_id("stDataFrame").bounding_box()
        orders = []
        for x in range(10, 460, 20):  # the heads are painted: where that of the MACs is, only a click can tell
            page.mouse.click(heads["x"] + x, heads["y"] + 17)
            page.wait_for_timeout(400)
            orders.append(
                table.locator("canvas td[aria-colindex='1']").evaluate_all("cells => cells.map(c => c.innerText)")
            )
        assert any(order[: len(by_macs)] == by_macs for order in orders)


@pytest.mark.parametrize("path", ["/", "/layers"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(browser: Browser, app_url: str, path: str, scheme: str) -> None:
    with opened(browser, app_url + path, scheme=scheme) as page:
        results = axe_core.Axe().run(page, context={"exclude": [[selector] for selector in NOT_OURS]})
    grave = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in results.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
    assert not grave, "\n".join(grave)


def test_links_with_nonsense_still_open(browser: Browser, app_url: str) -> None:
    nonsense = "networks=peleenet&networks=&networks=%F0%9F%A6%84&x=&log=2&batch_size=-1&image_size=%00&zzz=1"
    with opened(browser, f"{app_url}/?{nonsense}") as page:
        assert page.get_by_test_id("stToast").count() >= 1
        assert "peleenet" in page.locator("[data-tag]").all_inner_texts()
