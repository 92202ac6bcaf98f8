"""A page of the app in Chromium, and what must hold for every view."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urljoin

import pytest

from tests.support.exhaustive import EXHAUSTIVE
from tests.support.project import ROOT

sync_api = pytest.importorskip("playwright.sync_api")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
Browser, ConsoleMessage, Page, expect = sync_api.Browser, sync_api.ConsoleMessage, sync_api.Page, sync_api.expect

PICTURES = os.environ.get("DENSESCOPE_SCREENSHOTS") == "1"
SCREENSHOTS = ROOT / "artifacts" / "screenshots"
SIZES = {1280: 800, 1920: 1080}
SCHEMES = ("light", "dark")
PHONE = 390
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)
#: `opened` in this browser and this app, as the fixture of this name.
Opened = Callable[..., AbstractContextManager[Page]]
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
    ".js-plotly-plot",  # of text on drawings axe can decide nothing, slowly
]
LOOK_THROUGH = "([context, options]) => axe.run(context, options).then(found => found.violations)"
#: A visitor who was never here before, but for a reload; when the page last sent its server something, and when it
#: last heard of it.
ARRIVE = """
if (performance.getEntriesByType("navigation")[0].type !== "reload") {
    localStorage.clear();
    sessionStorage.clear();
}
const traffic = window.traffic = {sent: 0, received: 0};
window.WebSocket = class extends WebSocket {
    constructor(...args) {
        super(...args);
        this.addEventListener("message", () => traffic.received = performance.now());
    }
    send(data) {
        traffic.sent = performance.now();
        super.send(data);
    }
};
"""
#: What tables paint on their canvases: each text with where it begins and ends, and what its column shows of it.
PAINT = """
window.painted = [];
const pen = CanvasRenderingContext2D.prototype, states = new WeakMap();
const before = (method, look) => {
    const original = pen[method];
    pen[method] = function (...args) {
        if (!states.has(this)) states.set(this, {kept: []});
        look.call(this, states.get(this), args);
        return original.apply(this, args);
    };
};
before("save", state => state.kept.push(state.column));
before("restore", state => state.column = state.kept.pop());
before("rect", (state, [left, , width]) => state.rect = [left, left + width]);
before("clip", state => state.column = state.rect);
before("fillText", function (state, [text, x]) {
    const width = this.measureText(text).width, left = this.textAlign === "right" ? x - width : x;
    if (state.column) window.painted.push([text, left - state.column[0], state.column[1] - left - width]);
});
"""
#: Names in charts that are in sight and lie upon each other.
OVERLAPPING = """
() => [...document.querySelectorAll(".js-plotly-plot")].flatMap(chart => {
    const names = [...chart.querySelectorAll(".annotation-text, [class^=g-][class$=title]")];
    const boxes = names.map(name => [name.textContent, name.getBoundingClientRect()]).filter(([, box]) => box.width);
    return boxes.flatMap(([name, one], number) => boxes.slice(number + 1).filter(([, other]) =>
        one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
    ).map(([other]) => [name, other]));
})
"""
#: How far what was in sight has moved by itself, as the web's vitals add it up; above 0.1 it disturbs.
SHIFTED = """
() => new Promise(done => new PerformanceObserver(list => done(
    list.getEntries().filter(each => !each.hadRecentInput).reduce((sum, each) => sum + each.value, 0)
)).observe({type: "layout-shift", buffered: true}))
"""
#: Every question is answered, the line is quiet, the script at its end, nothing stale, charts drawn and faded in.
SETTLED = """
([began, quiet]) => {
    const now = performance.now(), all = selector => [...document.querySelectorAll(selector)];
    return now - Math.max(began, traffic.received) > quiet && traffic.received > traffic.sent
        && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning"
        && all('[data-stale="true"], [data-testid="stSkeleton"]').length === 0
        && all('[data-testid="stPlotlyChart"]').every(chart => !chart.offsetParent || chart.querySelector(".main-svg"))
        && document.getAnimations().every(each => each.effect.getComputedTiming().endTime === Infinity);
}
"""
QUIET_MS, POLLED_MS = 120, 40


@contextmanager
def opened(browser: Browser, app_url: str, path: str, width: int = 1280, awaited: str = TABLE) -> Iterator[Page]:
    """A page that must come to its end, with what is awaited, without an exception or a word on the console."""
    page, problems = only_page(browser), []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.location["url"].endswith(STREAMLIT_PROBES):
            problems.append(f"{message.text} {message.location['url']}")

    def note(error: Exception) -> None:
        problems.append(str(error))

    page.on("console", hear)
    page.on("pageerror", note)
    page.set_viewport_size({"width": width, "height": SIZES.get(width, 800)})
    page.emulate_media(color_scheme=SCHEMES[0])
    try:
        page.goto(urljoin(app_url, path))
        settle(page, awaited)
        yield page
        assert page.get_by_test_id("stException").count() == 0
        assert not problems, problems
    finally:
        page.remove_listener("console", hear)
        page.remove_listener("pageerror", note)


def only_page(browser: Browser) -> Page:
    """The page that all tests open their links in: what the app is made of is compiled once; its session is new."""
    if not browser.contexts:
        context = browser.new_context(reduced_motion="reduce")
        context.add_init_script(ARRIVE + PAINT)
        context.new_page().set_default_timeout(PATIENCE_MS)
    return browser.contexts[0].pages[0]


def settle(page: Page, awaited: str = TABLE) -> None:
    """Wait until the script, which may have yet to start, has run to its end and the last of some elements is there."""
    page.locator(awaited).last.wait_for()
    grow_quiet(page)
    page.locator(awaited).last.wait_for()


def grow_quiet(page: Page) -> None:
    """Wait until nothing is asked, answered or drawn any more."""
    page.wait_for_function(SETTLED, arg=[page.evaluate("performance.now()"), QUIET_MS], polling=POLLED_MS)


def press(page: Page, label: str, awaited: str = TABLE) -> None:
    """Choose one of several buttons."""
    page.get_by_role("radio", name=label, exact=True).click()
    settle(page, awaited)


def pick(page: Page, label: str, option: str, awaited: str = TABLE) -> None:
    """Choose an option of a selectbox."""
    box = page.get_by_role("combobox", name=label, exact=True)
    box.click()
    box.fill(option)
    page.get_by_role("option", name=option, exact=True).click()
    settle(page, awaited)


def click_chart(page: Page, chart: str, x: float, y: float) -> None:
    """Click into a chart once Plotly, which looks for the pointer some times a second, has seen it there."""
    page.mouse.move(x, y - 1)
    page.mouse.move(x, y)
    page.wait_for_function(f"document.querySelector('{chart} .js-plotly-plot')._hoverdata?.length")
    page.mouse.down()
    page.mouse.up()


def show_tables(page: Page) -> None:
    """Turn every chart to the table of its figures."""
    for tab in page.get_by_role("tab", name="Table", exact=True).all():
        tab.click()
    settle(page)


def change_scheme(page: Page, scheme: str, awaited: str = TABLE) -> None:
    """Light or dark, as the app draws it once the browser has told it."""
    before = page.evaluate("performance.now()")
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("before => traffic.sent > before", arg=before)
    settle(page, awaited)


def look_at(page: Page, name: str, awaited: str = TABLE, *, both: bool = True) -> None:
    """What must hold of a view at every size and in both colour schemes; with pictures of all of them.

    All is asked in the scheme that it is in; only colours tell the other from it, and no two views with the same parts.
    """
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    here, there = SCHEMES[dark], SCHEMES[not dark]
    assert_fits(page, name, awaited, here)
    assert_accessible(page)
    if both or EXHAUSTIVE:
        change_scheme(page, there, awaited)
        assert_accessible(page, *([] if EXHAUSTIVE else ["color-contrast"]))
    if EXHAUSTIVE:
        assert_fits(page, name, awaited, there)


def assert_fits(page: Page, name: str, awaited: str = TABLE, scheme: str = "light") -> None:
    """The view stays within the page's width; at every size where all is looked at, or pictures are taken of it."""
    for width, height in SIZES.items() if EXHAUSTIVE or PICTURES else [*SIZES.items()][:1]:
        page.evaluate("window.painted = []")
        page.set_viewport_size({"width": width, "height": height})
        settle(page, awaited)
        assert_within_width(page)
        assert_no_text_is_cut(page)
        screenshot(page, f"{name}-{width}-{scheme}")


