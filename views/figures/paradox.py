"""FLOPs against time: if FLOPs told the time, all marks would lie on one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from analysis.speeds import EVIDENCE, Speed
from analysis.units import format_si
from views import evidence
from views.figures.axes import axis
from views.figures.names import name_marks
from views.theme import Theme

HEIGHT = 560
FLOPS_TITLE, TIME_TITLE = "FLOPs of an image", "Time of an image"


def paradox(speeds: Sequence[Speed], colours: Mapping[str, str], theme: Theme) -> go.Figure:
    """A mark a network, the lines of equal FLOP/s through the fastest and the slowest dotted."""
    points = [(speed.flops, speed.seconds_per_image) for speed in speeds]
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": HEIGHT,
        "xaxis": axis([x for x, _ in points], lambda value: format_si(value, "FLOP"), FLOPS_TITLE, log=True),
        "yaxis": axis([y for _, y in points], lambda value: format_si(value, "s"), TIME_TITLE, log=True),
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "itemclick": False},
        "hovermode": "closest",
        "margin": {"t": 36},
    }
    bars = [line for speed in speeds for line in evidence.time_bar(speed)]
    layout["annotations"] = name_marks(points, [speed.name for speed in speeds], layout, theme, bars)
    weakest_first = sorted(speeds, key=lambda speed: -EVIDENCE.index(speed.evidence))
    traces = [
        *equal_rates(speeds, layout["xaxis"]["range"], theme),
        *evidence.legend_entries((speed.evidence for speed in speeds), theme, bars=False),
        *(evidence.time_mark(speed, colours[speed.name], theme) for speed in weakest_first),
    ]
    return go.Figure(traces, layout)


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
