"""What holds on every device that PyTorch finds here: on the CPU, and on a GPU where there is one."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest

import analysis
import archs
from analysis.memory import memory
from archs import get_config

torch = pytest.importorskip("torch")

from analysis.hardware.measure import steps  # noqa: E402
from analysis.hardware.measure.processors import find_processor  # noqa: E402
from analysis.hardware.measure.session import count  # noqa: E402
from analysis.hardware.measure.training import saved_bytes  # noqa: E402

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
NETWORKS = {
    "densenet": get_config("densenetbc100_k12", block_config=(3, 2), growth_rate=4),
    "vovnet": get_config("ese_vovnet19b_slim_dw", num_classes=7),
}
#: What a device computes in under autocast, if it is not too old.
MIXED = {"cpu": "amp bfloat16", "cuda": "amp float16"}
WORKLOAD = {"batch_size": 2, "image_size": 32, "repeats": 2}

on_each_device = pytest.mark.parametrize("device", DEVICES)
for_each_network = pytest.mark.parametrize("config", NETWORKS.values(), ids=NETWORKS)


def images_on(device):
    return torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1)).to(device)


@on_each_device
@for_each_network
def test_outputs_are_those_of_double_precision(config, device):
    model = archs.create_model(config).eval()
    with torch.no_grad(), find_processor(device, "float32").numerics("float32"):
        found = deepcopy(model).to(device)(images_on(device))
        expected = model.double()(images_on("cpu").double())
    torch.testing.assert_close(found.cpu().double(), expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


@on_each_device
@for_each_network
def test_an_optimised_network_computes_the_same(config, device):
    model = archs.create_model(config).eval()
    optimised = analysis.optimize_for_inference(model, image_size=32).to(device)
    with torch.no_grad(), find_processor(device, "float32").numerics("float32"):
        expected, found = model.to(device)(images_on(device)), optimised(images_on(device))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3 * expected.abs().max().item())


@on_each_device
@for_each_network
@pytest.mark.parametrize("recomputed", [False, True], ids=["plain", "recomputed"])
def test_what_training_saves_is_what_is_counted(config, device, recomputed):
    config = replace(config, memory_efficient=recomputed)
    model = archs.create_model(config).train().to(device)
    assert saved_bytes(model, images_on(device)) == memory(config, 32, 2, mode="training").saved_bytes


@on_each_device
@pytest.mark.parametrize("mixed", [False, True], ids=["float32", "mixed"])
def test_steps_are_timed_and_change_the_weights(monkeypatch, device, mixed):
    precision, models = MIXED[device] if mixed else "float32", []
    monkeypatch.setattr(steps, "build", lambda target: models.append(archs.create_model(target.config)) or models[0])
    workload = analysis.Workload(device=device, precision=precision, **WORKLOAD)
    processor = find_processor(device, precision)
    step = steps._prepare(count(NETWORKS["densenet"], workload), workload, "adamw", processor)
    before = [parameter.detach().clone() for parameter in models[0].parameters()]
    step()
    assert all((new != old).any() for new, old in zip(models[0].parameters(), before, strict=True))

    monkeypatch.undo()
    found = steps.measure_step(NETWORKS["densenet"], workload)
    assert len(found.times) == 2
    assert found.images_per_s == 2 / found.seconds
    assert (found.peak_memory_bytes is None) == (device == "cpu")


def test_steps_that_do_not_fit_have_no_times(monkeypatch):
    def prepare(*_args):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(steps, "_prepare", prepare)
    found = steps.measure_step(NETWORKS["densenet"], analysis.Workload(**WORKLOAD))
    assert (found.times, found.seconds, found.images_per_s) == ((), None, None)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"precision": "float16"}, "precision is 'float16', but must be one that keeps weights in more than float16"),
        ({"optimizer": "lamb"}, "optimizer is 'lamb', but must be one of 'none', 'sgd', 'adamw'"),
    ],
)
def test_what_cannot_be_trained_is_one_sentence(options, complaint):
    workload = analysis.Workload(precision=options.get("precision", "float32"), **WORKLOAD)
    with pytest.raises(archs.ConfigError, match=complaint):
        steps.measure_step(NETWORKS["densenet"], workload, options.get("optimizer", "sgd"))
