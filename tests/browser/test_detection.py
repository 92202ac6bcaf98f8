"""Chromium looks at the Detection view: parts of detectors, and published ones, on a laptop and on a phone."""

from __future__ import annotations

from tests.support.exhaustive import EXHAUSTIVE
from tests.support.pages import (
    PHONE,
    Opened,
    assert_names_are_apart,
    assert_within_width,
    expect,
    look_at,
    pick,
    press,
    settle,
)


def test_what_detectors_cost_and_find(opened: Opened) -> None:
    with opened("/detection") as page:
        expect(page.get_by_text("peleenet is 6.2")).to_be_in_viewport(ratio=1)
        expect(page.locator(".st-key-parts_chart .js-plotly-plot")).to_be_in_viewport(ratio=1)
        look_at(page, "detection", both=False)
        assert_names_are_apart(page)
        if EXHAUSTIVE:
            pick(page, "Detector", "Pelee")
            expect(page.get_by_text("Under Pelee at 304×304")).to_be_visible()
        press(page, "Precision and cost")
        expect(page.locator(".st-key-precision_chart .js-plotly-plot")).to_be_in_viewport(ratio=0.9)
        look_at(page, "detection-published", both=False)
        assert_names_are_apart(page)
        pick(page, "Cost", "Stated MACs")
        link = page.url
    with opened(link, PHONE) as page:
        expect(page.get_by_role("heading", name="Box AP against stated MACs")).to_be_visible()
        assert_within_width(page)
        assert_names_are_apart(page)
        press(page, "Cost of the parts")
        expect(page.get_by_text("Under RetinaNet with 256 channels")).to_be_visible()
        settle(page)
        assert_within_width(page)
        assert_names_are_apart(page)
        assert page.get_by_test_id("stToast").count() == 0
