"""Chromium looks at connections, block diagrams, data flow and feature reuse."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.pages import (
    PHONE,
    TABLE,
    Opened,
    assert_names_are_apart,
    assert_within_width,
    look_at,
    pick,
    press,
    screenshot,
    settle,
    show_tables,
)

#: The pictures show the others.
NETWORKS = representatives(("densenetbc250_k24",), OF_EACH_KIND)
CHART = '[data-testid="stPlotlyChart"]:visible'
PICTURE = ".diagram svg"
#: Each section, and what its last element is or has below it.
SECTIONS = {
    "Whole network": PICTURE,
    "Connectivity": TABLE,
    "Block": PICTURE,
    "Data flow": CHART,
    "Feature reuse": CHART,
}
#: What is worth a picture: a network as a whole, many blocks, a long part, a long network, and two networks abreast.
VIEWS = {
    "whole-long": ("Whole network", "densenetbc250_k24"),
    "whole-two": ("Whole network", "peleenet&beside=densenet264&coloured=Predicted time"),
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
#: What no link below or film looks at; a phone goes through all of them.
CLICKED = representatives(("Connectivity", "Block"), SECTIONS)
#: What axe looks at in both colours: drawings of ours, which are no charts of Plotly's.
DRAWN = ("Whole network", "Block")


@pytest.mark.long
def test_clicking_through(opened: Opened) -> None:
    with opened(f"/architecture?network={NETWORKS[0]}&beside=vovnet39&aspect=Block", awaited=PICTURE) as page:
        for network in NETWORKS:
            if network != NETWORKS[0]:
                pick(page, "Network", network, "h1")
            for section in CLICKED:
                awaited = SECTIONS[section]
                press(page, section, awaited)
                name = f"architecture-{section.lower().replace(' ', '-')}-{network}"
                look_at(page, name, awaited, both=section in DRAWN)
                if section != "Whole network":  # its figures stand in it
                    show_tables(page)
                    assert_within_width(page)


@pytest.mark.parametrize("view", representatives(("whole-two",), VIEWS))
def test_links(opened: Opened, view: str) -> None:
    section, network = VIEWS[view]
    link = f"/architecture?network={quote(network, safe='=&')}&aspect={quote(section)}"
    with opened(link, awaited=SECTIONS[section]) as page:
        assert page.get_by_test_id("stToast").count() == 0
        look_at(page, f"architecture-{view}", SECTIONS[section])


@pytest.mark.long
def test_a_phone_stays_within_its_width(opened: Opened) -> None:
    link = "/architecture?network=ese_vovnet57b&aspect=Connectivity"
    with opened(link, PHONE) as page:
        for section, awaited in {**SECTIONS, "What changed": CHART}.items():
            press(page, section, awaited)
            assert_within_width(page)
            assert_names_are_apart(page)
            screenshot(page, f"architecture-{section.lower().replace(' ', '-')}-390-light")


#: What has the focus, inside of the pictures too.
FOCUSED = """() => {
    let one = document.activeElement;
    while (one?.shadowRoot) one = one.shadowRoot.activeElement;
    return one?.dataset.open;
}"""


def test_stages_and_blocks_of_a_whole_network_open_by_click_and_keyboard(opened: Opened) -> None:
    with opened("/architecture?network=densenet121&aspect=Whole network", awaited=PICTURE) as page:
        assert page.locator(PICTURE).bounding_box()["y"] < 500
        page.get_by_role("button", name="dense block 3: 19").click()
        page.get_by_role("group", name="dense block 3 is opened").wait_for()
        assert "opened_network=dense+block+3" in page.url
        layer = page.get_by_role("button", name="dense block 3, layer 3: 0.5")
        layer.focus()
        page.keyboard.press("Enter")
        page.get_by_role("img", name="densenet121, dense block 3, layer 3").wait_for()
        settle(page, PICTURE)
        assert page.evaluate(FOCUSED) == "unit:dense block 3, layer 3"
        whole = page.locator(PICTURE).first
        width = whole.evaluate("svg => svg.viewBox.baseVal.width")
        page.get_by_role("button", name="Larger").first.click()
        assert whole.evaluate("svg => svg.viewBox.baseVal.width") < width
        page.get_by_role("button", name="Fit").first.click()
        assert whole.evaluate("svg => svg.viewBox.baseVal.width") == width


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
