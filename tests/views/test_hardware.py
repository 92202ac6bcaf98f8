"""The Hardware view without a browser: every section, bad input, devices and measurements of one's own."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.hardware.measure.record import Machine, Measurement, Workload
from analysis.hardware.measure.results import Results
from analysis.hardware.predict.predict import predict
from tests.support.app import assert_sound, open_app, toasts
from views.hardware.timed import Told

HARDWARE = "views/hardware/hardware.py"
SECTIONS = ("Speed", "Accuracy and cost", "Roofline", "FLOPs and time", "Benchmark here")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where measurements are kept."""
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    return tmp_path


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.caption, *app.info)).replace("\u2009", " ")


def measure(name: str = "peleenet", **workload: object) -> Measurement:
    machine = Machine("Testing CPU", "PyTorch 0", 2)
    return Measurement(
        name=name,
        family="peleenet",
        workload=Workload(image_size=224, **workload),  # type: ignore[arg-type]
        machine=machine,
        flops=1_016_000_000,
        times=(0.01, 0.011, 0.013),
    )


def test_it_opens_with_the_fastest_the_flip_and_the_devices() -> None:
    app = open_app(HARDWARE)
    assert (
        app.markdown[0]
        .value.replace("\u2009", " ")
        .startswith("Fastest compiled: peleenet on RTX 5090 (32.8 k images/s), predicted, error up to")
    )
    assert "Compiling turns the order around: on RTX" in texts(app)
    assert list(app.dataframe[-1].value["name"]) == ["RTX 5090", "RTX 4090", "RTX 3090"]
    assert set(app.dataframe[0].value["evidence"]) == {"published", "predicted"}
    assert not app.error
    assert not toasts(app)


@pytest.mark.parametrize("section", SECTIONS)
def test_findings_and_pictures_are_of_the_networks_chosen(section: str) -> None:
    chosen = ["densenet169", "vovnet39"]
    app = open_app(HARDWARE, section=section, networks=chosen, device="RTX 4090", devices=["RTX 4090"])
    others = ["densenet121", "peleenet", "vovnet57", *(["RTX 5090"] if section != "Benchmark here" else [])]
    says = app.markdown[0].value
    assert any(name in says for name in chosen)
    assert not any(name in says for name in others)
    if section in ("Speed", "FLOPs and time"):
        assert set(app.dataframe[0].value["name"]) == set(chosen)


def test_which_device_is_enough_with_a_need_a_class_and_a_host() -> None:
    asked = {"needed": "20,000", "needed_of": "peleenet", "device_class": "GeForce", "execution": "compiled"}
    app = open_app(HARDWARE, section="Which device?", host="15", **asked)
    assert_sound(app)
    assert not toasts(app)
    assert "For 20,000 images/s of peleenet, compiled, 1 of " in texts(app)
    assert "a bound that is neither measured nor published" in texts(app)
    table = app.dataframe[0].value
    assert set(table["device_class"]) == {"GeForce"}
    assert table["verdict"].iloc[0] == "enough"


def test_training_steps_and_epochs_are_predicted_with_their_intervals() -> None:
    asked = {"networks": ["vovnet39"], "devices": ["RTX 3090"], "gpu_batch": "64", "epoch_images": "50,000"}
    app = open_app(HARDWARE, section="Training steps", **asked)
    assert texts(app).startswith("Shortest epoch of 50,000 images, predicted: vovnet39 on RTX 3090, ")
    row, published = app.dataframe[0].value.to_dict("records")
    assert (row["evidence"], published["evidence"]) == ("predicted", "published")
    assert published["source"].startswith("huggingface/pytorch-image-models@")
    assert row["room"] == "fits"
    assert row["at_least_seconds"] < row["seconds"] < row["at_most_seconds"]
    assert row["epoch_seconds"] == pytest.approx(50_000 / 64 * row["seconds"])
    shares = ("forward_share", "again_share", "backward_share", "update_share")
    assert sum(row[key] for key in shares) == pytest.approx(1)
    assert not toasts(app)


