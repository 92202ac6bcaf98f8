"""Memory of backbones and detectors: by rule, as their trace shows it, and as PyTorch itself holds it."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch.utils._pytree import tree_leaves

import analysis
from analysis.memory import memory_of
from analysis.memory.observed import Seeds
from analysis.memory.training import training_schemes
from analysis.trace.detectors import as_counted
from analysis.trace.stand_in import Weightless
from archs.registry import recomputes
from detectors import KINDS, create_detector, resolve_detector
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from tests.support.live_bytes import live_bytes
from tests.support.training_step import peak_of_a_step

BACKBONES = ("peleenet", "vovnet27_slim", "densenet121", "hgnetv2_b0")
GRID = [f"{kind}/{backbone}" for kind, backbone in product(KINDS, BACKBONES)]
SOME = [f"{kind}/{BACKBONES[index % len(BACKBONES)]}" for index, kind in enumerate(KINDS)]
SIZES = {"pelee": (304, 336), "ssd": (300, 320)}
#: Heads that read boxes, which are tensors of their own: so many bytes for each of 1,000.
BOXES = {"faster_rcnn": 250_000, "mask_rcnn": 250_000}


def size_of(kind):
    return SIZES.get(kind, (128, 192))


def timeline(memory):
    return [moment.live_bytes for moment in memory.timeline]


@pytest.mark.parametrize(
    "name",
    representatives(
        [*SOME, f"backbone/{OF_EACH_FAMILY[-1]}"], [*GRID, *(f"backbone/{name}" for name in OF_EACH_FAMILY)]
    ),
)
def test_what_is_alive_layer_by_layer(name):
    size = size_of(name.partition("/")[0])
    planned, traced = (memory_of(analysis.summarize(name, size, 2, route=route)) for route in ("plan", "trace"))
    assert timeline(planned) == timeline(traced)


@pytest.mark.parametrize("name", representatives(SOME[::2], GRID))
def test_what_is_alive_in_pytorch(name):
    kind = name.partition("/")[0]
    config, size = resolve_detector(name), size_of(kind)
    device = "cpu" if kind in BOXES else "meta"  # boxes have values
    module = as_counted(create_detector(config, device=device).eval())
    alive = max(live_bytes(module, torch.zeros(1, 3, *size, device=device)))
    counted = analysis.memory(config, size).peak_bytes
    assert counted <= alive <= counted + BOXES.get(kind, 0)


def peaks(memory):
    return memory.saved_bytes, memory.total_bytes("adamw"), sorted(memory.learning)


SEEN = [name for name in GRID if name.partition("/")[0] not in BOXES]


@pytest.mark.long
@pytest.mark.parametrize("name", representatives([name for name in SOME if name in SEEN][::3], SEEN))
def test_a_step_of_training(name):
    """By rule, and as PyTorch runs it."""
    size = size_of(name.partition("/")[0])
    with Weightless():
        module = create_detector(name).train()
    counted, seen = (analysis.memory(target, size, 2, mode="training") for target in (name, module))
    assert peaks(counted) == peaks(seen)


@pytest.mark.parametrize("kind", BOXES)
def test_a_step_of_training_with_boxes(kind, monkeypatch):
    """Which have values, so that it runs for real; few are sampled."""
    sampled, size = 16, (64, 96)
    monkeypatch.setattr("detectors.config.SAMPLED", sampled)
    monkeypatch.setattr("detectors.config.POSITIVES", sampled // 4)
    config = resolve_detector(f"{kind}/peleenet", block_config=(1, 1, 1, 1))
    module = as_counted(create_detector(config).train())
    module.detector.roi_heads.fg_bg_sampler.batch_size_per_image = sampled
    seeds = lambda outputs: Seeds.apply(*tree_leaves(outputs))  # noqa: E731
    counted = analysis.memory(config, size, 2, mode="training")
    assert counted.total_bytes("none") == peak_of_a_step(module, torch.zeros(2, 3, *size), "none", seeds)


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    representatives(
        ["backbone/vovnet27_slim", "retinanet/peleenet"],
        [name for name in GRID if recomputes(resolve_detector(name).backbone) and name.partition("/")[0] not in BOXES],
    ),
)
def test_backbones_that_recompute_in_detectors(name):
    """Necks and heads keep what they read, that of a backbone's maps among it."""
    size = size_of(name.partition("/")[0])
    counted = analysis.memory(resolve_detector(name, memory_efficient=True), size, 2, mode="training")
    with Weightless():
        module = create_detector(name, memory_efficient=True).train()
    seen = analysis.memory(module, size, 2, mode="training")
    assert counted.saved_bytes == seen.saved_bytes
    assert counted.total_bytes("sgd") == pytest.approx(seen.total_bytes("sgd"), rel=0.002)
    assert [*training_schemes(analysis.summarize(name, size))] == ["plain", "recomputed"]


@pytest.mark.parametrize("name", ["retinanet/vovnet39", "mask_rcnn/peleenet"])
def test_what_fits_at_one_batch_is_what_is_counted_at_another(name):
    budget = 8e9
    one = analysis.memory(name, (320, 512), 1, mode="training")
    batch = one.largest_batch(budget)
    fits, not_any_more = (analysis.memory(name, (320, 512), n, mode="training") for n in (batch, batch + 1))
    assert fits.total_bytes() <= budget < not_any_more.total_bytes()


def test_second_stages_learn_of_the_boxes_that_torchvision_samples():
    heads = create_detector("mask_rcnn/peleenet", device="meta").roi_heads.fg_bg_sampler
    config = resolve_detector("mask_rcnn/peleenet").in_training
    assert config.proposals == heads.batch_size_per_image
    assert config.detections == heads.batch_size_per_image * heads.positive_fraction
