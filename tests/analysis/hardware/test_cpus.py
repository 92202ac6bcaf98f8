"""CPUs are devices: their peaks follow from their data sheets, what starts a kernel adds, and figures check it all."""

from __future__ import annotations

import json

import pytest

from analysis.facts import device_of, get_device, list_devices, parse_device
from analysis.hardware.measure.record import Machine, Measurement, Workload
from analysis.hardware.needs import rank_devices
from analysis.hardware.predict.calibrated import calibrate_by
from analysis.hardware.predict.classes import device_class
from analysis.hardware.predict.cpu_validation import (
    calibrate_by_runs,
    calibrating_runs,
    own_runs,
    published_cpu_runs,
    sheet,
)
from analysis.hardware.predict.cpus import cpu_error_rows, predicted_cpu_seconds, shipped_cpu_factors
from analysis.hardware.predict.predict import predict
from analysis.hardware.predict.timed_runs import published_runs
from analysis.hardware.speeds import Conditions, find_speeds
from analysis.hardware.steps import predict_steps
from analysis.search.quantities import TrainingSeconds
from analysis.statistics import median
from archs.errors import DenseScopeError
from cli import main
from scripts.documents import PREDICTION, cpu_parts, renewed

CPUS = [name for name in list_devices() if device_class(get_device(name)) == "CPU"]
MINE = {"name": "mine", "cores": 8, "clock_hz": 4e9, "vector_bits": 256, "bandwidth_bytes_per_s": 8e10}
COMPILED = {"precision": "float32", "execution": "compiled"}


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("Core i9-10940X", 14 * 3.3e9 * 16 * 2 * 2),  # two units, each 16 numbers multiplied and added a clock
        ("Core i7-12700H", 14 * 3.2e9 * 4 * 2 * 2),
        ("Ryzen 9 5950X", 16 * 3.4e9 * 8 * 2 * 2),
    ],
)
def test_the_peak_is_cores_times_clock_times_vectors(name, peak):
    device = get_device(name)
    assert device.fp32_flops_per_s == pytest.approx(peak)
    assert device.precisions == ("float32",)
    assert device.source


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Intel(R) Core(TM) i9-10940X CPU @ 3.30GHz", "Core i9-10940X"),
        ("12th Gen Intel(R) Core(TM) i7-12700H", "Core i7-12700H"),
        ("AMD Ryzen 9 5950X 16-Core Processor", "Ryzen 9 5950X"),
        ("AMD EPYC 7763 64-Core Processor", "EPYC 7763"),
        ("Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz", "Xeon Platinum 8380"),
    ],
)
def test_the_names_that_systems_write_are_known(written, name):
    assert get_device(written).name == name


def test_a_cpu_of_ones_own_is_given_by_cores_clock_and_vectors():
    device = parse_device(json.dumps(MINE), "mine.json")
    assert device.fp32_flops_per_s == 8 * 4e9 * 8 * 2 * 2
    assert device_class(device) == "CPU"
    found = predict("densenet121", device, 1, precision="float32")
    assert found.interval.low < found.seconds < found.interval.high
    assert not found.interval.is_checked


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clock_hz": None}, "clock_hz of mine is None"),
        ({"cores": 0}, "cores of mine is 0"),
        ({"fp16_flops_per_s": 1e12}, "CPUs are told in float32"),
    ],
)
def test_a_bad_sheet_is_one_sentence(change, message):
    with pytest.raises(DenseScopeError, match=message) as caught:
        device_of(MINE | change)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "'float32' on Core i9-10940X: no figure of a CPU checks others"),
        ({"precision": "amp bfloat16"}, "'float32' on Core i9-10940X"),
        (
            {"precision": "float32", "mode": "training"},
            "a GPU for training steps: no published figure tells of a CPU's",
        ),
    ],
)
def test_what_is_not_predicted_on_a_cpu_is_refused_in_one_sentence(arguments, message):
    with pytest.raises(DenseScopeError, match=message) as caught:
        predict("densenet121", "Core i9-10940X", **arguments)
    assert str(caught.value).count(". ") == 0


@pytest.mark.parametrize("name", CPUS)
@pytest.mark.parametrize("execution", ["eager", "compiled"])
def test_layers_add_up_and_starting_them_comes_on_top(name, execution):
    found = predict("densenet121", name, 1, precision="float32", execution=execution)
    assert sum(layer.seconds for layer in found.layers) == pytest.approx(found.seconds)
    assert found.interval.low < found.seconds < found.interval.high
    assert found.share_of_peak < 1
    larger = predict("densenet121", name, 64, precision="float32", execution=execution)
    assert found.seconds < larger.seconds
    assert larger.images_per_s > found.images_per_s
    waiting, less = (one.seconds_by_bound()["launch overhead"] / one.seconds for one in (found, larger))
    assert waiting > 2 * less


def test_the_host_is_the_cpu_itself():
    times = {
        predict("densenet121", "EPYC 7763", 1, precision="float32", host_seconds=each).seconds for each in (None, 1)
    }
    assert len(times) == 1


def test_figures_of_cpus_are_not_among_those_of_gpus():
    assert {run.device for run in published_cpu_runs()} == {"Core i9-10940X", "Core i7-12700H"}
    assert not {run.device for run in published_runs()} & set(CPUS)
    runs = published_cpu_runs()
    assert len({(run.network, run.image_size, run.device, run.software) for run in runs}) == len(runs)


