"""Chromium looks at every section of the Hardware view."""

from __future__ import annotations

import pytest
from pages import SIZES, Browser, assert_accessible, assert_within_width, opened, screenshot

SECTIONS = {
    "speeds": "",
    "images": "&speed=Images/s",
    "accuracy": "&section=Accuracy and cost",
    "roofline": "&section=Roofline",
    "paradox": "&section=FLOPs and time",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_sections(browser: Browser, app_url: str, width: int, scheme: str) -> None:
    for section, link in SECTIONS.items():
        with opened(browser, f"{app_url}/hardware?gpu_batch=256{link}", width, scheme) as page:
            assert page.get_by_test_id("stAlert").count() == 0
            assert_within_width(page)
            screenshot(page, f"hardware-{section}-{width}-{scheme}")
            assert_accessible(page)
