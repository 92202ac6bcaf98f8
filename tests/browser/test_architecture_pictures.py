"""Chromium looks at connections, block diagrams, data flow and feature reuse."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.pages import (
    SIZES,
    TABLE,
    Browser,
    assert_accessible,
    assert_within_width,
    opened,
    screenshot,
    settle,
)

NETWORKS = ("densenet121", "densenetbc250_k24", "peleenet", "vovnet57", "ese_vovnet19b_dw")
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


@pytest.mark.parametrize("network", NETWORKS)
def test_clicking_through(browser: Browser, app_url: str, network: str) -> None:
    with opened(browser, f"{app_url}/architecture?network={network}") as page:
        for section, awaited in SECTIONS.items():
            page.get_by_role("radio", name=section, exact=True).click()
            settle(page, awaited)
            assert_within_width(page)
            assert_accessible(page)
            page.get_by_role("tab", name="Table", exact=True).first.click()
            settle(page)
            assert_within_width(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("view", VIEWS)
def test_pictures(browser: Browser, app_url: str, view: str, width: int, scheme: str) -> None:
    section, network = VIEWS[view]
    link = f"{app_url}/architecture?network={quote(network, safe='=&')}&aspect={quote(section)}"
    with opened(browser, link, width, scheme, SECTIONS[section]) as page:
        assert page.get_by_test_id("stToast").count() == 0
        assert_within_width(page)
        screenshot(page, f"architecture-{view}-{width}-{scheme}")
        assert_accessible(page)


@pytest.mark.parametrize("section", SECTIONS)
def test_a_phone_stays_within_its_width(browser: Browser, app_url: str, section: str) -> None:
    link = f"{app_url}/architecture?network=ese_vovnet57b&aspect={quote(section)}"
    with opened(browser, link, 390, awaited=SECTIONS[section]) as page:
        assert_within_width(page)
        screenshot(page, f"architecture-{section.lower().replace(' ', '-')}-390-light")


def test_a_screen_reader_is_told_what_a_diagram_shows(browser: Browser, app_url: str) -> None:
    with opened(browser, f"{app_url}/architecture?network=vovnet39&aspect=Block", awaited=PICTURE) as page:
        picture = page.get_by_role("img", name="vovnet39, OSA stage 2, module 1")
        assert "3×3 conv, 128, BN-ReLU to concat: 128 channels" in picture.locator("desc").first.text_content()


@pytest.mark.parametrize(("ending", "start"), [("SVG", b"<svg xmlns="), ("PNG", b"\x89PNG")])
def test_a_diagram_is_saved(browser: Browser, app_url: str, ending: str, start: bytes) -> None:
    with opened(browser, f"{app_url}/architecture?network=peleenet&aspect=Block", awaited=PICTURE) as page:
        with page.expect_download() as saved:
            page.get_by_role("button", name=ending, exact=True).click()
        assert saved.value.suggested_filename == f"peleenet_dense_block_1_layer_1.{ending.lower()}"
        content = saved.value.path().read_bytes()
        assert content.startswith(start)
        if ending == "PNG":
            width, height = (int.from_bytes(content[at : at + 4], "big") for at in (16, 20))
            drawn = page.locator(PICTURE).evaluate("svg => [svg.width.baseVal.value, svg.height.baseVal.value]")
            assert [width, height] == [2 * side for side in drawn]