def test_a_checked_cpu_tells_its_error_and_others_the_rule():
    known = predict("densenet121", "Core i9-10940X", 1, **COMPILED)
    assert known.error.left_out == "networks"
    assert known.interval.is_checked
    for other in ("Ryzen 9 5950X", "EPYC 7763"):
        found = predict("densenet121", other, 1, **COMPILED)
        assert found.error is None
        assert "CPU devices by" in found.interval.rule
    assert predict("densenet121", "Core i9-10940X", 64, **COMPILED).error is None
    assert predict("densenet121", "Core i9-10940X", 1, precision="float32").error is None


def test_a_cpu_that_was_left_out_is_near():
    """Fitted to another CPU and to this project's own runs alone."""
    calibration = calibrate_by_runs([run for run in calibrating_runs() if run.device != "Core i9-10940X"])
    runs = [run for run in published_cpu_runs() if run.device == "Core i9-10940X"][::4]
    factors, device = calibration.factors("Core i9-10940X"), get_device("Core i9-10940X")
    errors = [abs(predicted_cpu_seconds(run, device, factors) / run.seconds - 1) for run in runs]
    assert median(errors) < 0.2


@pytest.mark.parametrize("device", ["Core i9-10940X", "Core i7-12700H", own_runs()[0].name])
def test_the_shipped_factors_are_those_of_the_runs(device):
    runs = [run for run in calibrating_runs() if run.device == device]
    factors = shipped_cpu_factors(device)
    errors = [predicted_cpu_seconds(run, sheet(device), factors) / run.seconds - 1 for run in runs]
    assert abs(median(errors)) < 0.07
    assert median(map(abs, errors)) < 0.15


@pytest.mark.parametrize(("left_out", "most"), [("networks", 0.12), ("device", 0.17)])
def test_intervals_hold_nine_in_ten(left_out, most):
    (row,) = [row for row in cpu_error_rows() if (row["left_out"], row["of"]) == (left_out, "all CPUs")]
    assert row["median_error"] < most
    assert row["coverage"] > 0.87
    assert row["figures"] == len(published_cpu_runs()) + len(own_runs()[1])


def test_the_tables_of_the_document_are_those_of_the_code():
    text = PREDICTION.read_text(encoding="utf-8")
    assert renewed(PREDICTION, cpu_parts()) == text, "run `python -m scripts.documents --write`"


def test_published_figures_of_cpus_stand_beside_predictions():
    device, given = get_device("Core i9-10940X"), Conditions(batch_size=1, precision="float32")
    found = {(each.execution, each.evidence): each for each in find_speeds("densenet121", [device], conditions=given)}
    assert [*found] == [("eager", "predicted"), ("compiled", "published"), ("compiled", "predicted")]
    assert found["compiled", "published"].images_per_s == 41.48  # PyTorch 2.4, not 2.2
    low, high = found["compiled", "predicted"].error
    assert 1 - low < 41.48 / found["compiled", "predicted"].images_per_s < 1 + high


def measured(name: str, slower: float, threads: int = 8) -> Measurement:
    """What a CPU would give that is slower than its sheet says."""
    seconds = slower * predict(name, device_of(MINE), 4, precision="float32").seconds
    workload, machine = Workload(batch_size=4, image_size=224), Machine("mine", "PyTorch 0", threads)
    return Measurement(
        name=name,
        family=None,
        workload=workload,
        machine=machine,
        flops=1,
        times=(seconds,),
    )


NAMES = ("densenet121", "vovnet39", "ese_vovnet19b_dw", "peleenet")


def test_own_runs_calibrate_a_cpu():
    device = calibrate_by([measured(name, 1.4) for name in NAMES], device_of(MINE))
    truth = 1.4 * predict("hardnet68", device_of(MINE), 4, precision="float32").seconds
    found = predict("hardnet68", device, 4, precision="float32")
    assert found.seconds == pytest.approx(truth, rel=0.1)
    assert found.row()["calibration"] == "4 own runs"
    assert "4 runs of your own" in found.interval.rule


def test_runs_by_other_numbers_of_threads_tell_nothing_of_the_sheet():
    with pytest.raises(DenseScopeError, match="in float32 with 8 threads, one a core, and none is known"):
        calibrate_by([measured(name, 1.0, threads=2) for name in NAMES], device_of(MINE))


def test_cpus_are_ranked_beside_gpus_in_float32_and_take_no_training_steps():
    devices = [get_device("RTX 4090"), get_device("Core i9-10940X")]
    given = Conditions(batch_size=1, precision="float32")
    fits = rank_devices("densenet121", 1, devices, "compiled", given)
    assert {fit.row()["device_class"] for fit in fits} == {"GeForce", "CPU"}
    assert [step.device.name for step in predict_steps("densenet121", devices, given)] == ["RTX 4090"]
    with pytest.raises(DenseScopeError, match="training steps"):
        TrainingSeconds("Core i9-10940X", precision="float32")


@pytest.mark.parametrize("device", ["Core i9-10940X", "ryzen 9 7950x"])
def test_the_command_predicts_on_cpus(device, capsys):
    assert main(["predict", "densenet121", "--device", device, "--precision", "float32", "--batch-size", "1"]) == 0
    assert "start" not in capsys.readouterr().err
    assert main(["predict", "densenet121", "--device", device]) == 2
    assert "no figure of a CPU checks others" in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["inference", "training"])
def test_all_devices_are_those_that_can(mode, capsys):
    assert main(["predict", "densenet40_k12", "--device", "all", "--precision", "float32", "--mode", mode]) == 0
    assert ("EPYC 7763" in capsys.readouterr().out) == (mode == "inference")