def test_intervals_are_told_checked_or_by_rule_in_one_sentence() -> None:
    app = open_app(HARDWARE, devices=["L4"], networks=["vovnet27_slim"])
    assert "Published figures check 0 of 2 predictions; the others lie in wider intervals by rule" in texts(app)
    app = open_app(HARDWARE, section="FLOPs and time", device="RTX 4090", networks=["vovnet27_slim"])
    assert "Published figures check 1 of 1 predictions." in texts(app)


def test_the_pair_of_the_paper_flips_on_rtx_5090() -> None:
    app = open_app(HARDWARE, networks=["densenet121", "vovnet39"], devices=["RTX 5090"])
    assert (
        "on RTX 5090, vovnet39 is ×1.18 as fast as densenet121 in eager mode, but densenet121 is ×1.02 as fast as "
        "vovnet39 once compiled (published, images/s)." in texts(app)
    )


@pytest.mark.parametrize("section", [*SECTIONS, "Which device?", "Training steps"])
def test_every_section_with_another_workload(section: str) -> None:
    app = open_app(HARDWARE, section=section, gpu_precision="float32", gpu_batch="1")
    assert not app.error
    assert not toasts(app)
    assert app.header


@pytest.mark.parametrize(
    ("key", "values"), [("speed", ("FLOP/s", "Images/s")), ("evidence", ("Strongest", "All kinds"))]
)
def test_bars_of_either_quantity_and_evidence(key: str, values: tuple[str, str]) -> None:
    for value in values:
        assert not toasts(open_app(HARDWARE, **{key: value}))


@pytest.mark.parametrize("cost", ["Parameters", "MACs", "Memory access cost", "Images/s", "Time of an image"])
def test_accuracy_against_every_cost(cost: str) -> None:
    app = open_app(HARDWARE, section="Accuracy and cost", cost=cost)
    assert not toasts(app)
    assert ("is the fastest" in texts(app)) == (cost == "Images/s")
    better = "faster" if cost in ("Images/s", "Time of an image") else "cheaper"
    assert f"Of all families, no network is {better} and more accurate than" in texts(app)
    assert {"timm/resnet50", "rdnet_tiny", "densenet121"} <= set(app.dataframe[0].value["name"])
    assert "Not chosen, but better than vovnet57 at both: " in texts(app)
    assert "at both: hgnetv2" not in texts(app)
    assert "Stars were distilled or pretrained on more images" in texts(app)


def test_networks_without_a_published_error_are_named() -> None:
    app = open_app(HARDWARE, section="Accuracy and cost", networks=["densenet_d2l"])
    assert "No published ImageNet accuracy of these networks is known" in texts(app)
    assert "No ImageNet error at a known cost is published of densenet_d2l." in texts(app)


def test_accuracy_against_energy_says_why_it_is_empty_and_where_joules_are_published() -> None:
    app = open_app(HARDWARE, section="Accuracy and cost", cost="Energy of an image")
    assert "published joules are those of detectors, which have no ImageNet error and stand in Detection" in texts(app)


def test_own_joules_stand_against_accuracy() -> None:
    Results().add([replace(measure(), joules_per_image=0.4), replace(measure("densenet121"), joules_per_image=1.5)])
    app = open_app(HARDWARE, section="Accuracy and cost", cost="Energy of an image")
    assert "peleenet is the cheapest (400 mJ," in texts(app)
    assert set(app.dataframe[0].value["cost_evidence"]) == {"measured"}


def test_the_roofline_says_what_holds_a_network_back() -> None:
    app = open_app(HARDWARE, section="Roofline", layers_of="densenet121")
    assert "Memory holds densenet121 back on RTX 5090: 97 % of its predicted time" in texts(app)
    assert "passes in layers without a single FLOP" in texts(app)


