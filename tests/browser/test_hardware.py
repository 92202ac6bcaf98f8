"""Chromium looks at every section of the Hardware view, and clicks through benchmarks, results and devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.exhaustive import EXHAUSTIVE, representatives
from tests.support.pages import (
    PHONE,
    Opened,
    Page,
    assert_accessible,
    assert_names_are_apart,
    assert_within_width,
    expect,
    look_at,
    pick,
    screenshot,
    settle,
)
from tests.support.pages import press as choose

#: Without Streamlit's own buttons.
OURS = '[data-testid="stMainBlockContainer"], [data-testid="stSidebar"]'
CHART = '[data-testid="stPlotlyChart"]:visible'
#: What a click shows, and what its picture is called.
SECTIONS = {
    "FLOP/s": "flops",
    "Accuracy and cost": "accuracy",
    "Roofline": "roofline",
    "FLOPs and time": "paradox",
}
RUN = "/hardware?section=Benchmark here&run_network=densenet40_k12"
RUN_HERE = "text=Timed runs"
#: A run's patience, in milliseconds.
SECONDS = 60_000


@pytest.fixture
def folder(data_folder: Path) -> Iterator[Path]:
    """The app's measurements: none before and after each test."""
    yield data_folder
    for file in data_folder.glob("results.json*"):
        file.unlink()


def kept(folder: Path) -> list[dict]:
    file = folder / "results.json"
    return json.loads(file.read_text(encoding="utf-8"))["measurements"] if file.exists() else []


def press(page: Page, name: str) -> None:
    page.locator(OURS).get_by_role("button", name=name, exact=True).click()


def measured(page: Page) -> object:
    """The message at the end of a run."""
    return page.get_by_test_id("stAlert").get_by_text("Measured: densenet40_k12 at batch 1 takes")


def upload(page: Page, opener: str, content: bytes, name: str = "file.json") -> None:
    """Give the file uploader in a popover a file."""
    press(page, opener)
    give(page, content, name)


def give(page: Page, content: bytes, name: str = "file.json") -> None:
    """Give the file uploader in the open popover a file."""
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})


def test_sections(opened: Opened) -> None:
    with opened("/hardware?gpu_batch=256") as page:
        assert page.get_by_test_id("stAlert").count() == 0
        look_at(page, "hardware-speeds")
        page.set_viewport_size({"width": PHONE, "height": 844})
        settle(page)
        for chart in page.locator(CHART).all():  # below each other, none wider than the page
            assert chart.bounding_box()["width"] <= PHONE
        page.set_viewport_size({"width": 1280, "height": 800})
        for section in representatives(("Accuracy and cost",), SECTIONS):  # phones look at the others
            choose(page, section, CHART)
            assert page.get_by_test_id("stAlert").count() == 0
            look_at(page, f"hardware-{SECTIONS[section]}", CHART, both=False)  # the same parts in the same colours
            if EXHAUSTIVE and section == "Accuracy and cost":
                pick(page, "Cost", "Images/s", CHART)
                look_at(page, "hardware-accuracy-images", CHART, both=False)


@pytest.mark.long
def test_names_are_apart_on_a_phone(opened: Opened) -> None:
    with opened("/hardware?section=Roofline", PHONE, awaited=CHART) as page:
        for section in ("Roofline", "FLOPs and time", "Accuracy and cost"):
            choose(page, section, CHART)
            assert_within_width(page)
            assert_names_are_apart(page)


@pytest.mark.long
def test_a_benchmark_is_run_shown_exported_and_imported_again(opened: Opened, folder: Path) -> None:
    with opened(RUN, awaited=RUN_HERE) as page:
        expect(page.get_by_text("Nothing has been measured of these networks here yet")).to_be_visible()
        page.get_by_text("Channels last", exact=True).click()
        press(page, "Run")
        expect(measured(page)).to_be_visible(timeout=SECONDS)
        assert [one["name"] for one in kept(folder)] == ["densenet40_k12"]
        assert kept(folder)[0]["workload"]["channels_last"] is True
        settle(page)
        expect(page.get_by_test_id("stDataFrame").locator("canvas td").get_by_text("densenet40_k12")).to_be_attached()
        assert_within_width(page)
        screenshot(page, "hardware-run-1280-light")
        assert_accessible(page)
        with page.expect_download() as download:
            press(page, "Export")
        exported = Path(download.value.path()).read_bytes()
        before = kept(folder)
        upload(page, "Import", b'{"schema": 1, "measurements": [{"name": 5}]}', "broken.json")
        expect(page.get_by_text("'broken.json' is damaged: ")).to_be_visible()
        assert kept(folder) == before
        assert sorted(file.name for file in folder.glob("*.json*")) == ["results.json", "results.json.lock"]
    (folder / "results.json").unlink()
    with opened(RUN, awaited=RUN_HERE) as page:
        upload(page, "Import", exported)
        expect(page.get_by_text("1 of the imported measurements are new here.")).to_be_visible()
        assert [one["name"] for one in kept(folder)] == ["densenet40_k12"]


@pytest.mark.long
def test_a_sweep_is_stopped_and_keeps_what_is_finished(opened: Opened, folder: Path) -> None:
    with opened(f"{RUN}&run_sweep=true&repeats=20", awaited=RUN_HERE) as page:
        press(page, "Run")
        expect(page.get_by_text("batch 4: run")).to_be_visible(timeout=SECONDS)  # 1 and 2 are finished
        assert page.get_by_role("progressbar").count() == 1
        press(page, "Stop")
        expect(page.get_by_text("The run was stopped;")).to_be_visible(timeout=SECONDS)
        batches = [one["workload"]["batch_size"] for one in kept(folder)]
        assert batches[:2] == [1, 2]
        expect(page.get_by_text(f"{len(batches)} finished measurements are kept")).to_be_visible()
        expect(page.locator(OURS).get_by_role("button", name="Stop", exact=True)).to_have_count(0)


DEVICE = {"name": "my card", "fp32_flops_per_s": 4e13, "fp16_flops_per_s": 1e14, "bandwidth_bytes_per_s": 1e12}


#: Device files that are refused, and the sentence that says why.
ABSURD = {
    json.dumps(DEVICE | {"fp16_flops_per_s": 71}): "fp16_flops_per_s of my card is 71, but must be a number",
    json.dumps(DEVICE | {"bandwidth_bytes_per_s": 1e30}): "bandwidth_bytes_per_s of my card is 1e+30",
    "{": "device file is 'file.json', but must be a JSON file",
}


@pytest.mark.long
def test_a_device_is_refused_in_one_sentence_or_predicted_for(opened: Opened) -> None:
    with opened("/hardware") as page:
        press(page, "Add a device")
        for content in representatives(("{",), ABSURD):
            says = ABSURD[content]
            give(page, content.encode())
            expect(page.get_by_test_id("stSidebar").get_by_text(says)).to_be_visible()
            assert page.get_by_test_id("stAlert").count() == 1
            assert "my card" not in page.locator("[data-tag]").all_inner_texts()
        give(page, json.dumps(DEVICE).encode())
        expect(page.locator("[data-tag]").get_by_text("my card")).to_be_visible()
        expect(page.locator(".js-plotly-plot").get_by_text("my card").first).to_be_visible()