def assert_within_width(page: Page) -> None:
    overflow = page.evaluate(
        """() => [document.documentElement, document.querySelector('[data-testid="stMain"]')]
            .map(element => element.scrollWidth - element.clientWidth)"""
    )
    assert overflow == [0, 0], page.url


def assert_no_text_is_cut(page: Page) -> None:
    """Columns show the whole of what tables have painted since `window.painted` was emptied."""
    assert not [text for text, left, right in page.evaluate("window.painted") if min(left, right) < 0], page.url


def assert_names_are_apart(page: Page) -> None:
    """No two names in a chart lie upon each other."""
    assert not page.evaluate(OVERLAPPING), page.url


def assert_stayed(page: Page) -> None:
    """Nothing has moved much while the page built up."""
    shifted = page.evaluate(f"Promise.race([({SHIFTED})(), new Promise(done => setTimeout(done, 1000, 0))])")
    assert shifted < 0.1, (page.url, shifted)


def screenshot(page: Page, name: str) -> None:
    """The whole view, however long, for people to look at: where they ask for it."""
    if not PICTURES:
        return
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    length = page.get_by_test_id("stMain").evaluate("element => element.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], length + 20)})
    grow_quiet(page)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")
    page.set_viewport_size(size)


def assert_accessible(page: Page, *rules: str) -> None:
    """Nothing that axe finds more than minor, by some of its rules or by all."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_core.Axe().axe_script)
    options = {"resultTypes": ["violations"]} | ({"runOnly": rules} if rules else {})
    grave = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in page.evaluate(LOOK_THROUGH, [{"exclude": [[selector] for selector in NOT_OURS]}, options])
        if violation["impact"] != "minor"
        for node in violation["nodes"]
    ]
    assert not grave, "\n".join([page.url, *grave])
