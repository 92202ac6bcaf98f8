"""RDNet: what its layers are, and what its configs refuse."""

from __future__ import annotations

from collections import Counter

import pytest

import analysis
import archs
from analysis.optimize.saving import other_scalings
from analysis.structure.connectivity import blocks
from analysis.structure.findings import architecture_finding
from analysis.structure.table import table
from archs.errors import ConfigError
from archs.rdnet import RDNetConfig
from archs.registry import get_family


def test_the_layers_of_tiny_are_those_of_timms_trace() -> None:
    found = Counter(layer.op for layer in archs.plan_layers("rdnet_tiny"))
    assert found == {
        **{"conv2d": 85, "layer_norm": 29, "concat": 28, "gelu": 21, "mul": 36, "global_avg_pool": 16},
        **{"hardsigmoid": 15, "linear": 1},
    }


@pytest.mark.parametrize(
    ("name", "counts"),
    [("tiny", "3 + 3 + 12 + 3"), ("small", "3 + 3 + 21 + 6"), ("base", "3 + 3 + 21 + 6"), ("large", "3 + 3 + 24 + 6")],
)
def test_blocks_are_told_by_resolution(name: str, counts: str) -> None:
    assert f"dense blocks ({counts})" in get_family("rdnet").prose.blocks(archs.get_config(f"rdnet_{name}"))


def test_every_block_reads_the_whole_list() -> None:
    found = blocks(archs.plan_layers("rdnet_tiny"))
    assert [block.count() for block in found] == [6] * 7
    assert [block.features[0].channels for block in found] == [64, 128, 216, 296, 336, 360, 368]
    assert [block.readers[-1].label for block in found] == [*(f"transition {n}" for n in range(1, 7)), "head"]


def test_what_its_layer_norms_keep_is_told_as_maps() -> None:
    summary = analysis.summarize("rdnet_tiny")
    assert architecture_finding(summary).endswith("A 224×224 image becomes 1,040 channels at 7×7.")
    assert table(summary)[0].output_size == (56, 56)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"downsample": 1}, "0 for the first stage, in front of which the stem downsamples by 4"),
        ({"compression": 0.01}, "at least 8/256, so that transition 1 makes 8 of 256 channels"),
        ({"expansion": 0.1}, "at least 8/64, so that a block that reads 64 has 8 inner channels"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        RDNetConfig(**fields)  # type: ignore[arg-type]


def test_optimising_says_why_layer_norms_stay() -> None:
    found = Counter(other_scalings(archs.plan_layers("rdnet_tiny")).values())
    assert found["layer norms stay: they take the statistics of what they read"] == 29
    assert found["multiplications by weights stay: they follow multiplication, not a convolution"] == 15
    assert sum(found.values()) == 29 + 21
