"""Hardware: what holds networks and layers back?"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from analysis import Summary, summarize
from analysis.hardware.devices import PRECISION_BYTES
from analysis.hardware.findings import roofline_finding
from analysis.hardware.predict.predict import Prediction, predict
from analysis.hardware.speeds import EXECUTIONS, Speed, strongest
from analysis.units import format_share, format_si
from views import tables, widgets
from views.charts import roofline as figures
from views.charts.roofline import LayerPoint
from views.hardware import speeds as hardware_speeds
from views.hardware.inputs import Question, choose_device
from views.workbench import target_of

HELP = (
    "The roof is what the device can do at each arithmetic intensity: bandwidth × intensity up to the peak. Circles "
    "are whole networks (all bytes counted, as eager mode moves them), squares the layers of one network; the area "
    "of a square is its share of the time. Layers without FLOPs are not on it; the table has them."
)
TITLES = {
    "name": ("Layer", "Dotted path."),
    "kind": ("Kind of operation", "Convolutions by kernel; the rest by purpose."),
    "intensity": ("Intensity", "FLOPs per byte moved."),
    "flops_per_s": ("FLOP/s", "Predicted."),
    "share_of_time": ("of time", "Share of the network's predicted time."),
    "bound": ("Held back by", "By the prediction."),
}


def draw(question: Question) -> None:
    """The section."""
    left, middle, right = st.columns(3)
    with left:
        device = choose_device(question)
    with middle:
        name = widgets.choose("Layers of", "layers_of", question.names, question.names[0])
    with right:
        execution = widgets.choose_segment("Execution", "execution", EXECUTIONS, "eager")
    given = question.conditions
    if given.precision not in device.precisions:
        st.info(f"{device.name} has no {given.precision} by its data sheet: choose another precision.")
        return
    speeds, left_out = hardware_speeds.known(question, devices=[device])
    if name in left_out:
        st.info(f"{name} is left out: {left_out[name]}")
        return
    given_input = given.batch_size, given.image_size, given.precision, given.layout
    found = predict(target_of(name), device, *given_input, execution)
    networks = [(speed, _intensity(speed)) for speed in strongest(speeds) if speed.execution == execution]
    summary = _summary(found)
    layers = layer_points(found, summary)
    ridge = figures.ridge(device, given.precision)
    st.markdown(roofline_finding(found, ridge, summary.arithmetic_intensity))
    st.caption(hardware_speeds.circumstances(question))
    with widgets.chart_or_table(f"What holds {name} back on {device.name}?", HELP, lambda: _show(layers)):
        theme = widgets.current_theme()
        colours = hardware_speeds.colours(question.names, theme)
        points = [layer for layer in layers if layer.flops_per_s > 0]
        figure = figures.roofline(device, given.precision, networks, points, colours, theme)
        widgets.draw(figure, "roofline", f"Roofline of {device.name} with networks and the layers of {name}.")


def _summary(found: Prediction) -> Summary:
    dtype = "float16" if PRECISION_BYTES[found.precision] == 2 else "float32"
    return summarize(found.target, found.image_size, found.batch_size, dtype)


def _intensity(speed: Speed) -> float:
    return _counted_intensity(speed.name, speed.image_size, speed.batch_size, "16" in speed.precision)


@st.cache_data(max_entries=512, show_spinner=False)
def _counted_intensity(name: str, image_size: tuple[int, int], batch_size: int, half: bool) -> float:
    dtype = "float16" if half else "float32"
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


def _show(layers: Sequence[LayerPoint]) -> None:
    writers = {
        "intensity": lambda value: format_si(value, "FLOP/B"),
        "flops_per_s": lambda value: format_si(value, "FLOP/s"),
        "share_of_time": format_share,
    }
    tables.show(pd.DataFrame(layers), writers, TITLES, "roofline_table", height=460)
