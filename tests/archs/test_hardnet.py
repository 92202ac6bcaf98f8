"""HarDNet: the links and channels of its paper, and its authors' files."""

from __future__ import annotations

import pytest

import analysis
import archs
from analysis.question import find_network
from analysis.structure.diagram import diagrams
from archs.hardnet.config import links, outputs
from archs.registry import get_family


def test_links_lead_to_powers_of_two_back():
    assert [links(layer) for layer in (1, 2, 3, 4, 6, 8, 12)] == [
        (0,),
        (1, 0),
        (2,),
        (3, 2, 0),
        (5, 4),
        (7, 6, 4, 0),
        (11, 10, 8),
    ]
    assert [outputs(layers) for layers in (1, 4, 5)] == [(1,), (1, 3, 4), (1, 3, 5)]


def test_channels_by_hand():
    """14·1.7 = 23.8, 14·1.7² = 40.46 and 14·1.7³ = 68.782, to even numbers; 26·1.5 = 39 goes up to 40."""
    config = archs.get_config("hardnet68")
    assert [config.layer_channels(0, layer) for layer in (1, 2, 4, 8)] == [14, 24, 40, 68]
    assert archs.get_config("hardnet68", growth_rates=(26,) * 5, multiplier=1.5).layer_channels(0, 2) == 40


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("hardnet39ds", "2 + 32 + 4 + 1 = 39"),
        ("hardnet68ds", "2 + 60 + 5 + 1 = 68"),
        ("hardnet85", "2 + 76 + 6 + 1 = 85"),
    ],
)
def test_a_depthwise_pair_is_one_layer_and_downsampling_none(name, formula):
    assert analysis.count_depth(name).formula == formula


def test_the_authors_dropout_of_hardnet85_moves_two_modules():
    plain, moved = get_family("hardnet").weights.layouts
    assert plain.rename("base.18.conv.weight") == "base.18.conv.weight"
    assert [moved.rename(f"base.{index}.conv.weight") for index in (16, 18)] == [
        "base.16.conv.weight",
        "base.17.conv.weight",
    ]
    assert archs.plan_layers("hardnet85")[-1].name == moved.rename("base.19.3")


def test_a_diagram_shows_all_links_of_a_block():
    config = archs.get_config("hardnet68")
    found = diagrams(archs.plan_layers(config), config)["HarD block 1"]
    assert sum("ReLU6" in " ".join(box.lines) for box in found.boxes) == 8
    assert sum(box.shape == "bar" for box in found.boxes) == 5


def test_people_find_it_by_the_papers_names():
    assert [find_network(name) for name in ("HarDNet-68", "HarDNet-39DS", "hardnet 85")] == [
        "hardnet68",
        "hardnet39ds",
        "hardnet85",
    ]
