"""The picture of a whole network: all of its layers, nothing cut, nothing overlapping, and what opens."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pytest

from analysis import Summary, summarize
from analysis.structure.whole import nodes, stages
from archs.registry import list_archs
from tests.support.app import assert_sound, open_app
from tests.support.contrast import contrast
from tests.support.exhaustive import OF_EACH_KIND, representatives
from views.charts.whole import GAP, Shade, draw
from views.theme import DARK, LIGHT, Theme

ARCHITECTURE = "views/architecture/architecture.py"
NETWORKS = representatives(OF_EACH_KIND, list_archs())


def picture(summary: Summary, opened: str, theme: Theme = LIGHT) -> ElementTree.Element:
    found = stages(summary)
    stage = next(one for one in found if one.name == opened)
    inside = nodes(stage, [cost.layer for cost in summary.layers], summary.target.config)
    shades = [[Shade(number / len(row), "12.3\u2009MB") for number in range(len(row))] for row in (found, inside)]
    svg = draw(found, inside, (shades[0], shades[1]), opened, "a network", "#0072B2", theme)
    return ElementTree.fromstring(svg.replace(' xmlns="http://www.w3.org/2000/svg"', ""))


@pytest.mark.parametrize("name", NETWORKS)
def test_units_hold_every_layer_once_and_read_what_is_before_them(name: str) -> None:
    summary = summarize(name)
    layers = [cost.layer for cost in summary.layers]
    found = stages(summary)
    assert [layer.name for stage in found for layer in stage.layers] == [layer.name for layer in layers]
    for stage in found:
        inside = nodes(stage, layers, summary.target.config)
        held = [layer.name for node in inside for layer in node.layers]
        assert sorted(held) == sorted(layer.name for layer in stage.layers)
        assert all(source < number for number, node in enumerate(inside) for source in node.sources)


def test_a_dense_block_has_the_papers_arcs() -> None:
    summary = summarize("densenet121")
    inside = nodes(stages(summary)[1], [cost.layer for cost in summary.layers], summary.target.config)
    assert [node.label for node in inside] == ["input", *"123456", "transition 1"]
    assert sum(len(node.sources) for node in inside[:-1]) == 21  # L(L+1)/2
    assert inside[2].title == "dense block 1, layer 2"


@pytest.mark.long
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_boxes_have_room_and_texts_stand_out(name: str, theme: Theme) -> None:
    summary = summarize(name)
    for stage in stages(summary):
        drawn = picture(summary, stage.name, theme)
        rows: dict[str, list[tuple[float, float]]] = {}
        for group in drawn.iter("g"):
            rect = group.find("rect")
            assert rect is not None
            x, y, width = (float(rect.attrib[key]) for key in ("x", "y", "width"))
            assert 0 <= x <= x + width <= float(drawn.attrib["width"])
            rows.setdefault(rect.attrib["y"], []).append((x, x + width))
            assert contrast(group.attrib["fill"], rect.attrib["fill"]) >= 4.5
            bottom = y + float(rect.attrib["height"])
            assert all(y < float(text.attrib["y"]) < bottom for text in group.findall("text"))
        assert len(rows) == 2
        assert all(left[1] < right[0] for row in rows.values() for left, right in pairwise(row))
        assert all(right[0] - left[1] >= GAP - 0.2 for left, right in pairwise(min(rows.items())[1]))


@pytest.mark.parametrize("colour", ["MACs", "Predicted time", "Live memory"])
def test_the_section(colour: str) -> None:
    app = open_app(ARCHITECTURE, aspect="Whole network", network="peleenet", beside="vovnet39", coloured=colour)
    assert not app.error
    assert app.selectbox(key="opened_network").value.startswith("dense block")
    said = [one.value for one in app.markdown if one.value.startswith(("Of peleenet's", "peleenet holds"))]
    assert len(said) == 1
    assert bool([one for one in app.caption if one.value.startswith("Predicted for RTX 4090")]) == ("time" in colour)
    app.selectbox(key="opened_network").set_value("head").run()
    assert_sound(app)
