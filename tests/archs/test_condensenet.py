"""CondenseNet: its converted layers compute what the learned ones do, and its fields have to go together."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

import analysis
import archs
from analysis.structure.feature_reuse import shares_finding, shares_read
from analysis.structure.wiring import wiring_finding
from archs.condensenet.modules import CondenseConv, Reactivation, spread
from archs.errors import ConfigError

CONFIG = archs.get_config("condensenet74_c4_g4", groups=2, condense_factor=4)


def dense_weight(conv: torch.nn.Conv2d, outputs: torch.Tensor, inputs: torch.Tensor, shape: tuple[int, int]):
    """The weights of a convolution in one group, with zeros where a group reads nothing."""
    weight = torch.zeros(*shape, 1, 1, dtype=torch.float64)
    per_out, per_in = conv.out_channels // conv.groups, conv.in_channels // conv.groups
    for o in range(conv.out_channels):
        for i in range(per_in):
            weight[outputs[o], inputs[o // per_out * per_in + i]] += conv.weight[o, i]
    return weight


@torch.no_grad()
def test_index_groups_and_shuffle_are_a_masked_convolution():
    """arXiv:1711.09224, section 3.2: each group reads a quarter of the channels, wherever they are."""
    layer = CondenseConv(CONFIG, 16, 8, hardswish=False).double().eval()
    layer.index.copy_(torch.randperm(16)[:8])
    x = torch.randn(2, 16, 5, 5, dtype=torch.float64)
    shuffled = torch.tensor([o % 4 * 2 + o // 4 for o in range(8)])
    weight = dense_weight(layer.conv, shuffled, layer.index, (8, 16))
    seen = (x / (1 + layer.norm.eps) ** 0.5).relu()
    assert torch.allclose(layer(x), F.conv2d(seen, weight), rtol=0, atol=1e-12)
    assert (weight == 0).float().mean() == 0.75


@torch.no_grad()
def test_reactivation_is_the_same_the_other_way_round():
    """arXiv:2104.04382, section 3.2: groups of the new features renew channels wherever they are."""
    layer = Reactivation(CONFIG, 8, 16, hardswish=False).double().eval()
    layer.index.copy_(torch.randperm(16))
    x = torch.randn(2, 8, 5, 5, dtype=torch.float64)
    placed, shuffled = layer.index.argsort(), torch.tensor([i % 4 * 2 + i // 4 for i in range(8)])
    weight = dense_weight(layer.conv, placed, shuffled, (16, 8))
    seen = (x / (1 + layer.norm.eps) ** 0.5).relu()
    assert torch.allclose(layer(x), F.conv2d(seen, weight), rtol=0, atol=1e-12)


def test_an_index_reads_evenly_until_one_is_loaded():
    assert spread(4, 8).tolist() == [0, 2, 4, 6]
    assert spread(8, 8).tolist() == list(range(8))
    assert spread(8, 4).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"growth_rates": (8, 16, 32, 63, 128)}, r"a multiple of 4 in block 4, such as 64, so that groups"),
        ({"growth_rates": 2}, "a multiple of 4 in block 1, such as 4"),
        ({"groups": 3}, r"growth_rates is \(8, 16, 32, 64, 128\), but must be a multiple of 12 in block 1, such as 12"),
        ({"layers_per_block": (1,), "growth_rates": 1, "groups": 4, "groups_3x3": 1}, "a multiple of 2 in block 1"),
        ({"growth_rates": (8, 16)}, "growth_rates"),
    ],
)
def test_what_does_not_go_together_is_told_with_the_nearest_that_does(fields, message):
    with pytest.raises(ConfigError, match=message):
        archs.get_config("condensenet74_c4_g4", **fields)


def test_weights_behind_an_index_tell_nothing_of_features():
    layers = archs.plan_layers("condensenet74_c4_g4")
    assert not shares_read(layers)
    assert "no block whose weights fall into one slice" in shares_finding("condensenet74_c4_g4", shares_read(layers))


def test_reactivated_blocks_are_not_rewired():
    finding = wiring_finding(analysis.summarize("condensenetv2_a"))
    assert finding.endswith("Their layers add to what they read, so that they cannot be wired in another way.")
