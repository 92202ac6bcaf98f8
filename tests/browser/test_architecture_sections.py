"""Chromium clicks through the table, the channels, the code and the changes of architectures."""

from __future__ import annotations

import pytest

from tests.support.exhaustive import OF_EACH_KIND, representatives
from tests.support.pages import (
    PHONE,
    TABLE,
    Opened,
    assert_within_width,
    look_at,
    pick,
    press,
    screenshot,
    settle,
    show_tables,
)

NETWORKS = representatives(("densenetbc250_k24",), OF_EACH_KIND)
CODE = '[data-testid="stCode"]:visible'
#: Each section, and what its last element is or has below it.
SECTIONS = {"Table": TABLE, "Channels": '[data-testid="stPlotlyChart"]:visible', "Code": CODE, "What changed": TABLE}
#: What has colours of its own; a phone looks at the changes, and a copied link at the channels.
LOOKED_AT = representatives(("Table", "Code"), SECTIONS)
#: Alone, two networks of one family abreast, and two that share no stage: the longest, and the longest name.
CASES = {
    "one": "vovnet57",
    "family": "densenet121&beside=densenet169",
    "families": "densenetbc250_k24&beside=ese_vovnet19b_slim_dw",
}


@pytest.mark.long
@pytest.mark.parametrize("case", representatives(("families",), CASES))
def test_sections(opened: Opened, case: str) -> None:
    with opened(f"/architecture?network={CASES[case]}") as page:
        for section in LOOKED_AT:
            awaited = SECTIONS[section]
            press(page, section, awaited)
            assert page.get_by_test_id("stAlert").count() == 0
            name = f"architecture-{section.lower().replace(' ', '-')}"
            look_at(page, f"{name}-{case}", awaited, both=section in ("Table", "Code"))
            if awaited != CODE:
                show_tables(page)
                assert_within_width(page)
                screenshot(page, f"{name}-table-{case}-1280-light")


def test_a_phone_reads_the_table_within_its_width(opened: Opened) -> None:
    with opened(f"/architecture?network={NETWORKS[0]}", PHONE) as page:
        for network in NETWORKS:
            if network != NETWORKS[0]:
                page.get_by_test_id("stExpandSidebarButton").click()
                pick(page, "Network", network)
                page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
                settle(page)
            assert page.get_by_role("heading", name=f"Architecture: {network}", exact=True).is_visible()
            assert_within_width(page)
            screenshot(page, f"architecture-table-{network}-390-light")


@pytest.mark.long
def test_a_screen_reader_finds_rows_and_columns_and_a_copied_link_its_section(opened: Opened) -> None:
    with opened("/architecture?network=densenet121") as page:
        table = page.get_by_role("region", name="Architecture of densenet121").get_by_role("table")
        assert table.get_by_role("columnheader").all_inner_texts()[:3] == ["Stage", "Output", "Layers"]
        assert table.get_by_role("rowheader", name="dense block 3").count() == 1
        assert table.get_by_role("cell", name="[1×1 conv, 3×3 conv] × 24").count() == 1
        assert table.get_by_title("2,834,161,664").inner_text() == "2.83\u2009G"
        press(page, "Channels", SECTIONS["Channels"])
        link = page.url
    assert "aspect=Channels" in link
    with opened(link, awaited=SECTIONS["Channels"]) as page:
        assert page.get_by_role("radio", name="Channels", exact=True).is_checked()
        assert page.get_by_text("densenet121's convolutions touch").count() == 1
        assert_within_width(page)
