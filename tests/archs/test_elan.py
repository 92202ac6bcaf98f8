"""ELAN: which convolutions of a row are joined, what its downsampling needs, and that its classifier is ours."""

from __future__ import annotations

import pytest

import analysis
import archs
from analysis.question import find_network
from analysis.structure.findings import architecture_finding
from archs.errors import ConfigError


@pytest.mark.parametrize(("layers", "step", "joined"), [(4, 2, [3, 1]), (5, 2, [4, 2, 0]), (2, 1, [1, 0]), (3, 5, [2])])
def test_every_step_th_of_a_row_is_joined_the_newest_first(layers, step, joined):
    config = archs.get_config("yolov7", layers=layers, step=step)
    concat = next(layer for layer in archs.plan_layers(config) if layer.name == "stages.0.blocks.0.concat")
    row = [f"stages.0.blocks.0.conv_mid.{number}.act" for number in joined]
    assert concat.inputs == (*row, "stages.0.blocks.0.conv_in.act", "stages.0.blocks.0.conv_cross.act")


@pytest.mark.parametrize(
    ("name", "size", "nearest"),
    [("yolov7", 225, 224), ("yolov7", 112, 125), ("yolov7_e6", 224, 256), ("yolov7_w6", 255, 256)],
)
def test_sides_that_two_branches_cannot_halve_alike(name, size, nearest):
    """A max pool rounds down, a convolution up: 125 is 63, then 32, behind YOLOv7's stem."""
    with pytest.raises(ConfigError, match=f"image_size is {size}, but must be .* the nearest is {nearest}"):
        archs.plan_layers(name, size)


def test_halves_need_even_channels():
    with pytest.raises(ConfigError, match=r"out_channels is .* but must be even, such as 256 for 255"):
        archs.get_config("yolov7", out_channels=(255, 512, 1024, 1024))
    archs.get_config("yolov7", out_channels=(255, 512, 1024, 1024), downsampling="pool")


@pytest.mark.parametrize("name", archs.list_archs(family="elan"))
def test_the_classifier_is_said_to_be_ours(name):
    summary = analysis.summarize(name, None)
    assert "global pooling and classifier are ours" in architecture_finding(summary)
    assert "a classifier of ours" in archs.get_spec(name).source
    assert summary.layers[-1].layer.stage == "head (ours)"


def test_people_find_it_by_the_papers_names():
    names = ("YOLOv7", "YOLOv7-tiny", "YOLOv7-X", "YOLOv7-W6", "YOLOv7-E6E")
    assert [find_network(name) for name in names] == ["yolov7", "yolov7_tiny", "yolov7x", "yolov7_w6", "yolov7_e6e"]
