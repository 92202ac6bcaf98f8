"""PP-HGNet and PP-HGNetV2: what their layers are, and what their configs refuse."""

from __future__ import annotations

from collections import Counter

import pytest

import analysis
import archs
from analysis.optimize.saving import other_scalings
from analysis.question import find_network
from archs.errors import ConfigError
from archs.hgnet import HGNetConfig


def test_the_layers_of_b0_are_those_of_timms_trace() -> None:
    found = Counter(layer.op for layer in archs.plan_layers("hgnetv2_b0"))
    assert found == {
        **{"conv2d": 43, "batch_norm": 42, "relu": 31, "mul": 31, "add": 32, "pad": 2, "max_pool2d": 1},
        **{"concat": 6, "global_avg_pool": 1, "linear": 1},
    }


def test_an_affine_block_has_two_scalars_and_moves_the_tensor_twice() -> None:
    """Free where it is fused; in eager mode it reads and writes as much as batch norm and ReLU."""
    with_blocks, without = (
        analysis.summarize(archs.get_config("hgnetv2_b0", learnable_affine=affine)) for affine in (True, False)
    )
    assert with_blocks.params - without.params == 2 * 31
    assert with_blocks.macs == without.macs
    moved = {"affine": 0, "relu": 0}
    for cost in with_blocks.layers:
        kind = "affine" if "constant" in cost.layer.inputs else cost.layer.op
        moved[kind] = moved.get(kind, 0) + cost.quantities()["bytes_moved"]
    assert moved["affine"] - 2 * moved["relu"] == 4 * 2 * 31


@pytest.mark.parametrize("written", ["PP-HGNetV2-B4", "PPHGNetV2_B4", "HGNetV2-B4"])
def test_it_is_found_as_paddle_writes_it(written: str) -> None:
    assert find_network(written) == "hgnetv2_b4"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"version": "v1"}, r"stem_channels is \(32, 48\), but must be three integers in v1, such as \(32, 32, 48\)"),
        ({"stem_channels": (8, 8, 16)}, r"two integers in v2, such as \(8, 16\)"),
        ({"stem_channels": (7, 8)}, "even first, such as 8"),
        ({"kernels": (3, 3, 4, 5)}, "odd, such as 5"),
        ({"out_channels": (33, 64, 64, 64)}, "even in v2, such as 34"),
        (
            {"version": "v1", "stem_channels": (8, 8, 8), "learnable_affine": True},
            "learnable_affine is True, but must be False in v1",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        HGNetConfig(**fields)  # type: ignore[arg-type]


def test_optimising_says_why_affine_blocks_stay() -> None:
    stay = "stay: they follow ReLU, not a convolution"
    found = Counter(other_scalings(archs.plan_layers("hgnetv2_b0")).values())
    assert found == {f"multiplications by weights {stay}": 31, f"additions of weights {stay}": 31}
