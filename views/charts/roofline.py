"""The roofline of a device: what compute and bandwidth allow at each arithmetic intensity, and what is reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import plotly.graph_objects as go

from analysis.facts import Device
from analysis.hardware.speeds import Speed
from analysis.ops import KINDS
from analysis.units import format_share, format_si
from views.charts import evidence
from views.charts.axes import axis, scatter_layout
from views.charts.labels import Line, name_marks
from views.theme import Theme

HEIGHT = 480


class LayerPoint(NamedTuple):
    """A layer with FLOPs: where it lies, and what holds it back by the prediction."""

    name: str
    kind: str
    intensity: float
    flops_per_s: float
    share_of_time: float
    bound: str


def ridge(device: Device, precision: str) -> float:
    """FLOP/B at which the two roofs meet."""
    return device.peak_flops_per_s(precision) / device.bandwidth_bytes_per_s


def roofline(
    device: Device,
    precision: str,
    networks: Sequence[tuple[Speed, float]],
    layers: Sequence[LayerPoint],
    colours: Mapping[str, str],
    theme: Theme,
) -> go.Figure:
    """The roof, networks with their arithmetic intensities, and the layers of one of them."""
    peak, bandwidth = device.peak_flops_per_s(precision), device.bandwidth_bytes_per_s
    xs = [*(intensity for _, intensity in networks), *(layer.intensity for layer in layers), 2.5 * peak / bandwidth]
    ys = [*(speed.flops_per_s for speed, _ in networks), *(layer.flops_per_s for layer in layers), peak]
    x_axis = axis(xs, lambda value: format_si(value, "FLOP/B"), "Arithmetic intensity", log=True)
    y_axis = axis(ys, lambda value: format_si(value, "FLOP/s"), "FLOP/s", log=True)
    layout = scatter_layout(theme, HEIGHT, x_axis, y_axis)
    low, corner, high = 10 ** layout["xaxis"]["range"][0], peak / bandwidth, 10 ** layout["xaxis"]["range"][1]
    roof = [(low, low * bandwidth), (corner, peak), (high, peak)]
    layout["annotations"] = _names(networks, layers, layout, theme, pairwise(roof))
    peaks = f"bandwidth {format_si(bandwidth, 'B/s')}, peak {format_si(peak, 'FLOP/s')} {precision}"
    entries = evidence.legend_entries((speed.evidence for speed, _ in networks), theme, bars=False)
    entries += evidence.unchecked_entry(any(speed.is_open for speed, _ in networks), theme)
    marks = [
        evidence.rate_mark(speed, x, colours[speed.name], theme, f"<br>{format_si(x, 'FLOP/B')}")
        for speed, x in networks
    ]
    return go.Figure([_roof(roof, peaks, theme), *_layers(layers, theme), *entries, *marks], layout)


def _names(
    networks: Sequence[tuple[Speed, float]],
    layers: Sequence[LayerPoint],
    layout: Mapping[str, Any],
    theme: Theme,
    roof: Iterable[Line],
) -> list[dict[str, Any]]:
    """The networks' names, clear of the layers, the error bars and the roof."""
    points = [(x, speed.flops_per_s) for speed, x in networks]
    squares = [(layer.intensity, layer.flops_per_s) for layer in layers]
    names = [*(speed.name for speed, _ in networks), *[""] * len(layers)]
    bars = [line for speed, x in networks for line in evidence.rate_bar(speed, x)]
    return name_marks([*points, *squares], names, layout, theme, [*bars, *roof])


def _roof(corners: Sequence[tuple[float, float]], name: str, theme: Theme) -> dict[str, Any]:
    """The slope and the flat."""
    line = {"type": "scatter", "mode": "lines", "name": name, "line": {"color": theme.text, "width": 2}}
    return line | {"x": [x for x, _ in corners], "y": [y for _, y in corners], "hoverinfo": "skip"}


def _layers(layers: Sequence[LayerPoint], theme: Theme) -> list[dict[str, Any]]:
    """Small squares: no network looks like them."""
    return [
        _layers_of_kind(kind, [layer for layer in layers if layer.kind == kind], theme)
        for kind in KINDS
        if any(layer.kind == kind for layer in layers)
    ]


def _layers_of_kind(kind: str, layers: Sequence[LayerPoint], theme: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{kind} layers (predicted)",
        "x": [layer.intensity for layer in layers],
        "y": [layer.flops_per_s for layer in layers],
        "marker": {
            "symbol": "square-open",
            "size": [6 + 40 * layer.share_of_time**0.5 for layer in layers],
            "color": theme.kinds[kind],
            "line": {"width": 1.3},
            "opacity": 0.8,
        },
        "hovertext": [_layer_hover(layer) for layer in layers],
        "hoverinfo": "text",
    }


def _layer_hover(layer: LayerPoint) -> str:
    return (
        f"<b>{layer.name}</b>, {layer.kind}<br>held back by <b>{layer.bound}</b> (predicted)<br>"
        f"{format_si(layer.flops_per_s, 'FLOP/s')} at {format_si(layer.intensity, 'FLOP/B')}<br>"
        f"{format_share(layer.share_of_time)} of the network's time"
    )
