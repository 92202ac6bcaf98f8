"""Measurements: what follows from the times, what is asked of PyTorch, and how a benchmark ends before its end.

Nothing here depends on how fast the machine is.
"""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from uuid import uuid4

import pytest

import analysis
import archs
from analysis.hardware.measure.record import Machine
from analysis.precision import PRECISIONS

torch = pytest.importorskip("torch")

from analysis.hardware.measure import neighbours, processors, turn  # noqa: E402
from analysis.hardware.measure.record import BenchmarkError  # noqa: E402
from analysis.hardware.measure.session import (  # noqa: E402
    Timed,
    build,
    match,
)
from analysis.hardware.measure.steps import measure_step  # noqa: E402
from analysis.hardware.speeds import measured_speed  # noqa: E402
from analysis.targets import resolve_target  # noqa: E402
from tests.support.small_device import prepare  # noqa: E402

TINY = archs.get_config("densenetbc100_k12", block_config=(2,), growth_rate=4)
TINY_WORKLOAD = analysis.Workload(image_size=8, repeats=2)


class Stop(BaseException):
    """A view's way to end what is running."""


@pytest.fixture
def room_for_two(monkeypatch):
    monkeypatch.setattr("analysis.hardware.measure.session.prepare", prepare)


def measurement(times=(4.0, 1.0, 3.0, 2.0), device_name="NVIDIA GeForce RTX 4090", **options) -> analysis.Measurement:
    workload = analysis.Workload(batch_size=5, image_size=8, **options)
    machine = Machine(device_name, "PyTorch 2", 2)
    return analysis.Measurement(
        name="some", family=None, workload=workload, machine=machine, flops=1000, times=tuple(times)
    )


def test_rates_follow_from_the_median():
    taken = measurement()
    assert (taken.seconds_low, taken.seconds, taken.seconds_high) == (1.75, 2.5, 3.25)
    assert taken.images_per_s == 5 / taken.seconds
    assert taken.flops_per_s == 1000 / taken.seconds
    assert taken.evidence == taken.row()["evidence"] == "measured"


@pytest.mark.parametrize(
    ("others", "times", "told"),
    [
        (None, (2.0, 2.0, 2.0), ""),
        (0.05, (2.0, 2.1, 2.2), ""),
        (0.43, (2.0, 2.0, 2.0), "others kept 43 % of the processors busy"),
        (0.0, (2.0, 3.0, 4.0, 5.0), "the middle half of its runs lies 43 % apart"),
        (0.1, (1.0, 3.0), "others kept 10 % of the processors busy and the middle half of its runs lies 50 % apart"),
        (None, (), ""),
    ],
)
def test_a_measurement_says_what_disturbed_it(others, times, told):
    taken = replace(measurement(times), others_share=others)
    assert taken.disturbance.replace("\u2009", " ") == taken.row()["disturbance"].replace("\u2009", " ") == told
    if times:
        assert measured_speed(taken).note == (f"disturbed: {taken.disturbance}" if told else "")


def test_others_are_what_the_processors_do_beside_this_process(monkeypatch):
    assert neighbours.watch()() is None  # too short a time to tell
    for name, answers in {"_busy_seconds": (10.0, 13.0), "_own_seconds": (0.0, 1.0)}.items():
        monkeypatch.setattr(neighbours, name, iter(answers).__next__)
    monkeypatch.setattr("time.monotonic", iter((0.0, 2.0)).__next__)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert neighbours.watch()() == (13 - 10 - 1) / (2 * 4)


def test_one_thing_is_timed_at_a_time(monkeypatch):
    monkeypatch.setattr(turn, "NAME", f"{turn.NAME}-test-{uuid4()}")
    monkeypatch.setattr(turn, "PATIENCE_S", 0.0)
    with turn.alone_on_this_machine(), pytest.raises(BenchmarkError, match="Something else is being timed"):
        analysis.benchmark(TINY, image_size=8, repeats=1)
    monkeypatch.setattr(turn.sys, "platform", "another")
    with turn.alone_on_this_machine(), pytest.raises(BenchmarkError, match="Something else is being timed"):
        measure_step(TINY, TINY_WORKLOAD)
    assert analysis.benchmark(TINY, image_size=8, repeats=1).times


def test_without_times_there_are_no_rates():
    row = measurement(times=()).row()
    assert row["outcome"] == "out of memory"
    assert {row[key] for key in ("seconds", "images_per_s", "flops_per_s", "share_of_peak")} == {None}


