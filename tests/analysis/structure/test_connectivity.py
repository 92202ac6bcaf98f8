"""Who reads whom: counts of connections, what is passed, and what the other wiring would cost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import summarize
from analysis.structure.connectivity import Block, blocks
from analysis.structure.wiring import COSTS, actual_pattern, can_be_rewired, wiring, wiring_finding, wiring_rows
from archs import get_config, plan_layers
from archs.errors import ConfigError
from archs.registry import list_archs
from tests.support.exhaustive import examples
from tests.support.strategies import CONFIGS


def blocks_of(name: str, **overrides: object) -> list[Block]:
    return blocks(plan_layers(get_config(name, **overrides)))


def triangle(length: int) -> int:
    return length * (length + 1) // 2


@pytest.mark.parametrize(
    ("name", "lengths"),
    [("densenet121", (6, 12, 24, 16)), ("peleenet", (3, 4, 8, 6)), ("densenetbc250_k24", (41, 41, 41))],
)
def test_dense_blocks_have_a_full_triangle(name: str, lengths: tuple[int, ...]) -> None:
    found = blocks_of(name)
    assert [block.count() for block in found] == [triangle(length) for length in lengths]
    assert [block.count("last") for block in found] == [length + 1 for length in lengths]
    for block in found:
        assert [reader.sources for reader in block.makers] == [(*range(n + 1),) for n in range(len(block.makers))]


@pytest.mark.parametrize(("name", "modules"), [("vovnet39", 6), ("vovnet57", 9), ("vovnet27_slim", 4)])
def test_osa_modules_read_one_feature_each_and_all_at_the_end(name: str, modules: int) -> None:
    found = blocks_of(name)
    assert len(found) == modules
    for block in found:
        assert [reader.sources for reader in block.makers] == [(n,) for n in range(5)]
        assert (block.count(), block.count("last"), block.count("identity")) == (5, 6, 0)


def test_harmonic_layers_read_powers_of_two_back() -> None:
    block = blocks_of("hardnet39ds")[1]
    assert [reader.sources for reader in block.makers[:8]] == [
        (0,),
        (0, 1),
        (2,),
        (0, 2, 3),
        (4,),
        (4, 5),
        (6,),
        (0, 4, 6, 7),
    ]
    assert block.makers[11].sources == (8, 10, 11)
    assert block.readers[-1].sources == (1, 3, 5, 7, 9, 11, 13, 15, 16)


@pytest.mark.parametrize(("name", "read"), [("yolov7", (1, 2, 4, 6)), ("yolov7_tiny", (1, 2, 3, 4))])
def test_elan_aggregates_every_step_th_layer_of_a_row(name: str, read: tuple[int, ...]) -> None:
    block = blocks_of(name)[0]
    rows = [(n,) for n in range(2, len(block.makers))]
    assert [reader.sources for reader in block.makers] == [(0,), (0,), *rows]
    assert (block.readers[-1].label, block.readers[-1].sources) == ("aggregation", read)


def test_identities_are_those_of_repeated_modules() -> None:
    assert [block.count("identity") for block in blocks_of("ese_vovnet57b")] == [0, 0, 0, 1, 1, 1, 0, 1, 1]


def test_channels_passed() -> None:
    block = blocks_of("densenet121")[1]
    assert [feature.channels for feature in block.features] == [128, *[32] * 12]
    passed = [(one.source.label, one.channels) for one in block.connections() if one.reader.label == "3"]
    assert passed == [("input", 128), ("1", 32), ("2", 32)]


def test_two_ways_are_one_layer() -> None:
    block = blocks_of("peleenet")[0]
    scope = "features.denseblock1.denselayer1"
    assert block.features[1].tensors == (f"{scope}.branch1b.relu", f"{scope}.branch2c.relu")
    assert [layer.name for layer, _ in block.makers[0].entries] == [f"{scope}.branch1a.conv", f"{scope}.branch2a.conv"]
    assert block.features[1].channels == 32


def test_names_of_the_last_readers() -> None:
    assert [block.readers[-1].label for block in blocks_of("densenet121")] == [
        "transition 1",
        "transition 2",
        "transition 3",
        "head",
    ]
    assert blocks_of("vovnet39")[0].readers[-1].label == "aggregation"


@pytest.mark.parametrize("name", list_archs())
def test_what_is_read_adds_up_to_what_the_weights_take(name: str) -> None:
    for block in blocks_of(name):
        for reader in block.readers:
            for layer, slices in reader.entries:
                assert sum(channels for _, channels in slices) == layer.input_shapes[0][1]


@pytest.mark.parametrize("name", list_archs())
def test_the_actual_wiring_costs_what_the_meter_counts(name: str) -> None:
    """Rewiring a block the way that it is wired changes nothing; one that splits tensors or adds to them is not."""
    summary = summarize(name, image_size=None)
    for block in blocks([cost.layer for cost in summary.layers]):
        if not can_be_rewired(block):
            continue
        own = {layer.name for layer in block.layers}
        costs = [cost for cost in summary.layers if cost.layer.name in own]
        found = wiring(block, actual_pattern(block))
        assert found[1:] == tuple(sum(getattr(cost, key) for cost in costs) for key in COSTS[1:])
        assert found.connections == block.count() + block.count("last")


@settings(max_examples=examples(60))
@given(st.one_of(*CONFIGS.values()))
def test_dense_is_never_cheaper_for_any_config(config: object) -> None:
    try:
        layers = plan_layers(config)
    except ConfigError:
        return
    for block in blocks(layers):
        assert all(more >= less for more, less in zip(wiring(block, "dense"), wiring(block, "one-shot"), strict=True))


def test_a_densely_connected_osa_by_hand() -> None:
    """VoVNet-39, stage 2: 128 channels everywhere at 56×56, five 3×3 convolutions, one aggregation to 256."""
    block, area = blocks_of("vovnet39")[0], 56 * 56
    aggregation = area * (768 + 256) + 768 * 256
    for pattern, reads in (("one-shot", [1] * 5), ("dense", [1, 2, 3, 4, 5])):
        found = wiring(block, pattern)
        expected = sum(area * (128 * n + 128) + 9 * 128 * n * 128 for n in reads) + aggregation
        assert found.memory_access_cost == expected
        assert found.macs == area * (sum(9 * 128 * n * 128 for n in reads) + 768 * 256)
    assert wiring(block, "dense").connections == 15 + 6


def test_the_finding_of_a_harmonic_network() -> None:
    sentence = wiring_finding(summarize("hardnet68"))
    assert "hardnet68's 5 blocks have 150 connections. Densely connected, the same layers would have 519, " in sentence
    assert "Aggregated once, the same layers would have 125, " in sentence


def test_libraries_networks_have_the_same_connections() -> None:
    pytest.importorskip("torchvision")
    layers = [cost.layer for cost in summarize("torchvision/densenet121").layers]
    assert [block.count() for block in blocks(layers)] == [21, 78, 300, 136]
    resnet = summarize("torchvision/resnet18")
    assert wiring_rows(resnet) == []
    assert wiring_finding(resnet) == (
        "torchvision/resnet18 has no block that concatenates its input with what its layers add."
    )


def test_the_finding_of_a_dense_network() -> None:
    sentence = wiring_finding(summarize("densenet121"))
    assert "597 connections, L(L+1)/2 = 300 of them between the layers of the longest (L = 24)" in sentence
    assert "Aggregated once, the same layers would have 120, ×0.587 the MACs" in sentence
