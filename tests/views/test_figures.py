"""What the charts and tables of the views are drawn from, without Streamlit."""

from __future__ import annotations

import json

import pandas as pd
import plotly.graph_objects as go
import pytest
from plotly.io import to_json

from analysis import summarize
from analysis.units import format_change, format_difference
from archs.registry import get_config, get_family, list_families
from views.charts.axes import WIDE_ONLY
from views.charts.costs import in_order, treemap, waterfall
from views.charts.counters import differences
from views.charts.depth import profile
from views.charts.evidence import NO_ERROR, error_bar, mark_style
from views.charts.once import Once
from views.charts.panels import GHOST, behind
from views.sections.layer_tables import layer_frame
from views.tables import by_area
from views.theme import LIGHT, OTHER_VARIANTS


def steps(**values: int) -> pd.DataFrame:
    names = [name.replace("_", " ") for name in values]
    return pd.DataFrame({"unit": "MACs", "step": names, "value": list(values.values())})


PTFLOPS = steps(ours=1000, bias=5, ReLU=20, batch_norm=30, ReLU_again=20, missed_linear=-600, reported=475)


def test_a_waterfall_goes_from_ours_to_the_counters_figure() -> None:
    [bars] = waterfall(PTFLOPS, "ptflops", LIGHT).data
    assert bars.y == ("DenseScope", "missed linear", "ReLU", "ReLU again", "batch norm", "bias", "ptflops")
    assert bars.base == (0, 0, -600, -580, -560, -530, 0)
    assert bars.x == (0, -600, 20, 20, 30, 5, -525)
    assert bars.base[-2] + bars.x[-2] == bars.x[-1]


def test_a_waterfall_of_a_counter_that_agrees() -> None:
    figure = waterfall(steps(ours=7, reported=7), "FlopCounterMode", LIGHT)
    assert figure.data[0].x == (0, 0)
    assert figure.layout.xaxis.title.text == "beyond our 7 MACs: no difference"


def test_all_counters_stand_in_one_picture_as_shares_of_our_figure() -> None:
    agreeing = steps(ours=7, reported=7).assign(counter="FlopCounterMode")
    figure = differences(pd.concat([PTFLOPS.assign(counter="ptflops"), agreeing], ignore_index=True), LIGHT)
    *bars, sums = figure.data
    assert {bar.name: bar.showlegend for bar in bars if bar.showlegend} == dict.fromkeys(
        ["linear", "normalisation", "activation", "arithmetic"], True
    )
    assert sum(bar.x[0] for bar in bars) == pytest.approx(-0.525)
    assert [text.strip() for text in sums.text] == ["−52.5\u2009%", "as ours"]


def test_a_baseline_stands_behind_the_layers_of_its_names() -> None:
    before, after = (
        layer_frame(summarize(get_config("densenet121", block_config=blocks))) for blocks in ((2, 4), (3,))
    )
    ghost = behind(before, after)
    assert set(ghost["name"]) == set(before["name"]) & set(after["name"])
    places = after.set_index("name")["number"]
    assert list(ghost["number"]) == [places[name] for name in ghost["name"]]
    plain, ghosted = profile(after, LIGHT), profile(after, LIGHT, ghost)
    bars = [trace for trace in ghosted.data if trace.name == GHOST]
    assert len(bars) == 3
    assert len(ghosted.data) == len(plain.data) + 5
    assert sum(bars[0].y) == 2 * ghost["macs"].sum()  # both upper corners of each
    said = [trace for trace in ghosted.data if trace.mode == "markers"]
    assert [sum(GHOST in text for text in trace.hovertext) for trace in said] == [len(ghost)] * 3


def test_every_bar_along_the_depth_is_in_one_outline_and_tells_of_itself() -> None:
    frame = layer_frame(summarize("peleenet"))
    figure = profile(frame, LIGHT)
    for axis, key in (("y3", "macs"), ("y4", "memory_access_cost"), ("y5", "bytes_moved")):
        *outlines, marks = [trace for trace in figure.data if trace.yaxis == axis]
        assert sum(sum(outline.y) for outline in outlines) == 2 * frame[key].sum()
        assert list(marks.y) == list(frame[key])
        assert all(name in text for name, text in zip(frame["name"], marks.hovertext, strict=True))


