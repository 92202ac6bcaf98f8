"""Claims: the app is up in at most 1.5 times what Streamlit needs for an empty page with one chart; Compare redraws
all networks within a second of a new image size; Design shows the figures of a step of its slider within 0.3 s.

Run `python -m benchmarks.app`; both pages are started in turn, from the server's start to what the page is for on the
screen of a new Chromium tab. Ratios travel between machines, seconds do not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page

from analysis.statistics import median
from archs import list_archs
from benchmarks.timing import describe_machine, print_ratios
from scripts.browser import chromium, served
from views.design.results import CHARTS

TURNS = 5
TIMEOUT_MS = 120_000
EMPTY_PAGE = """
import plotly.graph_objects as go
import streamlit as st

st.plotly_chart(go.Figure(go.Bar(x=["a", "b"], y=[1, 2])))
"""
#: Image sizes to change to; the first warms up.
SIZES = ("224", "192", "256", "160", "320")


def wait_for_chart(page: Page) -> None:
    page.locator(".js-plotly-plot .main-svg").first.wait_for(timeout=TIMEOUT_MS)


def wait_for_table(page: Page) -> None:
    page.get_by_test_id("stDataFrame").first.wait_for(timeout=TIMEOUT_MS)


def start_seconds(browser: Browser, script: Path | None, wait: Callable[[Page], None]) -> float:
    """From starting the server to the page's content on the screen."""
    start = perf_counter()
    with served(script) if script else served() as address:
        page = browser.new_page()
        page.goto(address)
        wait(page)
        seconds = perf_counter() - start
        page.close()
    return seconds


def redraw_seconds(page: Page, size: str) -> float:
    """From the end of typing an image size to the caption of the redrawn page, all charts included."""
    box = page.get_by_role("combobox", name="Image size")
    box.fill(size)
    start = perf_counter()
    box.press("Enter")
    page.get_by_text(f"Counted at {size}×{size} input").wait_for(timeout=TIMEOUT_MS)
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=TIMEOUT_MS)
    return perf_counter() - start


def step_seconds(page: Page, key: str) -> tuple[float, float]:
    """From a step of Design's slider to the new figures, and to the redrawn page, the chart included."""
    figure = page.get_by_test_id("stMetricValue").first
    before = figure.inner_text()
    page.get_by_role("slider", name="Growth rate k").focus()
    start = perf_counter()
    page.keyboard.press(key)
    page.wait_for_function(
        "old => document.querySelector('[data-testid=stMetricValue]')?.innerText !== old",
        arg=before,
        timeout=TIMEOUT_MS,
    )
    shown = perf_counter() - start
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for(timeout=TIMEOUT_MS)
    return shown, perf_counter() - start


def steps(page: Page, address: str, chart: str) -> list[tuple[float, float]]:
    """Steps of the slider with one chart below the figures; the first two warm up."""
    page.goto(f"{address}/design?{urlencode({'chart': chart})}")
    page.get_by_test_id("stMetricValue").first.wait_for(timeout=TIMEOUT_MS)
    page.wait_for_timeout(2000)
    found = []
    for key in ("ArrowLeft",) * 5 + ("ArrowRight",) * 5:
        found.append(step_seconds(page, key))
        page.wait_for_timeout(500)
    return found[2:]


def main() -> None:
    print(describe_machine("torch", "streamlit", "plotly"))
    empty = "Streamlit's empty page"
    with chromium() as browser, tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "empty.py"
        script.write_text(EMPTY_PAGE, encoding="utf-8")
        times: dict[str, list[float]] = {empty: [], "DenseScope's Compare": []}
        for _ in range(TURNS):
            times[empty].append(start_seconds(browser, script, wait_for_chart))
            times["DenseScope's Compare"].append(start_seconds(browser, None, wait_for_table))
        print_ratios("From server start to content", {name: median(values) for name, values in times.items()}, empty)
        with served() as address:
            page = browser.new_page()
            page.goto(f"{address}/?{urlencode({'networks': list_archs()}, doseq=True)}")
            wait_for_table(page)
            redraws = [redraw_seconds(page, size) for size in SIZES][1:]
            answers = {chart: steps(page, address, chart) for chart in CHARTS}
    print(f"\nCompare with all {len(list_archs())} networks, a new image size: {median(redraws):.2f} s")
    print("\nDesign, a step of the slider, to the new figures and to the end of the page")
    for chart, found in answers.items():
        shown, done = (median(times) for times in zip(*found, strict=True))
        print(f"  {chart:<22} {shown:.2f} s {done:.2f} s")


if __name__ == "__main__":
    main()
