"""Hardware: how fast, against the peak, against FLOPs, and under the roofline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from analysis import Summary, summarize
from analysis.columns import columns
from analysis.hardware.findings import (
    disturbed_finding,
    flip_finding,
    interval_finding,
    paradox_finding,
    roofline_finding,
    speed_verdict,
    use_finding,
)
from analysis.hardware.predict.predict import Prediction, predict
from analysis.hardware.speeds import Speed, strongest
from analysis.precision import parse_dtype
from analysis.quantities import label_of
from views import tables, widgets
from views.answers import by_content
from views.charts.accuracy import paradox
from views.charts.roofline import LayerPoint, ridge, roofline
from views.charts.speeds import MOST, bars, flipped_pairs, order
from views.hardware.question import (
    Question,
    circumstances,
    colours,
    known,
    marks,
    own_speeds,
    show_speeds,
)
from views.workbench import target_of

if TYPE_CHECKING:
    import plotly.graph_objects as go

QUANTITIES = {key: label_of(key) for key in ("images_per_s", "flops_per_s")}
SHOWN = {"best": "Strongest", "all": "All kinds"}
QUESTIONS = {
    "images_per_s": "Which network is fastest, eager and compiled?",
    "flops_per_s": "How much of each GPU do the networks use?",
}
SPEEDS_HELP = (
    "All devices have one scale. GPU FLOP/s: 2 × MACs of convolution and linear layers / time. Eager runs each layer "
    "as its own kernel; compiled is torch.compile. Hover a bar for its source."
)
ORDER_HELP = (
    "Networks whose order in images/s differs between eager and compiled: their lines cross. Heights are images/s over "
    f"the mean of these networks, so that what all of them gain is left out; of more than {MOST} on a device those "
    "that are furthest apart. The table above has the figures."
)
#: Charts beside each other.
ABREAST = 3


def draw_speeds(question: Question) -> None:
    """The section."""
    speeds, _ = known(question)
    best = strongest(speeds)
    says = st.empty()
    if not best:
        says.markdown(widgets.literal(speed_verdict(best)))
        return
    st.caption(widgets.literal(_footnote(question, best)))
    with st.container(horizontal=True):
        key = widgets.choose_segment("Quantity", "speed", QUANTITIES, "images_per_s", label_visibility="collapsed")
        help = "Strongest: measured before published before predicted. All kinds: side by side."
        shown = widgets.choose_segment("Evidence", "evidence", SHOWN, "best", label_visibility="collapsed", help=help)
    more = use_finding(best) if key == "flops_per_s" else flip_finding(best)
    says.markdown(widgets.literal(f"{speed_verdict(best)} {more}"))
    theme = widgets.current_theme()
    shades = colours(question.names, theme)
    with widgets.chart_or_table(QUESTIONS[key], SPEEDS_HELP, lambda: show_speeds(speeds, "speeds_table")):
        figures = bars(best if shown == "best" else speeds, key, shades, theme)
        draw_abreast(figures, "speed_bars", f"Bars of {QUANTITIES[key]} by network and execution on")
    if flipped := flipped_pairs(best):
        st.header("Where does compiling turn the order around?", help=ORDER_HELP, anchor=False)
        draw_abreast(order(flipped, shades, theme), "order", "Crossing lines from eager to compiled on")


def _footnote(question: Question, speeds: Sequence[Speed]) -> str:
    """What the figures are for, which predictions are checked, and which measurements were disturbed."""
    return " ".join(filter(None, [circumstances(question), interval_finding(speeds), disturbed_finding(speeds)]))


def draw_abreast(figures: Mapping[str, go.Figure], key: str, description: str) -> None:
    """A chart a device; narrow pages stack them."""
    devices = list(figures)
    for first in range(0, len(devices), ABREAST):
        for place, device in zip(st.columns(min(ABREAST, len(devices))), devices[first:], strict=False):
            with place:
                widgets.draw(figures[device], f"{key} {device}", f"{description} {device}.")


PARADOX_HELP = (
    "Each mark is one image's FLOPs and time on one device, in batches. The dotted lines are those of equal FLOP/s, "
    "through the best and the worst. Hover a mark for its source."
)


def draw_paradox(question: Question) -> None:
    """The section."""
    device, names = question.device, question.names
    speeds = [speed for speed in strongest(known(question).speeds) if speed.execution == question.execution]
    if not speeds:
        at = f"{widgets.literal(device.name)} at {question.conditions.precision}"
        st.info(f"Nothing is known about {at}: choose another precision.")
        return
    widgets.say(paradox_finding(speeds))
    shown = [*speeds, *(speed for speed in strongest(own_speeds(question)) if speed not in speeds)]
    st.caption(widgets.literal(_footnote(question, shown)))
    with widgets.chart_or_table("Do FLOPs tell the time?", PARADOX_HELP, lambda: show_speeds(shown, "paradox_table")):
        theme = widgets.current_theme()
        figure = paradox(shown, marks(names, theme), theme)
        widgets.draw(figure, "paradox", f"Time against FLOPs of {len(shown)} networks on {device.name}.")


ROOFLINE_HELP = (
    "The roof is what the device can do at each arithmetic intensity: bandwidth × intensity up to the peak. Circles "
    "are whole networks (all bytes counted, as eager mode moves them), squares the layers of one network; the area "
    "of a square is its share of the time. Layers without FLOPs are not on it; the table has them."
)
LAYER_COLUMNS = columns("layer.name", "kind", "intensity", "flops_per_s", "share_of_time", "bound")


def draw_roofline(question: Question) -> None:
    """The section."""
    device, given = question.device, question.conditions
    if given.precision not in device.precisions:
        st.info(f"{widgets.literal(device.name)} has no {given.precision} by its data sheet: choose another precision.")
        return
    speeds, left_out = known(question)
    names = [name for name in question.names if name not in left_out]
    if not names:
        return
    says = st.empty()
    facts, asked = st.columns([3, 1], vertical_alignment="bottom")
    name = widgets.choose("Layers of", "layers_of", names, names[0], asked)
    given_input = given.batch_size, given.image_size, given.precision, given.layout
    found = predict(target_of(name), device, *given_input, question.execution)
    networks = [(speed, _intensity(speed)) for speed in strongest(speeds) if speed.execution == question.execution]
    summary = _summary(found)
    layers = layer_points(found, summary)
    finding = roofline_finding(found, ridge(device, given.precision), summary.arithmetic_intensity)
    says.markdown(widgets.literal(finding))
    facts.caption(widgets.literal(circumstances(question)))
    with widgets.chart_or_table(
        f"What holds {name} back on {device.name}?", ROOFLINE_HELP, lambda: _show_layers(layers)
    ):
        theme = widgets.current_theme()
        shades = colours(question.names, theme)
        points = [layer for layer in layers if layer.flops_per_s > 0]
        figure = roofline(device, given.precision, networks, points, shades, theme)
        widgets.draw(figure, "roofline", f"Roofline of {device.name} with networks and the layers of {name}.")


def _summary(found: Prediction) -> Summary:
    return summarize(found.target, found.image_size, found.batch_size, found.precision)


def _intensity(speed: Speed) -> float:
    return _counted_intensity(speed.name, speed.image_size, speed.batch_size, parse_dtype(speed.precision))


@by_content(512)
def _counted_intensity(name: str, image_size: tuple[int, int], batch_size: int, dtype: str) -> float:
    return summarize(target_of(name), image_size, batch_size, dtype).arithmetic_intensity


def layer_points(found: Prediction, summary: Summary) -> list[LayerPoint]:
    """Every layer of a prediction with its arithmetic intensity; layers that are merged into others take no time."""
    return [
        LayerPoint(
            layer.name,
            layer.kind,
            cost.arithmetic_intensity,
            layer.flops / layer.seconds if layer.seconds else 0.0,
            layer.seconds / found.seconds,
            layer.bound,
        )
        for layer, cost in zip(found.layers, summary.layers, strict=True)
    ]


def _show_layers(layers: Sequence[LayerPoint]) -> None:
    tables.show(pd.DataFrame(layers), LAYER_COLUMNS, "roofline_table", 460)
