"""CSPNet: halves go around its blocks, and what its configs refuse is told with what would do."""

from __future__ import annotations

import pytest

import analysis
import archs
from analysis.structure.connectivity import blocks
from analysis.structure.diagram import diagrams
from archs.errors import ConfigError


def test_a_stage_sends_half_of_its_channels_around_its_blocks() -> None:
    layers = {layer.name: layer for layer in archs.plan_layers("cspdarknet53")}
    first, joined = layers["stages.1.blocks.0.conv1.conv"], layers["stages.1.concat"]
    assert (first.inputs, first.offsets, first.input_shapes[0][1]) == (("stages.1.conv_exp.act",), (64,), 64)
    assert joined.inputs == ("stages.1.conv_exp.act", "stages.1.conv_transition_b.act")
    assert joined.offsets == (0, 0)
    around = {layer.name: layer for layer in archs.plan_layers("cs3darknet_s")}["stages.1.concat"]
    assert around.inputs == ("stages.1.blocks.2.add", "stages.1.conv_exp.act")
    assert around.offsets == (0, 64)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"out_channels": 11}, "expand_ratio is 1.0, but must be such that stage 1 has an even number of channels"),
        ({"groups": 7}, "groups is 7, but must be a divisor of all channels"),
        ({"bottle_ratio": 0.001}, "bottle_ratio is 0.001, but must be larger, so that the blocks of stage 1"),
        ({"expand_ratio": (1.0, 2.0)}, "a sequence of 4"),
        ({"expand_ratio": 0}, "a number in (0, 4]"),
    ],
)
def test_what_configs_refuse(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        archs.get_config("cs3darknet_l", **changes)
    assert sentence in str(refusal.value)


def test_darknet53_is_as_deep_as_its_name_and_a_csp_network_is_not() -> None:
    assert analysis.count_depth("darknet53").formula == "1 + 5 + 2×23 + 1 = 53"
    depth = analysis.count_depth("cspdarknet53")
    assert (depth.total, depth.named, depth.note) == (68, None, "")


def test_the_way_around_the_blocks_is_drawn() -> None:
    layers, config = archs.plan_layers("cspresnet50"), archs.get_config("cspresnet50")
    drawn = diagrams(layers, config)["stage 2"]
    chain = next(box for box in drawn.boxes if box.key == "stages.1.blocks.0.conv1.conv")
    assert chain.lines == ("[1×1 conv, 128", "3×3 conv, 128", "1×1 conv, 256", "identity] × 3")
    halves = [edge.target for edge in drawn.edges if edge.label == "256 of 512"]
    assert halves == [chain.key, "stages.1.concat"]
    block = blocks(layers)[1]
    assert [(reader.label, reader.sources) for reader in block.readers] == [("1", (1,)), ("aggregation", (0, 2))]
    assert [feature.label for feature in block.features] == ["part 1", "part 2", "1"]
