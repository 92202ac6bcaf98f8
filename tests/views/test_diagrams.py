"""Block diagrams: what they say, and that nothing in them overlaps."""

from __future__ import annotations

from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from analysis.structure.diagram import Diagram, diagrams
from archs import get_config, plan_layers
from archs.registry import list_archs
from tests.support.contrast import contrast
from views.charts.diagram import STEM, TINT, draw, place
from views.theme import DARK, LIGHT, Theme, mix

#: Arrows meet round signs so far below their highest point at most.
ROUND = 3


def diagrams_of(name: str, **overrides: object) -> dict[str, Diagram]:
    config = get_config(name, **overrides)
    return diagrams(plan_layers(config), config)


def lines(diagram: Diagram) -> list[tuple[str, ...]]:
    return [box.lines for box in diagram.boxes]


def test_a_dense_layer_is_pre_activated() -> None:
    assert lines(diagrams_of("densenet121")["dense block 1, layer 2"]) == [
        ("block input", "64 channels, 56×56"),
        ("layer 1", "32 channels, 56×56"),
        ("concat",),
        ("BN-ReLU", "1×1 conv, 128"),
        ("BN-ReLU", "3×3 conv, 32"),
        ("output", "32 channels, 56×56"),
    ]


def test_a_two_way_dense_layer_has_two_ways_and_keeps_its_input() -> None:
    diagram = diagrams_of("peleenet")["dense block 1, layer 1"]
    assert [box.lines for box in diagram.boxes if box.shape == "box"] == [
        ("1×1 conv, 16", "BN-ReLU"),
        ("3×3 conv, 16", "BN-ReLU"),
        ("1×1 conv, 16", "BN-ReLU"),
        ("3×3 conv, 16", "BN-ReLU"),
        ("3×3 conv, 16", "BN-ReLU"),
    ]
    joined = next(box.key for box in diagram.boxes if box.shape == "bar")
    assert [edge.label for edge in diagram.edges if edge.target == joined] == ["32", "16", "16"]


def test_the_stem_block_has_two_branches_that_halve_the_size() -> None:
    stem = diagrams_of("peleenet")["stem"]
    assert ("2×2 max pool, stride 2",) in lines(stem)
    joined = next(box.key for box in stem.boxes if box.shape == "bar")
    assert [edge.label for edge in stem.edges if edge.target == joined] == ["32 at 56×56", "32 at 56×56"]


def test_an_osa_module_with_ese_and_identity() -> None:
    diagram = diagrams_of("ese_vovnet57b")["OSA stage 5, module 3"]
    signs = [box.lines for box in diagram.boxes if box.shape == "sign"]
    assert signs == [("×",), ("+",)]
    joined = next(box.key for box in diagram.boxes if box.shape == "bar")
    assert [edge.label for edge in diagram.edges if edge.target == joined] == ["1,024", *["224"] * 5]
    assert ("1×1 conv, 1024", "hard sigmoid") in lines(diagram)
    assert "OSA stage 5, eSE" in diagrams_of("ese_vovnet57b")


@pytest.mark.parametrize(
    ("field", "value", "text"), [("growth_rate", 48, "3×3 conv, 48"), ("bn_size", 2, "1×1 conv, 64")]
)
def test_the_config_changes_the_picture(field: str, value: int, text: str) -> None:
    title = "dense block 1, layer 2"
    assert text not in draw(diagrams_of("densenet121")[title], LIGHT, "")
    assert text in draw(diagrams_of("densenet121", **{field: value})[title], LIGHT, "")


@pytest.mark.parametrize("name", list_archs())
def test_nothing_overlaps(name: str) -> None:
    for diagram in diagrams_of(name).values():
        layout = place(diagram)
        for one, other in combinations(layout.rects.values(), 2):
            assert (
                one.x + one.width <= other.x
                or other.x + other.width <= one.x
                or one.bottom + STEM <= other.y
                or (other.bottom + STEM <= one.y)
            )
        for rect in layout.rects.values():
            assert 0 <= rect.x <= rect.x + rect.width <= layout.width
            assert 0 <= rect.y <= rect.bottom <= layout.height


@pytest.mark.parametrize("name", list_archs())
def test_edges_run_between_boxes(name: str) -> None:
    """Upright pieces pass no box, and pieces that move sideways do so between ranks only."""
    for diagram in diagrams_of(name).values():
        layout = place(diagram)
        for route in layout.routes:
            for (x0, y0), (x1, y1) in pairwise(route.points):
                assert y0 <= y1
                for key, rect in layout.rects.items():
                    end = rect.y + (ROUND if key == route.edge.target else 0)
                    apart = max(x0, x1) <= rect.x or min(x0, x1) >= rect.x + rect.width
                    assert apart or y1 <= end or y0 >= rect.bottom, (diagram.title, route.edge)


def test_lanes_do_not_lie_on_each_other() -> None:
    layout = place(diagrams_of("ese_vovnet57b")["OSA stage 5, module 3"])
    uprights = [
        (x0, y0, y1, route.edge.source)
        for route in layout.routes
        for (x0, y0), (x1, y1) in pairwise(route.points)
        if x0 == x1
    ]
    for (x, top, bottom, source), (other_x, other_top, other_bottom, other) in combinations(uprights, 2):
        assert source == other or x != other_x or bottom <= other_top or other_bottom <= top


def test_the_picture_is_told_to_screen_readers() -> None:
    root = ElementTree.fromstring(draw(diagrams_of("vovnet39")["stem"], LIGHT, "vovnet39"))
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == "vovnet39, stem"
    title, description = root[0], root[1]
    assert title.text == "vovnet39, stem"
    assert (description.text or "").startswith("image, 3 channels, 224×224 to 3×3 conv, 64, stride 2")


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_stands_out_from_every_box(theme: Theme) -> None:
    assert all(contrast(theme.text, mix(colour, theme.page, TINT)) >= 4.5 for colour in theme.kinds.values())
