"""Memory at inference against PyTorch itself: what is alive as each operation of a forward pass ends."""

from __future__ import annotations

import re
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.fx import symbolic_trace

import analysis
import archs
from analysis.memory import LIFETIMES, memory_of
from analysis.targets import resolve_target
from archs.errors import ConfigError
from tests.support.exhaustive import OF_EACH_KIND, examples_of_a_family, representatives
from tests.support.live_bytes import live_bytes
from tests.support.project import ROOT
from tests.support.strategies import CONFIGS

NAMES = archs.list_archs()
SIZE, BATCH = 64, 2
FEW = ["densenet40_k12", "densenet_cifar", "peleenet", "ese_vovnet19b_slim_dw"]
LIBRARIES = [
    *("torchvision/resnet18", "torchvision/densenet121", "torchvision/mobilenet_v2", "torchvision/efficientnet_b0"),
    *("torchvision/regnet_y_400mf", "torchvision/shufflenet_v2_x1_0", "torchvision/googlenet"),
    *("timm/resnet26", "timm/vovnet39a", "timm/ese_vovnet19b_dw", "timm/mobilenetv3_small_050", "timm/ghostnet_050"),
]

GUIDE = ROOT / "docs" / "memory.md"
TABLE = re.search("<!-- inference -->(.*)<!-- /inference -->", GUIDE.read_text(encoding="utf-8"), re.DOTALL)[1]


def make(target, device="meta", size=SIZE):
    """A module in inference mode and an image."""
    model = resolve_target(target).without_weights().eval().to_empty(device=device)
    channels = getattr(getattr(model, "config", None), "in_channels", 3)
    return model, torch.zeros(BATCH, channels, size, size, device=device)


def without_inplace_relu(model):
    for part in model.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False
    return model


def timeline(memory):
    return [moment.live_bytes for moment in memory.timeline]


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "route"),
    representatives(
        [*product(OF_EACH_KIND[::2], ["plan"]), *product(FEW, ["trace"])], product(NAMES, ["plan", "trace"])
    ),
)
def test_what_is_alive_layer_by_layer(name, route):
    memory = memory_of(analysis.summarize(name, SIZE, BATCH, route=route))
    assert timeline(memory) == live_bytes(*make(name))


@pytest.mark.parametrize("name", FEW)
def test_what_is_alive_on_a_real_device(name):
    assert timeline(analysis.memory(name, 32, BATCH)) == live_bytes(*make(name, "cpu", 32))


@pytest.mark.parametrize("name", representatives(FEW, [*FEW, "densenet121", "vovnet39"]))
def test_what_is_alive_without_inplace_relu(name):
    model, image = make(name)
    expected = live_bytes(without_inplace_relu(model), image)
    assert timeline(analysis.memory(name, SIZE, BATCH, inplace_relu=False)) == expected
    assert timeline(analysis.memory(model, SIZE, BATCH)) == expected


@pytest.mark.parametrize("family", archs.list_families())
@settings(max_examples=examples_of_a_family(15))
@given(data=st.data())
def test_what_is_alive_in_random_networks(family, data):
    config = data.draw(CONFIGS[family])
    assert timeline(analysis.memory(config, SIZE, BATCH)) == live_bytes(*make(config))


@pytest.mark.long
@pytest.mark.parametrize("name", representatives(LIBRARIES[::6], LIBRARIES))
def test_what_is_alive_in_networks_of_libraries(name):
    pytest.importorskip(name.split("/")[0])
    assert timeline(analysis.memory(name, SIZE, BATCH)) == live_bytes(*make(name))


class Locals(nn.Module):
    """Its forward pass keeps a tensor that nothing reads again, overwrites another, and pools one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.silu = nn.SiLU(inplace=True)

    def forward(self, x):
        first = self.conv(x)
        second = self.silu(first.sigmoid())
        second += first
        return nn.functional.max_pool2d(second, 2).flatten(1).sum(1)


def test_what_the_locals_of_a_module_keep():
    module, image = Locals().to("meta"), torch.zeros(1, 3, 10, 10, device="meta")
    memory = analysis.memory(module, 10)
    image_bytes, maps, pooled = 4 * 300, 4 * 256, 4 * 64
    held = [maps, 2 * maps, 2 * maps, 2 * maps, 2 * maps + 3 * pooled, 2 * maps + pooled + 4]
    assert timeline(memory) == [image_bytes + nbytes for nbytes in held] == live_bytes(module, image)


class TwoResults(nn.Module):
    """It hands on a large tensor that nothing but a small one is made of."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 4, 3, 4, 1), nn.Conv2d(4, 64, 1)

    def forward(self, x):
        first = self.a(x)
        return {"first": first, "last": self.c(self.b(first))}


@pytest.mark.parametrize("lifetimes", LIFETIMES)
def test_every_result_is_alive_to_the_end(lifetimes):
    module, image = TwoResults(), torch.zeros(1, 3, 32, 32)
    assert analysis.memory(module, 32, lifetimes=lifetimes).peak_bytes == max(live_bytes(module, image))


def test_what_does_nothing_holds_what_it_is_given():
    assert analysis.memory(nn.Identity(), 8).peak_bytes == 4 * 3 * 64
    assert analysis.memory(nn.Identity(), 8, mode="training").saved_bytes == 0


@pytest.mark.parametrize("inplace_relu", [True, False])
@pytest.mark.parametrize("name", representatives(FEW, NAMES))
def test_the_least_is_what_a_program_takes_that_frees_after_the_last_reader(name, inplace_relu):
    model, image = make(name)
    if not inplace_relu:
        without_inplace_relu(model)
    least = analysis.memory(name, SIZE, BATCH, lifetimes="minimal", inplace_relu=inplace_relu)
    assert timeline(least) == live_bytes(symbolic_trace(model), image)


@pytest.mark.parametrize("target", [*FEW, Locals().to("meta")])
def test_eager_modules_never_take_less(target):
    eager, least = (analysis.memory(target, SIZE, lifetimes=lifetimes) for lifetimes in LIFETIMES)
    assert all(more >= less for more, less in zip(timeline(eager), timeline(least), strict=True))


def test_the_tensors_alive_add_up():
    memory = analysis.memory("ese_vovnet19b_dw", SIZE)
    for index, live in enumerate(timeline(memory)):
        assert live == sum(tensor.nbytes for tensor in memory.alive_at(index))
    assert memory.total_bytes == memory.weight_bytes + memory.buffer_bytes + memory.peak_bytes


@pytest.mark.parametrize("row", [row.split(" | ") for row in re.findall(r"^\| (`.*) \|$", TABLE, re.MULTILINE)])
def test_the_table_of_the_guide(row):
    target = row[0].strip("`")
    if "/" in target:
        pytest.importorskip(target.split("/")[0])
    eager, least = (analysis.memory(target, 224, lifetimes=lifetimes).peak_bytes for lifetimes in LIFETIMES)
    assert row[1:] == [f"{eager / 1e6:.2f} MB", f"{least / 1e6:.2f} MB", f"{eager / least:.2f}"]


def test_lifetimes_that_are_none():
    with pytest.raises(ConfigError, match="lifetimes is 'lazy', but must be one of 'eager', 'minimal'"):
        analysis.memory("densenet121", lifetimes="lazy")
