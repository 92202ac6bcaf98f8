"""What people come for, done in Chromium as they would; that what they made is kept, `test_state` holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis import memory, predict, summarize
from analysis.memory.findings import verdict
from analysis.units import format_quantity, format_si
from archs import get_config
from tests.support.exhaustive import representatives
from tests.support.pages import Opened, Page, expect, pick, settle

CHART = ".js-plotly-plot:visible"
#: Of the search box.
FIND = "Find networks"


def ask(page: Page, text: str) -> None:
    """Type a question into the search box."""
    page.get_by_role("textbox", name=FIND).fill(text)
    page.get_by_role("textbox", name=FIND).press("Enter")
    expect(page.get_by_role("textbox", name=FIND)).to_have_value("")
    settle(page, CHART)


def says(page: Page, text: str) -> None:
    """The page's own words hold a text, whatever spaces it is set with."""
    page.wait_for_function(
        "text => document.querySelector('[data-testid=stMain]').innerText.replace(/\\s+/g, ' ').includes(text)",
        arg=" ".join(text.split()),
    )


@pytest.mark.long
def test_which_of_four_networks_moves_the_fewest_bytes_and_the_link_of_the_answer(opened: Opened) -> None:
    names = ("densenet121", "vovnet39", "peleenet", "timm/resnet50")
    least = min((summarize(name, 512, 8) for name in names), key=lambda summary: summary.bytes_moved)
    answers = "Of 4 networks", f"the least memory traffic ({format_quantity('bytes_moved', least.bytes_moved)}"
    with opened("/layers", awaited=CHART) as page:
        ask(page, "DenseNet-121 vs VoVNet-39, PeleeNet and ResNet-50 @512 b8")
        for answer in (least.name, *answers):
            says(page, answer)
        link = page.url
    with opened(link, awaited=CHART) as page:
        for answer in (least.name, *answers):
            says(page, answer)


@pytest.mark.long
def test_whether_densenet201_trains_and_what_is_fastest(opened: Opened) -> None:
    plain = memory("densenet201", mode="training").footprint("sgd")
    recomputed = memory(get_config("densenet201", memory_efficient=True), mode="training").footprint("sgd")
    fits = verdict([memory("densenet201").footprint, plain, recomputed], 8e9, 32).partition(";")[0]
    with opened("/memory", awaited=CHART) as page:
        ask(page, "DenseNet-201 b32")
        pick(page, "Memory", "8 GB", CHART)
        says(page, fits)
        page.get_by_role("link", name="Hardware", exact=True).click()
        expect(page.locator("h1")).to_contain_text("Hardware")
        settle(page, CHART)
        ask(page, "PeleeNet vs VoVNet-27-slim")
        fastest = predict("peleenet", "RTX 4090", 256, precision="float16", execution="compiled")
        says(page, "Fastest compiled: peleenet on ")
        says(page, f"RTX 4090 ({format_si(fastest.images_per_s)} images/s)")


def test_the_papers_first_table_as_latex(opened: Opened) -> None:
    with opened("/architecture") as page:
        page.get_by_role("button", name="The whole table of the paper").click()
        says(page, "What are these 4 networks made of?")
        settle(page)
        text = page.get_by_test_id("stCode").first.inner_text()
    parts = "\\begin{table", "\\caption", "\\label", "\\toprule", "\\multirow", "densenet264", "\\end{table"
    assert [part for part in parts if part not in text] == []


@pytest.mark.long
def test_from_search_over_design_and_compare_to_a_file(opened: Opened) -> None:
    with opened("/search", awaited=CHART) as page:
        page.get_by_role("button", name="Open the balanced").click()
        expect(page.locator("h1")).to_contain_text("Design: DenseNet-")
        settle(page, CHART)
        name = page.locator("h1").inner_text().removeprefix("Design: ")
        before = summarize("densenet121").params
        page.get_by_role("slider", name="Growth rate k").press("ArrowLeft")
        says(page, "Changes are against densenet121")
        settle(page, CHART)
        page.get_by_role("button", name="Keep this design").click()
        expect(page.get_by_role("button", name="off the shelf")).to_be_visible()
        settle(page, CHART)
        page.get_by_role("link", name="Compare", exact=True).click()
        expect(page.locator("h1")).to_contain_text("Compare")
        settle(page)
        pick(page, "Selection", name)
        page.keyboard.press("Escape")
        with page.expect_download() as download:
            page.get_by_role("button", name="JSON", exact=True).click()
        rows = {row["name"]: row for row in json.loads(Path(download.value.path()).read_text(encoding="utf-8"))}
        assert rows["densenet121"]["params"] == before
        assert rows[name]["params"] != before


@pytest.mark.long
def test_by_keyboard_alone(opened: Opened) -> None:
    """From the page's first stop to another page, and back into the search box."""
    with opened("/counters?network=peleenet", awaited=CHART) as page:
        for key in ("Tab", "Enter", "Tab", "Tab", "Enter"):
            page.keyboard.press(key)
        expect(page.locator("h1")).to_contain_text("Layers: peleenet")
        settle(page, CHART)
        for _ in range(40):
            page.keyboard.press("Shift+Tab")
            if page.evaluate("document.activeElement.getAttribute('aria-label')") == FIND:
                break
        page.keyboard.type("vovnet-39")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_contain_text("Layers: vovnet39")


#: For fields of text and of numbers.
JUNK = {True: "-1e9", False: "\u202e<b>$x$ :red[a]</b> 💥 99999999999999999999 TB"}
FORMS = "/design", "/memory", "/search", "/hardware?section=Benchmark+here"


@pytest.mark.long
@pytest.mark.parametrize("view", representatives(("/memory",), FORMS))
def test_junk_in_every_field_is_answered_in_a_sentence(opened: Opened, view: str) -> None:
    with opened(view, awaited="h1") as page:
        for field in page.get_by_role("textbox").or_(page.get_by_role("spinbutton")).all():
            if field.is_visible() and field.is_editable():
                field.fill(JUNK[field.get_attribute("type") == "number"])
                field.press("Enter")
        for free in {"Image size", "Memory"}:
            if (box := page.get_by_role("combobox", name=free, exact=True)).count():
                box.fill(JUNK[False])
                box.press("Enter")
        for chooser in page.locator("input[type=file]").all():
            chooser.set_input_files({"name": "junk.json", "mimeType": "application/json", "buffer": b'{"a": [1e999'})
        settle(page, "h1")
        assert "/tmp" not in page.get_by_test_id("stMain").inner_text()
        assert page.locator("h1").inner_text()
