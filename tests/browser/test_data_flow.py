"""Chromium plays the film of a data flow, goes through it with the keyboard, and takes it as files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import Opened, Page, expect, look_at

DRAWING = ".stage svg:visible"


def shown(page: Page, text: str) -> bool:
    """Whether the step at hand says so; the next ones are there, unseen."""
    return page.locator(".stage text:not(.off)").filter(has_text=text).count() == 1


@pytest.mark.long
def test_a_film_is_played_scrubbed_and_taken(opened: Opened) -> None:
    with opened("/architecture?aspect=Data flow", awaited=DRAWING) as page:
        look_at(page, "architecture-film", DRAWING)
        page.set_viewport_size({"width": 1280, "height": 800})
        boxes = [drawing.bounding_box() for drawing in page.locator(DRAWING).all()]
        assert max(box["y"] + box["height"] for box in boxes) <= 800
        slider = page.get_by_role("slider", name="Step")
        slider.focus()
        page.keyboard.press("Home")
        assert shown(page, "1 of 42: denselayer1.norm1 makes 803")
        page.keyboard.press("ArrowRight")
        assert shown(page, "2 of 42: denselayer1.relu1 overwrites its input")
        assert "vovnet39: conv_mid.0.bn makes" in slider.get_attribute("aria-valuetext")
        page.get_by_role("button", name="Play").click()
        expect(page.get_by_role("button", name="Pause")).to_be_visible()
        expect(page.locator(".stage text:not(.off)").filter(has_text="4 of 42").first).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        at = slider.input_value()
        with page.expect_download() as step:
            page.get_by_role("button", name="SVG of this step").click()
        drawn = Path(step.value.path()).read_text(encoding="utf-8")
        assert f"{int(at) + 1} of 42" in drawn
        assert drawn.count(" of 42") == 1
        for label, start in {"GIF": b"GIF89a", "SVG": b"<svg"}.items():
            with page.expect_download() as film:
                page.get_by_role("button", name=label, exact=True).first.click()
            assert Path(film.value.path()).read_bytes().startswith(start)