def test_rows_and_records_are_plain_json():
    taken = measurement()
    json.dumps(taken.row())
    assert analysis.Measurement.from_json(json.loads(json.dumps(taken.to_json()))) == taken


@pytest.mark.parametrize(
    ("device_name", "precision", "peak"),
    [
        ("NVIDIA GeForce RTX 4090", "float32", 82.6e12),
        ("NVIDIA GeForce RTX 4090", "amp float16", 165.2e12),
        ("NVIDIA A100-SXM4-80GB", "tf32", 156e12),
        ("NVIDIA H100 80GB HBM3", "bfloat16", 989.4e12),
        ("Tesla T4", "tf32", None),
        ("NVIDIA H800", "float32", None),
        ("AMD EPYC", "float32", None),
    ],
)
def test_the_peak_is_that_of_the_device_and_of_the_precision(device_name, precision, peak):
    taken = measurement(precision=precision, device_name=device_name)
    assert taken.share_of_peak == (peak and pytest.approx(taken.flops_per_s / peak))


def test_rows_call_a_device_as_its_data_sheet_does():
    assert measurement().row()["device"] == "RTX 4090"
    assert measurement(device_name="AMD EPYC").row()["device"] == "AMD EPYC"


def test_a_measurement_tells_what_was_run_and_where():
    taken = analysis.benchmark(TINY, batch_size=3, image_size=(8, 12), repeats=4)
    assert len(taken.times) == 4
    assert taken.workload == analysis.Workload(batch_size=3, image_size=(8, 12), repeats=4)
    assert taken.flops == analysis.summarize(TINY, (8, 12), 3).flops
    assert (taken.name, taken.family) == ("DenseNet", "densenet")
    assert torch.__version__ in taken.machine.software
    assert taken.machine.threads == torch.get_num_threads()
    assert taken.peak_memory_bytes is None
    assert taken.joules_per_image is None


def test_a_network_without_layers_takes_its_time_too():
    found = analysis.benchmark(torch.nn.Identity(), batch_size=1, image_size=8, repeats=2)
    assert found.flops == 0
    assert found.seconds > 0


def test_the_networks_own_image_size_is_recorded():
    assert analysis.benchmark(TINY, image_size=None, repeats=1).workload.image_size == (32, 32)


@pytest.mark.parametrize("precision", sorted(set(PRECISIONS) - {"tf32"}))
def test_precision_and_layout_are_those_asked_for(precision, monkeypatch):
    seen = []

    def watch(module, inputs, output):
        seen.append((inputs[0].dtype, output.dtype, inputs[0].is_contiguous(memory_format=torch.channels_last)))

    handle = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *rest: watch(module, *rest) if isinstance(module, torch.nn.Conv2d) else None
    )
    try:
        analysis.benchmark(TINY, image_size=8, precision=precision, channels_last=True, repeats=1)
    finally:
        handle.remove()
    weights, activations = (getattr(torch, name) for name in PRECISIONS[precision][1:3])
    assert seen[0] == (weights, activations, True)


def test_compiled_networks_are_compiled_afresh_for_their_shape(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: calls.append("reset"))
    monkeypatch.setattr(torch, "compile", lambda module, **options: calls.append(options) or module)
    assert analysis.benchmark(TINY, image_size=8, compile=True, repeats=1).workload.execution == "compiled"
    assert calls == ["reset", {"dynamic": False}]


def test_a_module_and_the_random_numbers_are_left_alone():
    module = archs.create_model(TINY).train()
    before, state = deepcopy(module.state_dict()), torch.random.get_rng_state()
    analysis.benchmark(module, image_size=8, precision="bfloat16", channels_last=True, repeats=1)
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert all(value.dtype == before[key].dtype for key, value in module.state_dict().items())
    assert module.training
    assert torch.equal(torch.random.get_rng_state(), state)


def test_modules_without_weights_get_some_that_keep_signals_in_range():
    pytest.importorskip("timm")
    module = build(resolve_target("timm/resnet18"))
    assert not any(tensor.is_meta for tensor in module.state_dict().values())
    with torch.inference_mode():
        output = module.eval()(torch.randn(1, 3, 32, 32))
    assert 1e-3 < output.std() < 1e3


# Running out of memory, stopping, progress


def test_out_of_memory_is_a_row_and_ends_a_sweep(room_for_two):
    taken = list(analysis.benchmark_sweep(TINY, TINY_WORKLOAD))
    assert [m.workload.batch_size for m in taken] == [1, 2, 4]
    assert [m.out_of_memory for m in taken] == [False, False, True]


