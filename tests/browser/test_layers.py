"""Chromium looks at Layers: a layer lights up in the chart along the depth, the table and its block."""

from __future__ import annotations

from tests.support.pages import TABLE, Opened, grow_quiet, pick, settle

CHART, DIAGRAM = ".st-key-depth_chart", ".diagram svg"
#: Pixels of a table's head, of a row, and of the boxes that select rows.
HEAD, ROW, BOX = 40, 35, 24


def test_a_layer_lights_up_wherever_it_is_chosen(opened: Opened) -> None:
    with opened("/layers?network=peleenet") as page:
        for picture in (".st-key-kind_chart", ".st-key-treemap"):  # the first screen answers
            assert page.locator(picture).bounding_box()["y"] < 480
        bar = page.locator(f"{CHART} .bars .point path").nth(40)
        bar.scroll_into_view_if_needed()
        for _ in range(8):  # a click that comes before Plotly has seen the pointer is none
            box = bar.bounding_box()
            page.mouse.move(box["x"] - 30, box["y"])
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 6)  # above it: its column is enough
            page.locator(f"{CHART} .hoverlayer .hovertext").first.wait_for()
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] - 6)
            page.wait_for_timeout(1500)
            if page.locator(DIAGRAM).count():
                break
        page.locator(DIAGRAM).wait_for()
        settle(page)
        first = page.get_by_role("combobox", name="Layer", exact=True).input_value()
        assert f"layer={first}" in page.url
        page.locator(TABLE).last.scroll_into_view_if_needed()
        table = page.locator(TABLE).last.bounding_box()
        page.mouse.click(table["x"] + BOX / 2, table["y"] + HEAD + ROW / 2)
        page.wait_for_function("first => !location.href.includes(`layer=${first}`)", arg=first)
        grow_quiet(page)
        assert page.get_by_role("combobox", name="Layer", exact=True).input_value() != first
        pick(page, "Layer", "all layers")  # the keyboard's way
        assert page.get_by_role("heading", name="Every layer").count() == 1
        assert page.get_by_test_id("stToast").count() == 0
