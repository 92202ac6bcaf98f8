"""The roofline of a device: what compute and bandwidth allow at each arithmetic intensity, and what is reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from analysis.devices import Device
from analysis.kinds import KINDS
from analysis.speeds import Speed
from analysis.units import format_share, format_si
from views import evidence
from views.figures.axes import axis
from views.figures.paradox import MARK, label_points
from views.theme import Theme

HEIGHT = 560


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
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": HEIGHT,
        "xaxis": axis(xs, lambda value: format_si(value, "FLOP/B"), "Arithmetic intensity", log=True),
        "yaxis": axis(ys, lambda value: format_si(value, "FLOP/s"), "FLOP/s", log=True),
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0},
        "hovermode": "closest",
        "margin": {"t": 36},
    }
    places = label_points([x for _, x in networks], [s.flops_per_s for s, _ in networks], _names(networks), layout)
    marks = [
        _network(speed, intensity, place, colours[speed.name], theme)
        for (speed, intensity), place in zip(networks, places, strict=True)
    ]
    entries = evidence.legend_entries((speed.evidence for speed, _ in networks), theme, bars=False)
    roofs = _roofs(peak, bandwidth, layout["xaxis"]["range"], precision, theme)
    return go.Figure([*roofs, *_layers(layers, theme), *entries, *marks], layout)


def _names(networks: Sequence[tuple[Speed, float]]) -> list[str]:
    return [speed.name for speed, _ in networks]


def _roofs(
    peak: float, bandwidth: float, span: tuple[float, float], precision: str, theme: Theme
) -> list[dict[str, Any]]:
    """The slope, the flat, and what they are."""
    low, corner, high = 10 ** span[0], peak / bandwidth, 10 ** span[1]
    line = {"type": "scatter", "mode": "lines", "line": {"color": theme.text, "width": 2}, "showlegend": False}
    texts = [
        {
            "x": [high],
            "y": [peak],
            "text": [f"peak {format_si(peak, 'FLOP/s')} {precision} "],
            "textposition": "top left",
        },
        {
            "x": [(low * corner) ** 0.5],
            "y": [(low * corner) ** 0.5 * bandwidth],
            "text": [f"bandwidth {format_si(bandwidth, 'B/s')}  "],
            "textposition": "middle left",
        },
    ]
    style = {"type": "scatter", "mode": "text", "hoverinfo": "skip", "showlegend": False, "cliponaxis": False}
    font = {"textfont": {"color": theme.muted, "size": 12}}
    roof = {"x": [low, corner, high], "y": [low * bandwidth, peak, peak], "hoverinfo": "skip"}
    return [line | roof, *(style | font | text for text in texts)]


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


def _network(speed: Speed, intensity: float, place: str | None, colour: str, theme: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [intensity],
        "y": [speed.flops_per_s],
        "mode": "markers+text",
        "text": [speed.name if place else ""],
        "textposition": place or "top center",
        "textfont": {"size": 12, "color": theme.text},
        "cliponaxis": False,
        "marker": evidence.mark_style(speed.evidence, colour, theme, MARK),
        "error_y": evidence.error_bar([speed], [speed.flops_per_s], theme),
        "hovertext": f"{evidence.hover(speed)}<br>{format_si(intensity, 'FLOP/B')}",
        "hoverinfo": "text",
        "showlegend": False,
    }