def test_what_certainly_does_not_fit_is_not_tried(monkeypatch):
    monkeypatch.setattr(processors.Cpu, "free_memory", lambda _self: 1000)
    assert analysis.benchmark(TINY, image_size=8).out_of_memory


def test_the_host_running_out_of_memory_is_the_same(monkeypatch):
    def refuse(*_args):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")

    monkeypatch.setattr("analysis.hardware.measure.session.prepare", lambda *_args: refuse)
    assert analysis.benchmark(TINY, image_size=8).out_of_memory


def test_after_run_is_called_after_every_timed_run():
    calls = []
    analysis.benchmark(TINY, image_size=8, repeats=3, after_run=lambda: calls.append(1))
    analysis.benchmark_layers(TINY, TINY_WORKLOAD, after_run=lambda: calls.append(1))
    assert len(calls) == 3 + 2


def test_a_sweep_can_be_stopped_without_losing_what_is_finished():
    rows, runs = [], []

    def stop_in_the_second():
        runs.append(1)
        if len(runs) == TINY_WORKLOAD.repeats + 1:
            raise Stop

    with pytest.raises(Stop):
        rows.extend(analysis.benchmark_sweep(TINY, TINY_WORKLOAD, after_run=stop_in_the_second))
    assert [row.workload.batch_size for row in rows] == [1]


# Layers


@pytest.mark.parametrize("name", ["densenet121", "peleenet", "ese_vovnet19b_dw", "vovnet39"])
def test_every_layer_of_the_family_has_a_time(name):
    layers = analysis.benchmark_layers(name, analysis.Workload(image_size=32, repeats=1))
    planned = analysis.summarize(name, 32).layers
    assert [layer.cost for layer in layers] == list(planned)
    assert all(layer.seconds for layer in layers)
    for layer in layers:
        assert layer.flops_per_s == layer.cost.flops / layer.seconds
        assert layer.bytes_per_s == layer.cost.bytes_moved / layer.seconds


def test_operations_are_matched_with_layers_in_order():
    layers = analysis.summarize(TINY, 8).layers
    operations = [Timed(cost.layer.op, cost.layer.output_shape, None, None) for cost in layers]
    assert match(operations, layers) == list(range(len(layers)))
    assert match(operations[3:], layers)[-1] == len(layers) - 1
    with pytest.raises(BenchmarkError, match="conv2d that is no layer"):
        match([operations[0], operations[0]], layers)


def test_layers_that_do_not_fit_are_one_sentence(room_for_two):
    with pytest.raises(BenchmarkError, match="DenseNet does not fit into memory"):
        analysis.benchmark_layers(TINY, analysis.Workload(image_size=8, batch_size=4))


# Bad input


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0, but must be an integer from 1 to 65536."),
        ({"repeats": 0}, "repeats is 0, but must be an integer from 1 to"),
        ({"repeats": 2.5}, "repeats is 2.5, but must be"),
        ({"precision": "fp4"}, "precision is 'fp4', but must be one of 'float32', 'tf32'"),
        ({"precision": []}, "precision is [], but must be one of"),
        ({"precision": "tf32"}, "precision is 'tf32', which "),
        ({"device": "RTX 5090"}, "device is 'RTX 5090', but networks are timed on this machine's 'cpu', 'cuda'"),
        ({"device": 7}, "device is 7, but must be a text of at most 100 characters."),
        ({"image_size": 0}, "image_size is 0, but must be"),
        ({"channels_last": 1}, "channels_last is 1, but must be True or False."),
        ({"compile": "yes"}, "compile is 'yes', but must be True or False."),
        ({"target": "densnet121"}, "There is no architecture 'densnet121'"),
    ],
)
def test_bad_arguments_are_one_sentence(options, message):
    with pytest.raises(archs.DenseScopeError) as error:
        analysis.benchmark(**{"target": TINY} | options)
    assert str(error.value).startswith(message)


def test_compiled_layers_are_refused():
    with pytest.raises(archs.ConfigError, match="compile is True, but must be False: compiling merges layers"):
        analysis.benchmark_layers(TINY, analysis.Workload(compile=True))


def test_a_network_that_cannot_be_run_is_one_sentence(monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda *_args, **_options: 1 / 0)
    with pytest.raises(
        BenchmarkError,
        match=r"^DenseNet cannot be run on cpu \(batch 1, float32, nchw, compiled\): division by zero\.$",
    ):
        analysis.benchmark(TINY, image_size=8, compile=True)
