"""Chromium looks at every section of the Hardware view, and clicks through benchmarks, results and devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.browser import served
from tests.support.pages import (
    SIZES,
    Browser,
    Page,
    assert_accessible,
    assert_within_width,
    expect,
    opened,
    screenshot,
    settle,
)

SECTIONS = {
    "speeds": "",
    "images": "&speed=Images/s",
    "accuracy": "&section=Accuracy and cost",
    "accuracy-images": "&section=Accuracy and cost&cost=Images/s",
    "roofline": "&section=Roofline",
    "paradox": "&section=FLOPs and time",
}
RUN = "/hardware?section=Benchmark here&run_network=densenet40_k12"
HISTORY = "text=What has been measured?"
#: A run's patience, in milliseconds.
SECONDS = 60_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's app keeps measurements."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def own_app(folder: Path) -> Iterator[str]:
    """The app with a data folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENSESCOPE_DATA", str(folder))
        with served() as address:
            yield address


@pytest.fixture(autouse=True)
def no_measurements(folder: Path) -> None:
    for file in folder.glob("results.json*"):
        file.unlink()


def kept(folder: Path) -> list[dict]:
    file = folder / "results.json"
    return json.loads(file.read_text(encoding="utf-8"))["measurements"] if file.exists() else []


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def switch_on(page: Page, name: str) -> None:
    page.get_by_text(name, exact=True).click()


def measured(page: Page) -> object:
    """The message at the end of a run."""
    return page.get_by_test_id("stAlert").get_by_text("Measured: densenet40_k12 at batch 1 takes")


def upload(page: Page, opener: str, content: bytes, name: str = "file.json") -> None:
    """Give the file uploader in a popover a file."""
    press(page, opener)
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "application/json", "buffer": content})


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", SIZES)
def test_sections(browser: Browser, own_app: str, width: int, scheme: str) -> None:
    for section, link in SECTIONS.items():
        with opened(browser, f"{own_app}/hardware?gpu_batch=256{link}", width, scheme) as page:
            assert page.get_by_test_id("stAlert").count() == 0
            assert_within_width(page)
            screenshot(page, f"hardware-{section}-{width}-{scheme}")
            assert_accessible(page)


def test_a_benchmark_is_run_shown_exported_and_imported_again(browser: Browser, own_app: str, folder: Path) -> None:
    with opened(browser, f"{own_app}{RUN}", awaited=HISTORY) as page:
        expect(page.get_by_text("Nothing has been measured yet")).to_be_visible()
        press(page, "Run")
        expect(measured(page)).to_be_visible(timeout=SECONDS)
        assert [one["name"] for one in kept(folder)] == ["densenet40_k12"]
        settle(page)
        expect(page.get_by_test_id("stDataFrame").locator("canvas td").get_by_text("densenet40_k12")).to_be_attached()
        assert_within_width(page)
        screenshot(page, "hardware-run-1280-light")
        assert_accessible(page)
        with page.expect_download() as download:
            press(page, "Export")
        exported = Path(download.value.path()).read_bytes()
    (folder / "results.json").unlink()
    with opened(browser, f"{own_app}{RUN}", awaited=HISTORY) as page:
        upload(page, "Import", exported)
        expect(page.get_by_text("1 of the imported measurements are new here.")).to_be_visible()
        assert [one["name"] for one in kept(folder)] == ["densenet40_k12"]


def test_a_sweep_is_stopped_and_keeps_what_is_finished(browser: Browser, own_app: str, folder: Path) -> None:
    with opened(browser, f"{own_app}{RUN}&run_sweep=true&repeats=20", awaited=HISTORY) as page:
        press(page, "Run")
        expect(page.get_by_text("batch 4: run")).to_be_visible(timeout=SECONDS)  # 1 and 2 are finished
        assert page.get_by_role("progressbar").count() == 1
        press(page, "Stop")
        expect(page.get_by_text("The run was stopped;")).to_be_visible(timeout=SECONDS)
        batches = [one["workload"]["batch_size"] for one in kept(folder)]
        assert batches[:2] == [1, 2]
        expect(page.get_by_text(f"{len(batches)} finished measurements are kept")).to_be_visible()
        expect(page.get_by_role("button", name="Stop", exact=True)).to_have_count(0)


def test_the_options_of_a_run_reach_the_measurement(browser: Browser, own_app: str, folder: Path) -> None:
    with opened(browser, f"{own_app}{RUN}", awaited=HISTORY) as page:
        switch_on(page, "Channels last")
        press(page, "Run")
        expect(measured(page)).to_be_visible(timeout=SECONDS)
        assert kept(folder)[0]["workload"]["channels_last"] is True


def test_a_corrupt_upload_is_one_sentence_and_loses_nothing(browser: Browser, own_app: str, folder: Path) -> None:
    with opened(browser, f"{own_app}{RUN}", awaited=HISTORY) as page:
        press(page, "Run")
        expect(measured(page)).to_be_visible(timeout=SECONDS)
        before = kept(folder)
        upload(page, "Import", b'{"schema": 1, "measurements": [{"name": 5}]}', "broken.json")
        expect(page.get_by_text("'broken.json' does not hold results of DenseScope, or is damaged.")).to_be_visible()
        assert kept(folder) == before
        assert sorted(file.name for file in folder.glob("*.json*")) == ["results.json", "results.json.lock"]


DEVICE = {"name": "my card", "fp32_flops_per_s": 4e13, "fp16_flops_per_s": 1e14, "bandwidth_bytes_per_s": 1e12}


def test_a_device_is_uploaded_and_predicted_for(browser: Browser, own_app: str) -> None:
    with opened(browser, f"{own_app}/hardware") as page:
        upload(page, "Add a device", json.dumps(DEVICE).encode())
        expect(page.locator("[data-tag]").get_by_text("my card")).to_be_visible()
        expect(page.locator(".js-plotly-plot").get_by_text("my card").first).to_be_visible()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (json.dumps(DEVICE | {"fp16_flops_per_s": 71}), "fp16_flops_per_s of my card is 71, but must be a number"),
        (json.dumps(DEVICE | {"bandwidth_bytes_per_s": 1e30}), "bandwidth_bytes_per_s of my card is 1e+30"),
        ("{", "device file is 'file.json', but must be a JSON file"),
    ],
)
def test_a_device_with_absurd_peaks_is_one_sentence(browser: Browser, own_app: str, content: str, says: str) -> None:
    with opened(browser, f"{own_app}/hardware") as page:
        upload(page, "Add a device", content.encode())
        expect(page.get_by_test_id("stSidebar").get_by_text(says)).to_be_visible()
        assert page.get_by_test_id("stAlert").count() == 1
        assert "my card" not in page.locator("[data-tag]").all_inner_texts()


def test_the_general_batch_size_is_no_part_of_this_view(browser: Browser, own_app: str) -> None:
    with opened(browser, f"{own_app}/hardware") as page:
        expect(page.get_by_text("Batch size", exact=True)).to_have_count(1)
        page.get_by_role("link", name="Layers").click()
        page.get_by_role("heading", name="Every layer").wait_for()
        expect(page.get_by_text("Data type", exact=True)).to_be_visible()