def test_the_network_whose_layers_are_shown_may_leave_the_selection() -> None:
    app = open_app(HARDWARE, section="Roofline", layers_of="vovnet57")
    app.multiselect(key="networks").set_value(["vovnet39", "densenet121"]).run()
    assert_sound(app)
    assert app.selectbox(key="layers_of").value == "vovnet39"
    assert not toasts(app)


def test_links_may_spell_a_precision_otherwise() -> None:
    app = open_app(HARDWARE, gpu_precision="fp32")
    assert app.selectbox(key="gpu_precision").value == "float32"
    assert not toasts(app)


def test_a_device_without_the_precision_is_one_sentence() -> None:
    for section in ("Roofline", "FLOPs and time"):
        app = open_app(HARDWARE, section=section, device="GTX 960")
        assert "choose another precision" in texts(app)


def test_unsuitable_sizes_and_empty_selections_are_one_sentence() -> None:
    assert "peleenet is left out" in open_app(HARDWARE, image_size="225").error[0].value
    app = open_app(HARDWARE)
    app.multiselect(key="devices").set_value([]).run()
    assert_sound(app)
    assert "Choose a network and a device" in texts(app)


@pytest.mark.parametrize("section", ["Speed", "Roofline", "FLOPs and time"])
def test_no_network_takes_the_size(section: str) -> None:
    app = open_app(HARDWARE, section=section, image_size="16")
    assert "left out" in app.error[0].value


def test_own_measurements_stand_among_the_rest() -> None:
    Results().add([measure(), measure(batch_size=8)])
    app = open_app(HARDWARE, section="FLOPs and time")
    assert "measured" in set(app.dataframe[0].value["evidence"])
    app = open_app(HARDWARE, section="Benchmark here")
    assert list(app.dataframe[0].value["device"]) == ["Testing CPU"] * 2
    assert "Fastest measured: peleenet on Testing CPU, 727 images/s (eager, batch 8, float32), of 1 network." in texts(
        app
    )


def test_what_others_disturbed_is_said_wherever_it_is_shown() -> None:
    Results().add([replace(measure(batch_size=256), others_share=0.43), replace(measure("vovnet39"), others_share=0.0)])
    app = open_app(HARDWARE, section="Benchmark here")
    told = "Others disturbed 1 of 2 measurements shown, such as peleenet on Testing CPU: others kept 43 % of the"
    assert told in texts(app)
    assert list(app.dataframe[0].value["disturbance"].str.len() > 0) == [False, True]
    app = open_app(HARDWARE, section="FLOPs and time")
    assert "disturbed: others kept 43" in " ".join(app.dataframe[0].value["note"].dropna())


def test_where_nothing_was_measured_others_measurements_stand_labelled() -> None:
    app = open_app(HARDWARE, section="Benchmark here")
    assert "Nothing has been measured of these networks here yet. By others: fastest compiled: " in texts(app)
    assert set(app.dataframe[0].value["evidence"]) == {"published"}
    Results().add([measure("vovnet27_slim")])
    app = open_app(HARDWARE, section="Benchmark here", networks=["densenet121"])
    assert list(app.dataframe[-1].value["name"]) == ["vovnet27_slim"]


def test_a_measurement_is_deleted() -> None:
    Results().add([measure(), measure(batch_size=8)])
    app = open_app(HARDWARE, section="Benchmark here")
    app.multiselect(key="condemned").set_value([Results().all()[0].id]).run()
    app.button(key="delete_results").click().run()
    assert_sound(app)
    assert [one.workload.batch_size for one in Results().all()] == [8]


def test_a_corrupt_store_is_one_sentence(folder: Path) -> None:
    (folder / "results.json").write_text("{broken")
    app = open_app(HARDWARE)
    assert "set aside" in app.error[0].value or "does not hold results" in app.error[0].value
    assert app.dataframe


