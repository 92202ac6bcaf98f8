"""Chromium clicks through the views: sound, within the page's width, accessible, and restored by a copied link."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from string import printable

import pytest
from playwright.sync_api import TimeoutError

from tests.support.exhaustive import EXHAUSTIVE, representatives
from tests.support.pages import (
    PHONE,
    Opened,
    Page,
    assert_names_are_apart,
    assert_no_text_is_cut,
    assert_stayed,
    assert_within_width,
    expect,
    look_at,
    pick,
    press,
    screenshot,
    settle,
    show_tables,
)
from views.tables import HEAD, ROW, text_width


def test_clicking_through(opened: Opened) -> None:
    with opened("/") as page:
        assert_stayed(page)
        look_at(page, "compare")
        if EXHAUSTIVE:
            press(page, "All")
            press(page, "Ratio")
            look_at(page, "compare-all")
        page.get_by_role("link", name="Layers").click()
        page.get_by_role("heading", name="Every layer").wait_for()
        settle(page)
        look_at(page, "layers", both=False)
        show_tables(page)
        look_at(page, "layers-tables", both=False)


#: The font of a table's cells, as wide as the page draws each of some letters.
LETTER_WIDTHS = """letters => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = '13.125px "Source Sans", sans-serif';
    return [...letters].map(letter => [letter, pen.measureText(letter).width]);
}"""


@pytest.mark.long
def test_no_figure_is_cut_once_it_has_grown(opened: Opened) -> None:
    with opened("/") as page:
        letters = page.evaluate(LETTER_WIDTHS, f"{printable.strip()}\u2009×→−–…²÷µθ≤é网🦄")
        assert not [(letter, width) for letter, width in letters if width > text_width(letter)]
        press(page, "Exact")
        page.get_by_role("spinbutton", name="Batch size").fill("64")
        page.keyboard.press("Enter")
        settle(page)
        page.evaluate("window.painted = []")
        page.set_viewport_size({"width": 1920, "height": 1080})
        settle(page)
        page.wait_for_function("window.painted.some(([text]) => text === '181,386,346,496')")
        assert_no_text_is_cut(page)


#: When a click that did nothing is made again.
AGAIN_MS = 8_000
#: Names that are pointed at, picture by picture.
LIT = """[...document.querySelectorAll(".js-plotly-plot")].map(
    chart => chart.data.flatMap(trace => (trace.selectedpoints ?? []).map(point => trace.customdata[point])).join())"""


def test_the_answer_is_on_the_first_screen_and_what_is_pointed_at_lights_up(opened: Opened) -> None:
    def await_lit(name: str) -> None:
        page.wait_for_function(f"{LIT}.every(names => names == '{name}')")
        settle(page)

    with opened("/") as page:
        scatter, table = page.locator(".st-key-scatter .js-plotly-plot"), page.get_by_test_id("stDataFrame")
        expect(page.get_by_text("At peleenet's time")).to_be_in_viewport(ratio=1)
        expect(scatter).to_be_in_viewport(ratio=1)
        mark = scatter.locator(".points path").first.bounding_box()
        page.mouse.click(mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2)
        await_lit("densenet121")
        expect(table.locator('[aria-selected="true"]').first).to_contain_text("densenet121")
        table.scroll_into_view_if_needed()
        for _ in range(3):  # a click while the table is drawn anew is none to it
            box = table.bounding_box()
            page.mouse.click(box["x"] + 90, box["y"] + HEAD + ROW / 2)
            with suppress(TimeoutError):
                page.wait_for_function("document.activeElement.innerText === 'densenet121'", timeout=AGAIN_MS)
                break
        page.keyboard.press("ArrowDown")
        page.wait_for_function("document.activeElement.innerText === 'densenet169'")
        page.keyboard.press("Shift+Space")
        await_lit("densenet169")


def test_a_phone_sees_the_table_before_the_charts(opened: Opened) -> None:
    with opened("/", PHONE) as page:
        assert_within_width(page)
        table = page.get_by_test_id("stDataFrame").bounding_box()
        chart = page.locator(".js-plotly-plot").first.bounding_box()
        assert table["y"] < chart["y"]
        assert_names_are_apart(page)
        screenshot(page, "compare-390-light")


def test_titles_along_the_depth_are_apart_on_a_phone(opened: Opened) -> None:
    links = ("/layers?network=densenet121", "/design?network=densenet121")
    for link in representatives(links[1:], links):
        with opened(link, PHONE) as page:
            assert_within_width(page)
            assert_names_are_apart(page)


def restored(opened: Opened, url: str, read: Callable[[Page], object]) -> tuple[str, object]:
    with opened(url) as page:
        return page.url, read(page)


def copied_compare(opened: Opened) -> tuple[str, object, Callable[[Page], object]]:
    def read(page: Page) -> list[str]:
        return [
            page.get_by_test_id("stMainBlockContainer").get_by_test_id("stMarkdown").locator("p").first.inner_text(),
            *page.locator("[data-tag]").all_inner_texts(),
            *page.locator(".js-plotly-plot .gtitle, .js-plotly-plot .ytitle").all_inner_texts(),
        ]

    with opened("/") as page:
        press(page, "Mobile")
        pick(page, "Image size", "256")
        pick(page, "Data type", "float16")
        press(page, "Exact")
        page.get_by_role("button", name="Axes", exact=True).click()
        pick(page, "Vertical axis", "Activations")
        pick(page, "Horizontal axis", "MACs")
        page.keyboard.press("Escape")
        link, seen = page.url, read(page)
    for part in ("networks=peleenet", "image_size=256", "dtype=float16", "figures=Exact", "y=Activations"):
        assert part in link
    return link, seen, read


def copied_layers(opened: Opened) -> tuple[str, object, Callable[[Page], object]]:
    def read(page: Page) -> list[str]:
        main = page.get_by_test_id("stMainBlockContainer")
        return main.locator("h1, p, [data-testid=stMetricValue], [data-tag]").all_inner_texts()

    with opened("/layers?network=vovnet27_slim") as page:
        pick(page, "Network", "vovnet39")
        pick(page, "Kinds of operation", "concat")
        link, seen = page.url, read(page)
    assert "network=vovnet39" in link
    assert "kinds=concat" in link
    return link, seen, read


@pytest.mark.long
@pytest.mark.parametrize("copied", representatives([copied_layers], [copied_compare, copied_layers]))
def test_a_copied_link_restores_what_was_seen(opened: Opened, copied: Callable[..., tuple]) -> None:
    link, seen, read = copied(opened)
    assert restored(opened, link, read) == (link, seen)


#: Pages with rows to take away, and a figure among them.
ROWS = {"/": "2834161664", "/layers?network=vovnet27_slim": "21676032"}


@pytest.mark.parametrize("path", representatives(["/"], ROWS))
def test_downloads_hold_exact_values(opened: Opened, path: str) -> None:
    with opened(path) as page:
        for label in ("CSV", "JSON", "Markdown", "LaTeX"):
            with page.expect_download() as download:
                page.get_by_role("button", name=label, exact=True).click()
            text = Path(download.value.path()).read_text(encoding="utf-8")
            assert ROWS[path] in text
            if label == "JSON":
                assert "bytes_moved" in json.loads(text)[0]


def test_sorting_goes_by_number(opened: Opened) -> None:
    """508 M MACs stand before 1.33 G; as text they would not."""
    by_macs = ["peleenet", "ese_vovnet19b_dw", "vovnet27_slim", "densenet121", "densenet169", "densenet201"]
    with opened("/") as page:
        table = page.get_by_test_id("stDataFrame")
        table.scroll_into_view_if_needed()
        heads = page.get_by_test_id("stDataFrame").bounding_box()
        orders = []
        for x in range(600, 900, 20):  # the heads are painted: where that of the MACs is, only a click can tell
            page.mouse.click(heads["x"] + x, heads["y"] + 17)
            page.wait_for_timeout(400)  # until the cells that screen readers are told have followed the painted ones
            cells = table.locator("canvas td[aria-colindex='1']")
            orders.append(cells.evaluate_all("cells => cells.map(c => c.innerText)")[: len(by_macs)])
            if orders[-1] == by_macs:
                return
        raise AssertionError(orders)
