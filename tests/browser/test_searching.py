"""Chromium searches a space: sliders narrow it, a click on a network of the front opens it in Design."""

from __future__ import annotations

import pytest

from tests.support.pages import (
    SIZES,
    Browser,
    Page,
    assert_accessible,
    assert_within_width,
    expect,
    opened,
    screenshot,
    settle,
)


def sentence(page: Page) -> str:
    return page.get_by_test_id("stMainBlockContainer").locator("p").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_searching(browser: Browser, app_url: str, width: int, scheme: str) -> None:
    with opened(browser, f"{app_url}/search", width, scheme) as page:
        before = sentence(page)
        page.get_by_role("slider", name="MACs").last.focus()
        for _ in range(6):
            page.keyboard.press("ArrowLeft")
        expect(page.get_by_test_id("stMainBlockContainer").locator("p").first).not_to_have_text(before)
        settle(page)
        assert_within_width(page)
        assert_accessible(page)
        screenshot(page, f"search-{width}-{scheme}")


@pytest.mark.parametrize("space", ["densenet-bc-cifar", "peleenet", "vovnet"])
def test_other_spaces(browser: Browser, app_url: str, space: str) -> None:
    with opened(browser, f"{app_url}/search?space={space}") as page:
        assert space in sentence(page)
        assert_within_width(page)
        screenshot(page, f"search-{space}")


def test_a_click_opens_a_network_of_the_front_in_design(browser: Browser, app_url: str) -> None:
    with opened(browser, f"{app_url}/search") as page:
        front = page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".points path")
        box = front.nth(5).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.get_by_role("heading", name="densenet-bc-imagenet").wait_for()
        settle(page)
        assert "/design" in page.url
        page.get_by_role("link", name="Search").click()
        page.get_by_role("heading", name="Which networks does no other beat?").wait_for()
        settle(page)
        assert "/search" in page.url
