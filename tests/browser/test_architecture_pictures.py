"""Chromium looks at connections, block diagrams, data flow and feature reuse."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.pages import PHONE, TABLE, Opened, assert_within_width, look_at, pick, press, screenshot, show_tables

#: The pictures show the others.
NETWORKS = representatives(("densenetbc250_k24",), OF_EACH_KIND)
CHART = '[data-testid="stPlotlyChart"]:visible'
PICTURE = ".diagram svg"
#: Each section, and what its last element is or has below it.
SECTIONS = {"Connectivity": TABLE, "Block": PICTURE, "Data flow": CHART, "Feature reuse": CHART}
#: What is worth a picture: many blocks, a long part, a long network, and two networks abreast.
VIEWS = {
    "connectivity-many": ("Connectivity", "ese_vovnet57b"),
    "connectivity-long": ("Connectivity", "densenetbc250_k24"),
    "connectivity-one": ("Connectivity", "densenet121&block=3"),
    "connectivity-two": ("Connectivity", "peleenet&beside=vovnet39"),
    "block-long": ("Block", "ese_vovnet57b&diagram=OSA stage 5, module 3"),
    "block-two": ("Block", "peleenet&diagram=stem&beside=densenet121"),
    "flow-long": ("Data flow", "densenetbc250_k24"),
    "flow-stage": ("Data flow", "densenet121&flow_stage=dense block 1&held=any time&lifetimes=Until the last reader"),
    "flow-two": ("Data flow", "densenet121&beside=vovnet39"),
    "reuse-many": ("Feature reuse", "vovnet57"),
}
#: One of each section.
OF_EACH_SECTION = ("connectivity-two", "block-two", "flow-two", "reuse-many")


def test_clicking_through(opened: Opened) -> None:
    with opened(f"/architecture?network={NETWORKS[0]}&aspect=Block", awaited=PICTURE) as page:
        for network in NETWORKS:
            if network != NETWORKS[0]:
                pick(page, "Network", network, "h1")
            for section, awaited in SECTIONS.items():
                press(page, section, awaited)
                assert_within_width(page)
                show_tables(page)
                assert_within_width(page)


@pytest.mark.parametrize("view", representatives(OF_EACH_SECTION, VIEWS))
def test_pictures(opened: Opened, view: str) -> None:
    section, network = VIEWS[view]
    link = f"/architecture?network={quote(network, safe='=&')}&aspect={quote(section)}"
    with opened(link, awaited=SECTIONS[section]) as page:
        assert page.get_by_test_id("stToast").count() == 0
        look_at(page, f"architecture-{view}", SECTIONS[section])


def test_a_phone_stays_within_its_width(opened: Opened) -> None:
    link = "/architecture?network=ese_vovnet57b&aspect=Connectivity"
    with opened(link, PHONE) as page:
        for section, awaited in SECTIONS.items():
            press(page, section, awaited)
            assert_within_width(page)
            screenshot(page, f"architecture-{section.lower().replace(' ', '-')}-390-light")


def test_a_diagram_is_told_to_screen_readers_and_saved(opened: Opened) -> None:
    with opened("/architecture?network=vovnet39&aspect=Block", awaited=PICTURE) as page:
        picture = page.get_by_role("img", name="vovnet39, OSA stage 2, module 1")
        assert "3×3 conv, 128, BN-ReLU to concat: 128 channels" in picture.locator("desc").first.text_content()
        for ending, start in (("svg", b"<svg xmlns="), ("png", b"\x89PNG")):
            with page.expect_download() as saved:
                page.get_by_role("button", name=ending.upper(), exact=True).click()
            assert saved.value.suggested_filename == f"vovnet39_OSA_stage_2_module_1.{ending}"
            content = saved.value.path().read_bytes()
            assert content.startswith(start)
        width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
        drawn = page.locator(PICTURE).evaluate("svg => [svg.width.baseVal.value, svg.height.baseVal.value]")
        assert [width, height] == [2 * side for side in drawn]
