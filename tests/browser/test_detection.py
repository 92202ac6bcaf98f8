"""Chromium looks at the Detection view: published detectors, filtered, on a laptop and on a phone."""

from __future__ import annotations

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


def test_published_detectors_are_filtered_and_restored(opened: Opened) -> None:
    with opened("/detection") as page:
        expect(page.locator(".st-key-precision_chart .js-plotly-plot")).to_be_in_viewport(ratio=0.9)
        look_at(page, "detection")
        assert_names_are_apart(page)
        pick(page, "Data", "All of COCO")
        pick(page, "Cost", "Stated MACs")
        link = page.url
        for part in ("ap_data=All+of+COCO", "ap_cost=Stated+MACs"):
            assert part in link
    with opened(link, PHONE) as page:
        expect(page.get_by_role("heading", name="Box AP against stated MACs")).to_be_visible()
        assert_within_width(page)
        assert_names_are_apart(page)
        press(page, "Energy")
        settle(page)
        assert_within_width(page)
        assert page.get_by_test_id("stToast").count() == 0
