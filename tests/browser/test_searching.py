"""Chromium searches a space: sliders narrow it, a click on a network of the front opens it in Design."""

from __future__ import annotations

import re

import pytest

from tests.support.exhaustive import EXHAUSTIVE, representatives
from tests.support.pages import Opened, assert_fits, assert_within_width, expect, look_at, pick, screenshot, settle

CHART = '[data-testid="stPlotlyChart"]:visible'


def test_searching(opened: Opened) -> None:
    with opened("/search", awaited=CHART) as page:
        says = page.get_by_text("balances best")
        before = says.inner_text()
        page.get_by_role("slider", name="MACs").last.focus()
        for _ in range(6):
            page.keyboard.press("ArrowLeft")
        expect(says).not_to_have_text(before)
        settle(page, CHART)
        look_at(page, "search", CHART, both=False)
        page.get_by_role("tab", name="What are they made of?").click()
        settle(page, f"{CHART} .parcoords")
        if EXHAUSTIVE:
            page.reload()
            settle(page, f"{CHART} .parcoords")
        assert_fits(page, "search-lines", CHART)


def test_other_spaces(opened: Opened) -> None:
    with opened("/search?space=peleenet", awaited=CHART) as page:
        for space in representatives(["peleenet"], ("peleenet", "densenet-bc-cifar", "vovnet")):
            if space != "peleenet":
                pick(page, "Space", space, CHART)
            expect(page.get_by_text(f"configs of the space {space}")).to_be_visible()
            assert_within_width(page)
            screenshot(page, f"search-{space}")


@pytest.mark.long
def test_a_click_opens_a_network_of_the_front_in_design_and_the_search_is_kept(opened: Opened) -> None:
    with opened("/search", awaited=CHART) as page:
        page.get_by_role("slider", name="MACs").last.focus()
        page.keyboard.press("ArrowLeft")
        expect(page).to_have_url(re.compile("budget_macs"))
        settle(page, CHART)
        link = page.url
        front = page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".points path")
        box = front.nth(5).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.get_by_role("heading", name="DenseNet-").wait_for()
        settle(page)
        assert "/design" in page.url
        page.get_by_role("link", name="Search").click()
        page.get_by_role("tab", name="Which networks does no other beat?").wait_for()
        settle(page, CHART)
        assert page.url == link
        page.get_by_role("button", name="Open in Design").press("Enter")
        page.get_by_role("heading", name="DenseNet-77").wait_for()
