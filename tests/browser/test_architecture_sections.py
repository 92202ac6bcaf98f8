"""Chromium clicks through the table, the channels, the code and the changes of architectures."""

from __future__ import annotations

import pytest

from tests.support.pages import TABLE, Browser, assert_accessible, assert_within_width, opened, screenshot, settle

NETWORKS = ("densenet121", "densenetbc250_k24", "peleenet", "vovnet57", "ese_vovnet19b_dw")
CODE = '[data-testid="stCode"]:visible'
#: Each section, and what its last element is or has below it.
SECTIONS = {"Table": TABLE, "Channels": '[data-testid="stPlotlyChart"]:visible', "Code": CODE, "What changed": TABLE}
#: Two networks abreast, and two that share no stage.
PAIRS = {"family": "densenet121&beside=densenet169", "families": "peleenet&beside=ese_vovnet57b"}


@pytest.mark.parametrize("network", NETWORKS)
def test_clicking_through(browser: Browser, app_url: str, network: str) -> None:
    link = f"{app_url}/architecture?network={network}&beside=vovnet39"
    with opened(browser, link, awaited=TABLE) as page:
        for section, awaited in SECTIONS.items():
            page.get_by_role("radio", name=section, exact=True).click()
            settle(page, awaited)
            assert page.get_by_test_id("stAlert").count() == 0
            assert_within_width(page)
            assert_accessible(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "dark"), (1920, "light")])
@pytest.mark.parametrize("section", SECTIONS)
def test_sections(browser: Browser, app_url: str, section: str, width: int, scheme: str) -> None:
    for name, networks in ({"one": "vovnet57"} | PAIRS).items():
        link = f"{app_url}/architecture?network={networks}&aspect={section}"
        with opened(browser, link, width, scheme, SECTIONS[section]) as page:
            assert_within_width(page)
            screenshot(page, f"architecture-{section.lower().replace(' ', '-')}-{name}-{width}-{scheme}")
            assert_accessible(page)


def test_tables_behind_the_charts(browser: Browser, app_url: str) -> None:
    for section in ("Channels", "What changed"):
        link = f"{app_url}/architecture?network=densenetbc250_k24&aspect={section}"
        with opened(browser, link, awaited=SECTIONS[section]) as page:
            page.get_by_role("tab", name="Table", exact=True).first.click()
            settle(page)
            assert_within_width(page)
            screenshot(page, f"architecture-{section.lower().replace(' ', '-')}-table-1280-light")


@pytest.mark.parametrize("network", NETWORKS)
def test_a_phone_reads_the_table_within_its_width(browser: Browser, app_url: str, network: str) -> None:
    with opened(browser, f"{app_url}/architecture?network={network}", 390) as page:
        assert_within_width(page)
        screenshot(page, f"architecture-table-{network}-390-light")


def test_a_screen_reader_finds_rows_and_columns(browser: Browser, app_url: str) -> None:
    with opened(browser, f"{app_url}/architecture?network=densenet121") as page:
        table = page.get_by_role("region", name="Architecture of densenet121").get_by_role("table")
        assert table.get_by_role("columnheader").all_inner_texts()[:3] == ["Stage", "Output", "Layers"]
        assert table.get_by_role("rowheader", name="dense block 3").count() == 1
        assert table.get_by_role("cell", name="[1×1 conv, 3×3 conv] × 24").count() == 1
        assert table.get_by_title("2,834,161,664").inner_text() == "2.83\u2009G"


def test_a_copied_link_restores_the_section(browser: Browser, app_url: str) -> None:
    with opened(browser, f"{app_url}/architecture?network=peleenet") as page:
        page.get_by_role("radio", name="Channels", exact=True).click()
        settle(page, SECTIONS["Channels"])
        link = page.url
    assert "aspect=Channels" in link
    with opened(browser, link, awaited=SECTIONS["Channels"]) as page:
        assert page.get_by_role("radio", name="Channels", exact=True).is_checked()
        assert page.get_by_text("peleenet's convolutions touch").count() == 1
