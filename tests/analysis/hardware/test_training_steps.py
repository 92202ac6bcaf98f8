"""Predicted training steps: which kernels there are, by counting; how far off their times are, by published figures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.facts import get_device
from analysis.hardware.predict.backward import (
    ADDITION,
    AGAIN,
    INPUT_GRADIENT,
    UPDATE,
    UPDATE_NUMBERS,
    WEIGHT_GRADIENT,
    planned_step,
)
from analysis.hardware.predict.predict import predict
from analysis.hardware.predict.step_calibrated import device_slowdown, error_rows, known_step_error, step_factors
from analysis.hardware.predict.step_fit import PRIORS, Stack, StepCalibration, calibrate_steps, point_of
from analysis.hardware.predict.step_prediction import predict_step
from analysis.hardware.predict.step_validation import fold_of, name_of
from analysis.hardware.predict.trained_runs import published_steps
from analysis.memory.saved_tensors import recomputation
from archs import create_model, get_config
from archs.errors import ConfigError
from cli import main
from scripts.documents import PREDICTION, renewed, step_parts
from tests.support.exhaustive import EXHAUSTIVE

#: Without groups: PyTorch's counter takes gradients of grouped weights for dense ones.
NETWORKS = ("densenetbc40_k12", "ese_vovnet19b_slim")


def planned(name, optimizer="sgd", **changes):
    config = replace(get_config(name), **changes)
    return planned_step(config, config.image_size, False, optimizer)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_flops_of_a_step_are_those_that_pytorch_counts(name):
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    model, size = create_model(name).train(), 64
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(2, 3, size, size)).sum().backward()
    assert predict_step(name, "RTX 4090", 2, size).flops == counter.get_total_flops()


def test_the_first_layer_alone_has_no_gradient_of_what_it_reads():
    step = planned("densenet121")
    products = [number for number, cost in enumerate(step.program.layers) if cost.macs]
    for role, expected in ((WEIGHT_GRADIENT, products), (INPUT_GRADIENT, products[1:])):
        assert sorted(step.layer_index[step.role == role].tolist()) == expected


def test_gradients_of_tensors_with_several_readers_are_added():
    step = planned("densenet121")
    layers = [cost.layer for cost in step.program.layers]
    readers = [name for layer in layers for name in dict.fromkeys(layer.inputs) if name != "input"]
    assert np.sum(step.role == ADDITION) == len(readers) - len(set(readers))


def test_what_recomputation_runs_again_has_no_product():
    step = planned("densenet121", memory_efficient=True)
    layers = [cost.layer for cost in step.program.layers]
    again = recomputation(layers, replace(get_config("densenet121"), memory_efficient=True)).runs
    assert np.sum(step.role == AGAIN) == sum(map(len, again.values())) > 0
    assert not step.kernels.padded_flops[step.role == AGAIN].any()
    assert not np.any(planned("densenet121").role == AGAIN)


@pytest.mark.parametrize("optimizer", UPDATE_NUMBERS)
def test_an_update_moves_what_the_optimizer_reads_and_writes(optimizer):
    step = planned("densenet121", optimizer)
    numbers = step.kernels.weights[step.role == UPDATE].sum()
    assert numbers == UPDATE_NUMBERS[optimizer] * sum(cost.params for cost in step.program.layers)


def test_a_step_is_its_phases_and_its_layers():
    step = predict_step("densenet121", "RTX 4090", 64, optimizer="adamw")
    assert sum(step.seconds_by_phase().values()) == pytest.approx(step.seconds)
    assert sum(layer.seconds for layer in step.layers) == pytest.approx(step.seconds)
    assert sum(layer.flops for layer in step.layers) == step.flops
    assert step.interval.low < step.seconds < step.interval.high
    assert step.epoch_seconds(6400) == pytest.approx(100 * step.seconds)


def test_a_step_takes_longer_than_the_inference_of_its_batch():
    assert predict("densenet121", "RTX 4090", mode="training").seconds > 2 * predict("densenet121", "RTX 4090").seconds


def test_small_batches_wait_for_the_host():
    slow, fast = (predict_step("densenet121", "RTX 4090", 1, host_seconds=each) for each in (40e-6, 20e-6))
    assert slow.seconds == pytest.approx(2 * fast.seconds, rel=0.1)


def test_compiled_steps_are_not_guessed():
    with pytest.raises(ConfigError, match="no published figure tells of compiled training steps"):
        predict_step("densenet121", "RTX 4090", execution="compiled")


def test_the_errors_on_what_was_left_out():
    rows = {(row["left_out"], row["of"]): row for row in error_rows()}
    assert rows["networks", "all"]["median_error"] < 0.09
    assert rows["networks", "large batches"]["median_error"] < 0.06
    assert rows["device", "all"]["median_error"] < 0.15
    assert rows["device", "large batches"]["median_error"] < 0.08
    assert rows["device", "all"]["figures"] == len(published_steps())


def test_shipped_factors_predict_a_card_that_they_know():
    runs = [run for run in published_steps() if run.device == "RTX 3090" and run.batch_size >= 64]
    devices = {run.device_at_precision: 1.0 for run in runs}
    stack = Stack(runs)
    seconds = stack.seconds(point_of(stack, StepCalibration(step_factors(), devices, {})))
    assert np.median(np.abs(seconds / np.exp(stack.log_seconds) - 1)) < 0.07


def test_a_stack_gives_what_a_prediction_gives():
    run = next(run for run in published_steps() if run.network == "timm/densenet121" and run.batch_size == 256)
    found = predict_step("densenet121", run.device, 256, 224, run.precision, run.layout)
    slower = device_slowdown(get_device(run.device), run.precision)
    stack = Stack([replace(run, software="PyTorch 2.9")])
    known = StepCalibration(step_factors(), {run.device_at_precision: slower}, {stack.setups[0]: found.host.usual})
    assert stack.seconds(point_of(stack, known))[0] == pytest.approx(found.seconds, rel=1e-3)


def test_a_network_is_never_in_two_folds_whatever_its_library():
    folds = fold_of(published_steps())
    assert len(folds) == len({name_of(run) for run in published_steps()})
    assert {"timm/resnet50", "torchvision/resnet50"} <= {run.network for run in published_steps()}


def test_errors_are_known_where_figures_are():
    assert known_step_error(get_device("RTX 3090"), 256, "float16", "nchw").figures >= 20
    assert known_step_error(get_device("RTX 5090"), 256, "float16", "nchw") is None


@pytest.mark.skipif(not EXHAUSTIVE, reason="a fit of all figures takes long")
def test_the_shipped_factors_are_the_fit_of_the_published_figures():
    found = calibrate_steps(published_steps())
    assert found.factors == pytest.approx(step_factors(), rel=0.02)
    assert all(
        abs(np.log(each / prior.value)) < 3 * prior.spread for each, prior in zip(found.factors, PRIORS, strict=True)
    )


def test_the_tables_of_the_document_are_those_of_the_code():
    assert renewed(PREDICTION, step_parts()) == PREDICTION.read_text(encoding="utf-8")


def test_the_command_line_tells_a_step_and_an_epoch(capsys):
    assert main(["predict", "vovnet39", "--mode", "training", "--optimizer", "adamw", "--images", "1281167"]) == 0
    said = capsys.readouterr().out
    assert "a training step (adamw; loading images is not in it)" in said
    assert "Backward" in said
    assert "Epoch" in said
