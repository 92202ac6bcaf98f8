"""The peak of a training step, counted from the layers, against a real step of which every tensor is followed."""

from __future__ import annotations

import dataclasses
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
import archs
from archs.registry import recomputes
from tests.support.autograd import build, images_for
from tests.support.exhaustive import RECOMPUTING, examples_of_a_family, representatives
from tests.support.strategies import CONFIGS
from tests.support.training_step import OPTIMIZERS, peak_of_a_step

BATCH = 2
NAMES = [name for name in archs.list_archs() if recomputes(archs.get_config(name))]
#: Half of each network's own image size is enough for its tensors to outweigh its weights' gradients.
FEW = ["densenet_cifar", "densenet_d2l", "peleenet", "vovnet27_slim", "ese_vovnet19b_slim_dw"]


def counted(target, size, optimizer="sgd", batch_size=BATCH):
    return analysis.memory(target, size, batch_size, mode="training").total_bytes(optimizer)


def real(config, size, optimizer="sgd", batch_size=BATCH):
    model = archs.create_model(config).train()
    return peak_of_a_step(model, images_for(model, batch_size, size), optimizer)


@pytest.mark.parametrize("efficient", [False, True])
@pytest.mark.parametrize("name", representatives(FEW, NAMES))
def test_the_peak_of_a_step(name, efficient):
    config = archs.get_config(name, memory_efficient=efficient)
    size = 32 if config.image_size == 32 else 96
    expected, found = real(config, size), counted(config, size)
    assert found == pytest.approx(expected, rel=0.002)
    assert efficient or found == expected


@pytest.mark.parametrize("name", archs.list_archs())
def test_a_step_of_any_network_holds_what_the_forward_pass_saves(name):
    memory = analysis.memory(name, None, 1, mode="training")
    assert memory.total_bytes("sgd") > memory.saved_bytes + 2 * memory.weight_bytes


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", ["densenet121", "ese_vovnet19b_slim_dw"])
def test_optimizers(name, optimizer):
    assert counted(name, 32, optimizer) == real(archs.get_config(name), 32, optimizer)


@pytest.mark.parametrize(
    ("family", "efficient"), [*product(archs.list_families(), [False]), *product(RECOMPUTING, [True])]
)
@settings(max_examples=examples_of_a_family(24))
@given(data=st.data())
def test_random_networks(family, efficient, data):
    configs = CONFIGS[family].filter(recomputes) if efficient else CONFIGS[family]
    config = dataclasses.replace(data.draw(configs), memory_efficient=efficient)
    expected = real(config, 64)
    assert counted(config, 64) == pytest.approx(expected, rel=0.02 if efficient else 1e-4)


def test_the_peak_at_a_max_pooling():
    config = archs.get_config(
        "peleenet", growth_rate=8, block_config=(1,), num_init_features=14, bottleneck_width=1, memory_efficient=True
    )
    assert counted(config, 64) == pytest.approx(real(config, 64), rel=0.002)


def test_the_peak_where_the_gradient_of_a_kernel_is_copied():
    config = archs.get_config(
        "rdnet_tiny", growth_rates=(16, 16, 16), blocks=1, downsample=(0, 1, 1), ese=0, init_channels=16,
        expansion=1.0, compression=1.0, num_classes=1, in_channels=1,
    )  # fmt: skip
    assert counted(config, 64) == real(config, 64)


@pytest.mark.parametrize("efficient", [False, True])
@pytest.mark.parametrize("name", ["densenet_cifar", "peleenet", "ese_vovnet19b_slim_dw"])
def test_what_fits_at_one_batch_is_what_is_counted_at_another(name, efficient):
    config = archs.get_config(name, memory_efficient=efficient)
    footprint = analysis.memory(config, None, 3, mode="training").footprint("adamw")
    for batch_size in (1, 8, 500):
        assert footprint.total_bytes(batch_size) == counted(config, None, "adamw", batch_size)
    batch = footprint.largest_batch(1e9)
    assert counted(config, None, "adamw", batch) <= 1e9 < counted(config, None, "adamw", batch + 1)


@pytest.mark.parametrize("efficient", [False, True])
def test_both_routes_count_the_same(efficient):
    config = archs.get_config("peleenet", memory_efficient=efficient)
    assert counted(build(config, "cpu").train(), 64) == pytest.approx(counted(config, 64), rel=0.002)
