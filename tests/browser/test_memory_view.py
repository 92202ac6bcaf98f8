"""Chromium looks at every part of the Memory view."""

from __future__ import annotations

import pytest

from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.pages import (
    PATIENCE_MS,
    PHONE,
    Opened,
    Page,
    assert_accessible,
    assert_fits,
    assert_names_are_apart,
    assert_within_width,
    look_at,
    pick,
    press,
    screenshot,
    settle,
    show_tables,
)

CHART = ".js-plotly-plot:visible"
PARTS = {"Inference": "inference", "Training": "training", "Which batch fits": "fits"}
NETWORKS = representatives(("densenet121",), OF_EACH_KIND)
FOLDED = ("densenet_cifar", "densenet121", "peleenet")


def assert_on_first_screen(page: Page) -> None:
    """The verdict and the picture are in sight without scrolling."""
    for element in (page.get_by_text("fits in 24"), page.locator(CHART).first):
        box = element.bounding_box()
        assert box["y"] > 0
        assert box["y"] + box["height"] <= 800, page.url


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
def test_parts(opened: Opened, name: str) -> None:
    with opened(f"/memory?network={name}", awaited=CHART) as page:
        for part in PARTS:
            press(page, part, CHART)
            assert_on_first_screen(page)
        for part in representatives(("Training",), PARTS):  # a phone looks at every part
            picture = PARTS[part]
            press(page, part, CHART)
            assert page.get_by_test_id("stAlert").count() == 0
            if name == "densenet121":
                look_at(page, f"memory-{picture}-{name}", CHART, both=part == "Training")
            else:
                assert_fits(page, f"memory-{picture}-{name}", CHART)
            show_tables(page)
            assert_within_width(page)


@pytest.mark.long
def test_a_phone_shows_every_part(opened: Opened) -> None:
    with opened("/memory?network=densenet121", PHONE, awaited=CHART) as page:
        for part, picture in PARTS.items():
            press(page, part, CHART)
            assert_within_width(page)
            assert_names_are_apart(page)
            screenshot(page, f"memory-{picture}-390-light")


def test_measured_designs_are_drawn(opened: Opened) -> None:
    with opened("/memory?network=densenet121&part=Schemes measured", awaited=CHART) as page:
        names = page.locator(".js-plotly-plot .annotation-text").all_text_contents()
        assert {"plain", "memory_efficient"} <= {name.strip() for name in names}
        assert_within_width(page)
        screenshot(page, "memory-schemes-1280-light")
        assert_accessible(page)


@pytest.mark.long
def test_folding_before_and_after(opened: Opened) -> None:
    with opened(f"/memory?network={FOLDED[0]}&part=Folded", awaited="h1") as page:
        for name in representatives(("densenet_cifar",), FOLDED):
            if name != FOLDED[0]:
                pick(page, "Network", name, "h1")
            page.get_by_text("fold into the convolution before them").wait_for(timeout=PATIENCE_MS * 4)
            assert page.get_by_test_id("stAlert").count() == 0
            look_at(page, f"memory-folded-{name}", both=False)


def test_the_peak_is_named_and_hovering_names_the_tensors(opened: Opened) -> None:
    with opened("/memory?network=densenetbc250_k24", awaited=CHART) as page:
        notes = page.locator(".js-plotly-plot .annotation-text").all_text_contents()
        assert any("peak" in note and "norm1" in note for note in notes)
        area = page.locator(".js-plotly-plot .nsewdrag").first
        area.scroll_into_view_if_needed()
        chart = area.bounding_box()
        page.mouse.move(chart["x"] + chart["width"] / 2, chart["y"] + chart["height"] / 2)
        hover = page.locator(".js-plotly-plot .hovertext")
        hover.first.wait_for()
        assert "tensors, the largest:" in " ".join(hover.all_text_contents())


def test_a_bad_budget_is_one_sentence_and_a_link_keeps_a_good_one(opened: Opened) -> None:
    with opened("/memory?part=Which batch fits&budget=0 GB", awaited=CHART) as page:
        assert page.get_by_test_id("stAlert").count() == 1
        assert "a size such as 24 GB" in page.get_by_test_id("stAlert").inner_text()
        box = page.get_by_role("combobox", name="Memory", exact=True)
        box.click()
        box.fill("RTX 5090")
        page.get_by_role("option", name="RTX 5090", exact=True).click()
        settle(page, CHART)
        assert page.get_by_test_id("stAlert").count() == 0
        assert "budget=RTX" in page.url
        link, said = page.url, page.get_by_text("is the most").inner_text()
    with opened(link, awaited=CHART) as page:
        assert page.get_by_text("is the most").inner_text() == said
