"""Claims: Compare's first picture is there in at most 1.4 times what Streamlit needs for an empty page with one chart,
that of Layers, Design and Search in 1.8 times; a view that is switched to is there within half a second, and so is a
step of Design's slider with its chart; a new front in Search, another network in Layers within a second.

Run `python -m benchmarks.app`. Pages are started in turns, each by a new server in a new Chromium profile, from the
server's start to the first picture. Ratios travel between machines, seconds do not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

from playwright.sync_api import Browser, Locator, Page

from analysis.statistics import median
from archs import list_archs
from benchmarks.timing import describe_machine
from scripts.browser import chromium, served
from views.pages import PAGES

TURNS = 5
EMPTY = "Streamlit's empty page"
EMPTY_PAGE = """
import plotly.graph_objects as go
import streamlit as st

st.plotly_chart(go.Figure(go.Bar(x=["a", "b"], y=[1, 2])))
"""
STARTED = {"Compare": "/", "Story": "/story", "Layers": "/layers", "Design": "/design", "Search": "/search"}
#: Rounds through all views, and answers to a question; the first of each warms up.
ROUNDS, ANSWERS = 4, 7
#: What a view may begin with; what is there is marked, so that what comes next can be told from it.
PICTURES = ".js-plotly-plot:has(.main-svg), .paper-table, [data-testid=stDataFrame]"
MARK = f"document.querySelectorAll('{PICTURES}').forEach(each => each.dataset.old = 1)"
DRAWN = f"() => [...document.querySelectorAll('{PICTURES}')].some(each => !each.dataset.old && each.checkVisibility())"
ENDED = """
() => document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-stale=true]')
"""
PAINTED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def start_seconds(browser: Browser, path: str, script: Path | None) -> float:
    """From starting the server to the first picture on the screen."""
    start = perf_counter()
    with served(script) if script else served() as address:
        context = browser.new_context()
        page = context.new_page()
        page.goto(address + path)
        page.wait_for_function(DRAWN)
        seconds = perf_counter() - start
        context.close()
    return seconds


#: Seconds until an answer is given up, and milliseconds between looks at it.
PATIENCE, POLLED_MS = 60, 10


def starts(browser: Browser) -> dict[str, float]:
    """Medians of some turns."""
    times: dict[str, list[float]] = {name: [] for name in (EMPTY, *STARTED)}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY_PAGE, encoding="utf-8")
        for _ in range(TURNS):
            times[EMPTY].append(start_seconds(browser, "", script))
            for name, path in STARTED.items():
                times[name].append(start_seconds(browser, path, None))
    return {name: median(found) for name, found in times.items()}


def answer_seconds(page: Page, ask: Callable[[], object], answered: Callable[[], object]) -> tuple[float, float]:
    """From a question to what answers it, and to the end of the page."""
    start = perf_counter()
    ask()
    answered()
    seen = perf_counter() - start
    page.wait_for_function(ENDED)
    page.evaluate(PAINTED)
    return seen, perf_counter() - start


def switches(page: Page) -> dict[str, list[tuple[float, float]]]:
    """Rounds through the views, by the links at the top."""
    found: dict[str, list[tuple[float, float]]] = {view.title: [] for view in PAGES}
    for _ in range(ROUNDS):
        for view in sorted(PAGES, key=lambda page: page.is_start):
            page.evaluate(MARK)
            link = page.get_by_role("link", name=view.title, exact=True)
            found[view.title].append(answer_seconds(page, link.click, lambda: page.wait_for_function(DRAWN)))
            page.wait_for_timeout(300)
    return found


def changes(page: Page, text: Locator, asks: Sequence[Callable[[], object]]) -> list[tuple[float, float]]:
    """Seconds until a text of the page changes, and until the page with its pictures is drawn again."""
    found = []
    for ask in asks:
        before, deadline = text.inner_text(), perf_counter() + PATIENCE

        def wait(before: str = before, deadline: float = deadline) -> None:
            while text.inner_text() == before:  # which finds the element anew where it has been replaced
                if perf_counter() > deadline:
                    raise TimeoutError(f"Still {before!r}.")
                page.wait_for_timeout(POLLED_MS)

        found.append(answer_seconds(page, ask, wait))
        page.wait_for_timeout(300)
    return found


def steps(page: Page, slider: Locator) -> list[Callable[[], object]]:
    """A slider down and up again."""
    slider.focus()
    keys = ["ArrowLeft"] * (ANSWERS // 2 + 1) + ["ArrowRight"] * (ANSWERS // 2)
    return [lambda key=key: page.keyboard.press(key) for key in keys]


def choices(page: Page, label: str, options: Sequence[str]) -> list[Callable[[], object]]:
    """Another option of a selectbox, each time."""
    box = page.get_by_role("combobox", name=label, exact=True)

    def choose(option: str) -> None:
        box.fill(option)
        box.press("Enter")

    return [lambda option=option: choose(option) for option in options]


def show(title: str, times: Sequence[tuple[float, float]]) -> None:
    seen, done = (median(found) for found in zip(*times[1:], strict=True))
    print(f"  {title:<36} {seen:.2f} s {done:.2f} s")


def main() -> None:
    print(describe_machine("torch", "streamlit", "plotly"))
    with chromium() as browser:
        found = starts(browser)
        print("\nFrom the server's start to the first picture")
        for title, seconds in found.items():
            print(f"  {title:<36} {seconds:.2f} s ×{seconds / found[EMPTY]:.2f} of {EMPTY}")
        with served() as address:
            page = browser.new_page()
            page.set_default_timeout(120_000)

            def show_page(path: str) -> Locator:
                page.goto(address + path)
                page.wait_for_function(DRAWN)
                page.wait_for_function(ENDED)
                return (
                    page.get_by_test_id("stMainBlockContainer").get_by_test_id("stMarkdown").locator("p:visible").first
                )

            show_page("/")
            print("\nSwitching views: to the first picture, and to the end of the page")
            for title, times in switches(page).items():
                show(title, times)
            print("\nTo the answer, and to the end of the page with its pictures")
            finding = show_page("/search")
            show(
                "Search, a step of a budget's slider",
                changes(page, finding, steps(page, page.get_by_role("slider", name="MACs").last)),
            )
            finding = show_page("/layers")
            show("Layers, another network", changes(page, finding, choices(page, "Network", list_archs()[:ANSWERS])))
            show_page("/design")
            figure = page.get_by_test_id("stMetricValue").first
            show(
                "Design, a step of a slider",
                changes(page, figure, steps(page, page.get_by_role("slider", name="Growth rate k"))),
            )
            finding = show_page("/?" + urlencode({"networks": list_archs()}, doseq=True))
            sizes = ("192", "224", "256", "160", "320")
            show(
                f"Compare, {len(list_archs())} networks, another size",
                changes(page, finding, choices(page, "Image size", sizes)),
            )


if __name__ == "__main__":
    main()
