"""Chromium looks at counters and at networks of timm, whose names it searches for."""

from __future__ import annotations

import pytest

from tests.support.exhaustive import representatives
from tests.support.pages import TABLE, Opened, Page, look_at, settle

pytest.importorskip("timm")
pytest.importorskip("fvcore")

VIEWS = {
    "counters": "/counters?network=vovnet27_slim",
    "compare-timm": "/?networks=densenet121&networks=timm/resnet18",
    "layers-timm": "/layers?network=timm/resnet18",
}


#: What shows that a view is there: of most the last table.
AWAITED = {"counters": ".js-plotly-plot:visible"}


@pytest.mark.long
@pytest.mark.parametrize("view", representatives(["compare-timm"], VIEWS))
def test_views(opened: Opened, view: str) -> None:
    awaited = AWAITED.get(view, TABLE)
    with opened(VIEWS[view], awaited=awaited) as page:
        assert page.get_by_test_id("stAlert").count() == 0
        if view == "counters":
            box = page.locator(awaited).first.bounding_box()
            assert box["y"] + box["height"] <= 800
        look_at(page, view, awaited, both=False)  # the same parts in the same colours
        if view == "compare-timm":
            find_one_more(page)


def find_one_more(page: Page) -> None:
    """Look for a name in a library, and add it to the networks compared."""
    page.get_by_role("button", name="timm", exact=True).click()
    settle(page)
    box = page.get_by_role("combobox", name="Selection", exact=True)
    box.click()
    box.fill("timm/resnet18d")
    page.get_by_role("option", name="timm/resnet18d", exact=True).click()
    page.get_by_text("Of 3 networks").wait_for()
    settle(page)
    assert "networks=timm%2Fresnet18d" in page.url
    assert "timm/resnet18d" in {label.strip() for label in page.locator(".ytick").all_text_contents()}
