"""Story in Chromium: read on by key, by a click on a bar and by a link, on every screen."""

from __future__ import annotations

import pytest

from tests.support.pages import PHONE, Opened, assert_stayed, assert_within_width, click_chart, expect, look_at, settle

PICTURE, CHART = ".diagram svg", ".st-key-story_waterfall"


@pytest.mark.long
def test_a_story_is_read_on(opened: Opened) -> None:
    with opened("/story?chain=DenseNet to DenseNet-BC, 100 layers", awaited=PICTURE) as page:
        chart = page.locator(f"{CHART} .js-plotly-plot")
        assert_stayed(page)
        expect(page.get_by_text("in 4 steps")).to_be_in_viewport(ratio=1)
        expect(chart).to_be_in_viewport(ratio=1)
        look_at(page, "story", PICTURE)
        page.keyboard.press("ArrowRight")
        page.get_by_role("heading", name="2. Half the dense layers").wait_for()
        settle(page, PICTURE)
        bar = chart.locator(".barlayer .point").nth(3).bounding_box()
        click_chart(page, CHART, bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
        page.get_by_role("heading", name="3. Compression").wait_for()
        settle(page, PICTURE)
        link = page.url
    with opened(link, PHONE, awaited=PICTURE) as page:
        page.get_by_role("heading", name="3. Compression").wait_for()
        assert_within_width(page)
        assert_stayed(page)
