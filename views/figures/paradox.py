"""FLOPs against time: if FLOPs told the time, all marks would lie on one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

import plotly.graph_objects as go

from analysis.speeds import Speed
from analysis.units import format_si
from views import evidence
from views.figures.axes import axis
from views.figures.labels import place_labels
from views.theme import Theme

HEIGHT, MARK = 560, 13
#: A speed's quantities as axes: how they are written, and called.
FLOPS_TITLE, TIME_TITLE = "FLOPs of an image", "Time of an image"


def paradox(speeds: Sequence[Speed], colours: Mapping[str, str], theme: Theme) -> go.Figure:
    """A mark a network, the line of equal FLOP/s through the fastest dashed."""
    xs, ys = [speed.flops for speed in speeds], [speed.seconds_per_image for speed in speeds]
    layout = {
        "template": theme.template,
        "height": HEIGHT,
        "xaxis": axis(xs, lambda value: format_si(value, "FLOP"), FLOPS_TITLE, log=True),
        "yaxis": axis(ys, lambda value: format_si(value, "s"), TIME_TITLE, log=True),
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "itemclick": False},
        "hovermode": "closest",
        "margin": {"t": 36},
    }
    texts = label_points(xs, ys, [speed.name for speed in speeds], layout)
    traces = [
        *equal_rates(speeds, layout["xaxis"]["range"], theme),
        *evidence.legend_entries((speed.evidence for speed in speeds), theme, bars=False),
        *(_mark(speed, position, colours[speed.name], theme) for speed, position in zip(speeds, texts, strict=True)),
    ]
    return go.Figure(traces, layout)


def label_points(
    xs: Sequence[float], ys: Sequence[float], names: Sequence[str], layout: Mapping[str, Any]
) -> list[str | None]:
    """Where the name of each mark has room."""
    points = [
        (fraction(x, layout["xaxis"]["range"]), fraction(y, layout["yaxis"]["range"]))
        for x, y in zip(xs, ys, strict=True)
    ]
    return place_labels(points, names, [MARK / 2] * len(points))


def fraction(value: float, span: tuple[float, float]) -> float:
    """Where a value lies on a logarithmic axis, from 0 to 1."""
    return (log10(value) - span[0]) / (span[1] - span[0])


def equal_rates(speeds: Sequence[Speed], span: tuple[float, float], theme: Theme) -> list[dict[str, Any]]:
    """Lines of the best and the worst FLOP/s."""
    rates = {speed.flops_per_s: speed for speed in speeds}
    ends = [10 ** span[0], 10 ** span[1]]
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "text", "showlegend": False, "cliponaxis": True}
    return [
        style
        | {
            "x": ends,
            "y": [end / rate for end in ends],
            "hovertext": f"{format_si(rate, 'FLOP/s')}, as {rates[rate].name}",
            "line": {"color": theme.muted, "width": 1, "dash": "dot"},
        }
        for rate in {max(rates), min(rates)}
    ]


def _mark(speed: Speed, position: str | None, colour: str, theme: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": [speed.flops],
        "y": [speed.seconds_per_image],
        "mode": "markers+text",
        "text": [speed.name if position else ""],
        "textposition": position or "top center",
        "textfont": {"size": 12, "color": theme.text},
        "cliponaxis": False,
        "marker": evidence.mark_style(speed.evidence, colour, theme, MARK),
        "error_y": evidence.error_bar([speed], [speed.seconds_per_image], theme),
        "hovertext": evidence.hover(speed),
        "hoverinfo": "text",
        "showlegend": False,
    }