def test_without_torch_the_benchmark_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "torch" else real(name, *more))
    app = open_app(HARDWARE, section="Benchmark here")
    assert "needs torch" in texts(app)


def test_a_benchmark_runs_and_is_kept() -> None:
    pytest.importorskip("torch")
    app = open_app(HARDWARE, section="Benchmark here", image_size="96", run_network="peleenet")
    next(button for button in app.button if button.label == "Run").click().run()
    assert_sound(app)
    assert app.success[0].value.startswith("Measured: peleenet at batch 1 takes")
    assert [one.name for one in Results().all()] == ["peleenet"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (Told("", 0.0), "The run was stopped; nothing was finished, and what was measured before is kept."),
        (Told("b", 0.5, 2, "Measured: it."), "The run was stopped; 2 finished measurements are kept. Measured: it."),
    ],
)
def test_what_a_stopped_run_left_is_said(told: Told, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    asked: dict[str, object] = {}

    def stopped(*_: object, tell: Callable[[Told], object], **more: object) -> None:
        asked.update(more)
        tell(told)
        st.stop()  # as a click on a widget does

    monkeypatch.setattr("views.work.process.run", stopped)
    app = open_app(HARDWARE, section="Benchmark here")
    next(button for button in app.button if button.label == "Run").click().run()
    app.run()
    assert app.info[0].value == said
    assert asked["seconds"] == 3600


def test_own_runs_calibrate_the_devices_that_they_are_of() -> None:
    """Three runs that are half as fast as predicted."""
    machine = Machine("NVIDIA GeForce RTX 4090", "PyTorch 0", 2)
    for name in ("densenet121", "vovnet39", "peleenet"):
        seconds = 2 * predict(name, "RTX 4090", 512).seconds
        workload = Workload(batch_size=512, image_size=224, precision="amp float16", device="cuda")
        Results().add([replace(measure(name), workload=workload, machine=machine, times=(seconds,))])

    def rate(app: AppTest) -> float:
        frame = app.dataframe[0].value
        wanted = (frame["name"] == "densenet169") & (frame["device"] == "RTX 4090") & (frame["evidence"] == "predicted")
        return frame[wanted]["images_per_s"].iloc[0]

    plain = rate(open_app(HARDWARE, evidence="All kinds"))
    app = open_app(HARDWARE, evidence="All kinds", calibrate="true")
    assert rate(app) < 0.8 * plain
    assert "RTX 4090 is calibrated by 3 of your runs." in texts(app)
    assert "Predictions on RTX 4090 are calibrated by your own runs." in texts(app)
    assert "RTX 3090 cannot be calibrated: it takes 3 different measured runs" in texts(app)
    assert not app.error


def test_a_sweep_keeps_every_batch_until_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    from tests.support.small_device import prepare

    def here(function: Callable[..., Told], *arguments: Any, tell: Callable[[Told], object], **_: object) -> Told:
        return function(*arguments, before=tell)

    monkeypatch.setattr("analysis.hardware.measure.session.prepare", prepare)
    monkeypatch.setattr("views.work.process.run", here)
    app = open_app(HARDWARE, section="Benchmark here", image_size="96", run_sweep="true", run_channels_last="true")
    next(button for button in app.button if button.label == "Run").click().run()
    assert_sound(app)
    assert [(one.workload.batch_size, one.workload.layout) for one in Results().all()] == [
        (1, "nhwc"),
        (2, "nhwc"),
        (4, "nhwc"),
    ]
    assert "at batch 4 needs more memory than" in app.success[0].value
    assert list(app.dataframe[0].value["outcome"]) == ["out of memory", "measured", "measured"]


def test_a_run_that_fails_is_one_sentence() -> None:
    pytest.importorskip("torch")
    app = open_app(HARDWARE, section="Benchmark here", run_precision="tf32")
    next(button for button in app.button if button.label == "Run").click().run()
    assert_sound(app)
    assert "tf32" in app.error[0].value
    assert not Results().all()
