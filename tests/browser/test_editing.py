"""Chromium edits a design: figures follow, steps are undone, files and links bring it back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.pages import Opened, Page, assert_fits, expect, look_at, press, settle

SMALL = (
    '{"schema":1,"name":"small","family":"densenet",'
    '"config":{"growth_rate":8,"block_config":[2,2],"num_classes":10,"image_size":64}}'
)


def figure(page: Page, label: str) -> str:
    """A headline figure."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def make_slim(page: Page) -> None:
    """Move k from 32 to 24, faster than the page can follow."""
    page.get_by_role("slider", name="Growth rate k").focus()
    for _ in range(8):
        page.keyboard.press("ArrowLeft")
    expect(page.get_by_test_id("stMetricValue").first).to_have_text("4.74\u2009M")
    settle(page)


def test_editing(opened: Opened) -> None:
    with opened("/design") as page:
        assert figure(page, "Parameters") == "7.98\u2009M"
        make_slim(page)
        page.set_viewport_size({"width": 1280, "height": 800})
        seen = [page.locator(".js-plotly-plot:visible").first, *page.get_by_test_id("stMetric").all()]
        assert max(box["y"] + box["height"] for box in (one.bounding_box() for one in seen)) <= 800
        assert page.locator(".legendtext", has_text="baseline").count() == 1
        look_at(page, "design")
        press(page, "Among the registered")
        assert_fits(page, "design-among")


@pytest.mark.long
def test_a_design_survives_its_file_and_a_look_elsewhere(opened: Opened) -> None:
    with opened("/design") as page:
        make_slim(page)
        page.get_by_role("button", name="Keep this design").click()
        settle(page)
        with page.expect_download() as download:
            page.get_by_role("button", name="Save as JSON").click()
        content = Path(download.value.path()).read_bytes()
        page.get_by_role("link", name="Compare").click()
        page.get_by_role("heading", name="All quantities").wait_for()
        settle(page)
        page.get_by_role("link", name="Design").click()
        page.get_by_role("heading", name="Design: my densenet121").wait_for()
        settle(page)
        assert figure(page, "Parameters") == "4.74\u2009M"
        expect(page.get_by_role("button", name="off the shelf")).to_be_visible()
        page.get_by_role("button", name="Undo", exact=True).click()
        undone = page.get_by_test_id("stMetricValue").first  # moves that came faster than the page are one step
        expect(undone).to_have_text(re.compile("^(5.10|5.47|5.86|6.26|6.66|7.09|7.53|7.98)\u2009M$"))
        settle(page)
        page.get_by_role("button", name="Load a design").click()
        page.locator("input[type=file]").set_input_files(
            {"name": "mine.json", "mimeType": "application/json", "buffer": content}
        )
        page.get_by_role("heading", name="Design: my densenet121").wait_for()
        settle(page)
        assert figure(page, "Parameters") == "4.74\u2009M"


@pytest.mark.long
def test_the_skeleton_is_a_file_that_others_read(opened: Opened) -> None:
    with opened("/design?design=" + SMALL) as page:
        page.get_by_role("button", name="safetensors", exact=True).click()
        button = page.get_by_role("button", name="Save model.safetensors")
        button.wait_for()
        with page.expect_download() as download:
            button.click()
        from safetensors.torch import load_file

        assert "classifier.weight" in load_file(download.value.path())
