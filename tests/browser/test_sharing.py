"""Chromium saves charts as cards, by the keyboard alone."""

from __future__ import annotations

from pathlib import Path
from struct import unpack
from xml.etree import ElementTree

import pytest

from tests.support.pages import PHONE, Opened, Page, assert_accessible, expect


def saved(page: Page, button: str) -> bytes:
    """What a button of the menu saves when Enter is pressed on it."""
    page.get_by_role("button", name=button).first.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    return Path(download.value.path()).read_bytes()


@pytest.mark.long
def test_a_card_holds_picture_finding_source_and_link(opened: Opened) -> None:
    with opened("/?image_size=256") as page:
        page.locator("summary", has_text="Share").focus()
        page.keyboard.press("Enter")
        buttons = page.get_by_role("button", name="as SVG")
        expect(buttons).to_have_count(page.locator(".js-plotly-plot:visible").count())
        assert_accessible(page)
        card = ElementTree.fromstring(saved(page, "as SVG"))
        texts = [element.text for element in card.iter("{http://www.w3.org/2000/svg}text")]
        assert texts[0] == page.get_by_test_id("stMainBlockContainer").locator("h2").first.inner_text()
        finding = (
            page.get_by_test_id("stMainBlockContainer").get_by_test_id("stMarkdown").locator("p").first.inner_text()
        )
        assert " ".join(text or "" for text in texts).startswith(f"{texts[0]} {finding}")
        assert any((text or "").startswith("Counted at 256×256 input") for text in texts)
        assert page.url in "".join(text or "" for text in texts)
        assert len([*card.iter("{http://www.w3.org/2000/svg}path")]) > 8
        picture = saved(page, "as PNG")
        assert picture.startswith(b"\x89PNG")
        assert unpack(">II", picture[16:24]) == tuple(2 * int(card.attrib[side]) for side in ("width", "height"))
        page.keyboard.press("Escape")
        expect(buttons.first).not_to_be_visible()


@pytest.mark.long
def test_a_card_hides_what_a_phone_has_no_room_for(opened: Opened) -> None:
    with opened("/memory?network=densenet121", PHONE, awaited=".js-plotly-plot:visible") as page:
        page.locator("summary", has_text="Share").focus()
        page.keyboard.press("Enter")
        card = saved(page, "as SVG").decode()
        assert "dense block 3</" in card
        assert "dense block 2</" not in card