def test_a_chart_that_is_copied_is_the_same_for_plotly() -> None:
    """What the browser compares: no template, no typed arrays, and one revision."""
    given = profile(layer_frame(summarize("peleenet")), LIGHT)
    found = json.loads(to_json(Once(given, clicked=True).to_dict(), validate=False))
    assert "template" not in found["layout"]
    assert found["layout"]["datarevision"] == 1
    assert found["layout"]["clickmode"] == "event+select"
    assert all(isinstance(trace["x"], list) for trace in found["data"])
    assert found["layout"]["yaxis6"]["gridcolor"] == LIGHT.grid
    assert found["layout"]["yaxis6"]["ticktext"] == list(given.layout.yaxis6.ticktext)
    assert found["layout"]["margin"] == given.layout.template.layout.margin.to_plotly_json() | {"t": 26}


@pytest.mark.parametrize(("template", "clicked"), [("%{x}", "<a href=//x>"), ("%{customdata}", "&lt;a href=//x>")])
def test_names_are_no_links_wherever_a_chart_draws_them(template: str, clicked: str) -> None:
    given = go.Figure(go.Bar(x=["<a href=//x>"], y=[1], customdata=["<a href=//x>"], hovertemplate=template))
    [trace] = Once(given.update_layout(template=LIGHT.template)).to_dict()["data"]
    assert trace["x"] == ["&lt;a href=//x>"]
    assert trace["customdata"] == [clicked], "as it was given where a click brings it back"


def test_what_is_counted_again_stands_behind_what_it_repeats() -> None:
    assert [step for step, _ in in_order(PTFLOPS)][2:4] == ["ReLU", "ReLU again"]


def test_stages_that_are_called_like_their_layers_do_not_empty_the_treemap() -> None:
    layers = pd.DataFrame(
        {"name": ["conv1", "add"], "stage": ["conv1", "add"], "kind": ["linear", "concat"], "macs": [2, 1]}
    )
    [chart] = treemap(layers, "macs", "net", LIGHT).data
    assert len(set(chart.ids)) == len(chart.ids) == 7
    assert chart.values[0] == 3


def test_every_stage_of_a_treemap_says_its_share() -> None:
    frame = layer_frame(summarize("densenet121"))
    [chart] = treemap(frame, "bytes_moved", "densenet121", LIGHT).data
    shares = {label for label, parent in zip(chart.labels, chart.parents, strict=True) if parent == "densenet121"}
    assert {"dense block 1 31\u2009%", "head 1.1\u2009%"} < shares
    assert chart.maxdepth == 3


def test_every_dense_block_is_named_along_the_depth() -> None:
    figure = profile(layer_frame(summarize("densenet121")), LIGHT)
    names = [note.text for note in figure.layout.annotations]
    hidden = [WIDE_ONLY.format(name) for name in ("block 1", "dense block 2", "dense block 4")]  # on phones
    assert names == [*hidden[:2], "dense block 3", hidden[2]]


def test_sizes_of_equal_area_keep_their_own_text() -> None:
    areas, write = by_area(pd.Series([(7, 768), (56, 96), None], dtype=object))
    assert [write(area) for area in areas.dropna()] == ["7×768", "56×96"]


@pytest.mark.parametrize("library", ["timm", "torchvision"])
def test_libraries_are_neutral_and_marked_on_their_own(library: str) -> None:
    red, green, blue = (int(LIGHT.variant_colour(library, library)[i : i + 2], 16) for i in (1, 3, 5))
    assert max(red, green, blue) - min(red, green, blue) < 16
    of_families = [style for family in list_families() for style in get_family(family).look.variants.values()]
    symbols = [style.symbol for style in (*of_families, *OTHER_VARIANTS.values())]
    assert symbols.count(OTHER_VARIANTS[library].symbol) == 1


@pytest.mark.parametrize("family", list_families())
def test_marks_of_every_variant_can_be_filled_and_dotted(family: str) -> None:
    for style in get_family(family).look.variants.values():
        assert "open" not in style.symbol  # it would be drawn in the colour of the fill, which predictions have none of
        go.Scatter(marker=mark_style("published", "#000000", LIGHT, style.symbol))


def test_an_error_stays_at_its_own_figure_whatever_else_is_not_known() -> None:
    bar = error_bar([None, (0.1, 0.5), None], [10, 20, 30], LIGHT)
    assert bar["visible"]
    assert (bar["arrayminus"][1], bar["array"][1]) == (2, 10)
    assert bar["array"][0] == bar["array"][2] == NO_ERROR  # no number, of which Plotly draws nothing
    assert not error_bar([None], [10], LIGHT)["visible"]
    go.Figure(go.Bar(x=[10, 20, 30], error_x=bar))


def test_differences_carry_their_sign() -> None:
    assert [format_difference(value) for value in (62_669_824, -1000)] == ["+62.7\u2009M", "−1.00\u2009k"]
    assert [format_change(share) for share in (0.0222, -3e-5, 0)] == ["+2.22\u2009%", "−0.003\u2009%", "0\u2009%"]
