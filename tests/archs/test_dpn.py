"""DPN: two paths in one tensor."""

from __future__ import annotations

import pytest

import analysis
import archs
from analysis.structure.connectivity import blocks
from archs.errors import ConfigError


def test_a_block_adds_to_the_residual_path_and_appends_to_the_dense_one() -> None:
    layers = {layer.name: layer for layer in archs.plan_layers("dpn92")}
    before, added, joined = (layers[f"features.{name}"] for name in ("conv2_2.concat", "conv2_3.add", "conv2_3.concat"))
    assert (added.inputs, added.offsets) == (("features.conv2_2.concat", "features.conv2_3.c1x1_c.conv"), (0, 0))
    assert {shape[1] for shape in added.input_shapes} == {256}
    assert joined.inputs == (added.name, before.name, "features.conv2_3.c1x1_c.conv")
    assert joined.offsets == (0, 256, 256)
    assert [shape[1] for shape in joined.input_shapes] == [256, 4 * 16, 16]


def test_the_name_48_counts_50() -> None:
    assert analysis.count_depth("dpn92").formula == "1 + 3×30 + 1 = 92"
    depth = analysis.count_depth("dpn48b")
    assert (depth.total, depth.named) == (50, 48)
    assert depth.note.startswith("The name says 48, but ")


def test_groups_divide_the_bottleneck() -> None:
    with pytest.raises(ConfigError, match=r"base_width is 100, but must be a multiple of groups \(32\), such as 96"):
        archs.get_config("dpn92", base_width=100)


def test_all_that_is_dense_is_read_and_of_the_residual_path_its_end() -> None:
    block = blocks(archs.plan_layers("dpn68"))[1]
    read = {reader.label: [block.channels_read(source, reader) for source in reader.sources] for reader in block.makers}
    assert read == {"1": [144], "2": [128 + 3 * 32], "3": [3 * 32, 128 + 32], "4": [3 * 32, 32, 128 + 32]}
