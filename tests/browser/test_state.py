"""Chromium goes back and forward, reloads, changes colours and opens links: nothing that a person made is lost."""

from __future__ import annotations

import pytest

from tests.support.exhaustive import EXHAUSTIVE
from tests.support.pages import PHONE, Opened, Page, expect, grow_quiet, pick, settle

CHART = ".js-plotly-plot:visible"
#: What the page is called, and the network that it shows, if it is one.
HEAD = "h1"


def visit(page: Page, view: str, title: str) -> None:
    """Click a page in the navigation."""
    page.get_by_role("link", name=view, exact=True).click()
    expect(page.locator(HEAD)).to_contain_text(title)
    settle(page, CHART)


def go(page: Page, where: str, title: str, chosen: dict[str, str]) -> None:
    """Back or forward: to a page that holds what was chosen there."""
    page.go_back() if where == "back" else page.go_forward()
    expect(page.locator(HEAD)).to_contain_text(title)
    settle(page, CHART)
    for label, value in chosen.items():
        expect(page.get_by_role("combobox", name=label, exact=True)).to_have_value(value)


@pytest.mark.long
def test_back_and_forward_restore_every_view_in_order(opened: Opened) -> None:
    with opened("/layers?network=vovnet27_slim", awaited=CHART) as page:
        pick(page, "Image size", "256", CHART)
        visit(page, "Memory", "Memory: vovnet27_slim")
        pick(page, "Network", "peleenet", CHART)
        memory = {"Network": "peleenet", "Image size": "256"}
        layers = {"Network": "vovnet27_slim", "Image size": "256"}
        go(page, "back", "vovnet27_slim", layers)
        go(page, "forward", "Memory: peleenet", memory)
        if EXHAUSTIVE:
            visit(page, "Compare", "Compare")
            pick(page, "Image size", "192", CHART)
            go(page, "back", "Memory: peleenet", memory)
            go(page, "back", "vovnet27_slim", layers)
            go(page, "forward", "Memory: peleenet", memory)
            go(page, "forward", "Compare", {"Image size": "192"})
        expect(page.get_by_test_id("stToast")).to_have_count(0)


@pytest.mark.long
def test_what_is_typed_over_a_choice_is_kept(opened: Opened) -> None:
    with opened("/layers?image_size=192&network=peleenet", awaited=CHART) as page:
        box = page.get_by_role("combobox", name="Image size", exact=True)
        box.click()
        page.keyboard.type("192x256")
        page.keyboard.press("Enter")
        expect(page.get_by_text("Counted at 192×256 input")).to_be_visible()
        settle(page, CHART)
        assert "image_size=192x256" in page.url


def make(page: Page, letters: str) -> str:
    """Change k from 32 to 31, call the design by another name and keep it; answers the link."""
    page.get_by_role("slider", name="Growth rate k").press("ArrowLeft")
    expect(page.locator(HEAD)).to_contain_text("my densenet121")
    settle(page, CHART)
    page.get_by_role("textbox", name="Name").fill(letters)
    page.get_by_role("textbox", name="Name").press("Enter")
    expect(page.locator(HEAD)).to_contain_text(letters)
    page.get_by_role("button", name="Keep this design").click()
    expect(page.get_by_role("button", name="off the shelf")).to_be_visible()
    settle(page, CHART)
    return page.url


@pytest.mark.long
def test_a_reload_keeps_the_shelf_and_the_steps_and_a_link_carries_the_design(opened: Opened) -> None:
    with opened("/design", awaited=CHART) as page:
        make(page, "slim")
        page.get_by_role("button", name="Undo", exact=True).click()
        expect(page.locator(HEAD)).to_contain_text("my densenet121")
        settle(page, CHART)
        page.reload()
        expect(page.get_by_role("button", name="off the shelf")).to_be_visible()
        settle(page, CHART)
        expect(page.locator(HEAD)).to_contain_text("my densenet121")
        page.get_by_role("button", name="Redo", exact=True).click()
        expect(page.locator(HEAD)).to_contain_text("slim")
        visit(page, "Memory", "Memory: densenet121")
        pick(page, "Network", "slim", CHART)
        link = page.url
    with opened(link, awaited=CHART) as page:
        expect(page.locator(HEAD)).to_contain_text("Memory: slim")
        expect(page.get_by_test_id("stToast")).to_have_count(0)
        visit(page, "Design", "densenet121")
        expect(page.get_by_role("button", name="off the shelf")).to_be_visible()


HOSTILE = """
localStorage.setItem("densescope shelf", JSON.stringify([1, null, "{", {"a": []}, "[".repeat(9999)]));
sessionStorage.setItem("densescope bench", '{"position": "x", "steps": [[], 3, ["{}", "densenet121"], null]}');
"""


@pytest.mark.long
def test_what_a_browser_kept_may_be_anything(opened: Opened) -> None:
    with opened("/counters?network=peleenet", awaited="h1") as page:
        page.evaluate(HOSTILE)
        page.reload()
        settle(page, "h1")
        visit(page, "Design", "densenet121")
        page.get_by_role("slider", name="Growth rate k").press("ArrowLeft")
        expect(page.locator(HEAD)).to_contain_text("my densenet121")


@pytest.mark.long
def test_charts_follow_the_colours_of_the_page_as_they_change(opened: Opened) -> None:
    text = "getComputedStyle(document.querySelector('.js-plotly-plot text')).fill"
    with opened("/layers?network=peleenet", awaited=CHART) as page:
        light = page.evaluate(text)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"{text} !== {light!r}")
        settle(page, CHART)
        page.get_by_test_id("stMainMenu").get_by_role("button").click()
        page.get_by_role("menuitemradio", name="Light").click()
        page.wait_for_function(f"{text} === {light!r}")
        settle(page, CHART)


@pytest.mark.long
def test_a_phone_and_a_keyboard_have_a_short_way_to_the_pages(opened: Opened) -> None:
    with opened("/layers?network=peleenet", awaited=CHART) as page:
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.innerText").endswith("Story")
        page.set_viewport_size({"width": PHONE, "height": 800})
        grow_quiet(page)
        page.locator(".st-key-pages").get_by_role("link", name="Hardware").click()
        expect(page.locator(HEAD)).to_contain_text("Hardware")
