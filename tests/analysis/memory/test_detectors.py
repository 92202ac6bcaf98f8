"""Memory of backbones and detectors: by rule, as their trace shows it, and as PyTorch itself holds it."""

from __future__ import annotations

from itertools import product

import pytest
import torch

import analysis
from analysis.memory import memory_of
from analysis.trace.detectors import as_counted
from detectors import KINDS, create_detector, resolve_detector
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from tests.support.live_bytes import live_bytes

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


@pytest.mark.parametrize("name", representatives(SOME, GRID))
def test_what_is_alive_in_pytorch(name):
    kind = name.partition("/")[0]
    config, size = resolve_detector(name), size_of(kind)
    device = "cpu" if kind in BOXES else "meta"  # boxes have values
    module = as_counted(create_detector(config, device=device).eval())
    alive = max(live_bytes(module, torch.zeros(1, 3, *size, device=device)))
    counted = analysis.memory(config, size).peak_bytes
    assert counted <= alive <= counted + BOXES.get(kind, 0)
