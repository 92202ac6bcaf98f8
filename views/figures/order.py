"""What a compiler does to the order of networks: lines from eager to compiled, of those that it turns around."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from statistics import geometric_mean
from typing import Any

import plotly.graph_objects as go

from analysis.hardware_findings import find_flips
from analysis.speeds import EXECUTIONS, Speed
from analysis.units import format_ratio
from views import evidence
from views.figures.axes import axis
from views.theme import Theme

HEIGHT, FRAME, GAP, LINE = 380, 110, 0.03, 16
#: Of a panel, in widths of the step from eager to compiled: room for the longest names at the right.
SPAN = (-0.15, 2.9)

#: The same network on the same device, eager and compiled.
Pair = tuple[Speed, Speed]


def flipped_pairs(speeds: Sequence[Speed]) -> dict[str, list[Pair]]:
    """By device, the networks whose order in images/s a compiler turns around.

    Args:
        speeds: of `analysis.speeds.strongest`.
    """
    known = {(speed.device, speed.name, speed.execution): speed for speed in speeds}
    names: dict[str, dict[str, None]] = {}
    for device, slow, fast, _, _ in find_flips(speeds):
        names.setdefault(device, {}).update({slow: None, fast: None})
    eager, compiled = EXECUTIONS
    return {
        device: [(known[device, name, eager], known[device, name, compiled]) for name in found]
        for device, found in names.items()
    }


def order(flipped: Mapping[str, Sequence[Pair]], colours: Mapping[str, str], theme: Theme) -> go.Figure:
    """A panel a device; lines cross where the order turns around.

    Heights are images/s over the mean of the panel's networks, so that what all gain by compiling is left out.

    Args:
        flipped: of `flipped_pairs`, not empty.
        colours: of the networks.
        theme: what it is drawn with.
    """
    heights = {device: _heights(pairs) for device, pairs in flipped.items()}
    every = [height for panel in heights.values() for pair in panel for height in pair]
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": HEIGHT,
        "yaxis": axis(every, format_ratio, "Images/s / mean of these networks", log=True),
        "legend": {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "itemclick": False},
        "hovermode": "closest",
        "margin": {"t": 40, "b": 70},
        "annotations": [],
    }
    shown = [speed for pairs in flipped.values() for pair in pairs for speed in pair]
    traces = evidence.legend_entries((speed.evidence for speed in shown), theme, bars=False, with_errors=False)
    for number, (device, pairs) in enumerate(flipped.items()):
        panel = f"x{number + 1}" if number else "x"
        layout[f"xaxis{number + 1}"] = _panel_axis(number, len(flipped))
        layout["annotations"].append(_title(device, panel, theme))
        layout["annotations"] += _names(pairs, heights[device], panel, layout["yaxis"]["range"], theme)
        for pair, ends in zip(pairs, heights[device], strict=True):
            traces.append(_line(pair, ends, colours[pair[0].name], theme) | {"xaxis": panel})
    return go.Figure(traces, layout)


def _heights(pairs: Sequence[Pair]) -> list[tuple[float, float]]:
    eager, compiled = (geometric_mean(speed.images_per_s for speed in column) for column in zip(*pairs, strict=True))
    return [(first.images_per_s / eager, second.images_per_s / compiled) for first, second in pairs]


def _panel_axis(number: int, panels: int) -> dict[str, Any]:
    width = (1 + GAP) / panels
    domain = (number * width, (number + 1) * width - GAP)
    return {"domain": domain, "range": SPAN, "tickvals": [0, 1], "ticktext": list(EXECUTIONS), "showgrid": False}


def _title(device: str, panel: str, theme: Theme) -> dict[str, Any]:
    place = {"xref": f"{panel} domain", "x": 0, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom"}
    font = {"size": 14, "color": theme.text}
    return place | {"text": f"<b>{device}</b>", "font": font, "showarrow": False, "yshift": 8}


def _line(pair: Pair, ends: tuple[float, float], colour: str, theme: Theme) -> dict[str, Any]:
    styles = [evidence.mark_style(speed.evidence, colour, theme) for speed in pair]
    marks = {key: [style[key] for style in styles] for key in ("symbol", "color")}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": [0, 1],
        "y": ends,
        "line": {"color": colour, "width": 2},
        "marker": marks | {"size": 12, "line": {"color": colour, "width": 1.8}},
        "hovertext": [evidence.hover(speed) for speed in pair],
        "hoverinfo": "text",
        "showlegend": False,
    }


def _names(
    pairs: Sequence[Pair],
    heights: Sequence[tuple[float, float]],
    panel: str,
    span: tuple[float, float],
    theme: Theme,
) -> list[dict[str, Any]]:
    """At the right ends of the lines, the fastest first, moved apart where they would touch."""
    apart = LINE / (HEIGHT - FRAME) * (span[1] - span[0])
    annotations, below = [], span[1]
    by_height = sorted(zip(pairs, heights, strict=True), key=lambda item: -item[1][1])
    for (_, compiled), (_, height) in by_height:
        place = min(log10(height), below)
        below = place - apart
        at = {"xref": panel, "x": 1.12, "y": place, "xanchor": "left", "yanchor": "middle", "showarrow": False}
        annotations.append(at | {"text": compiled.name, "font": {"size": 12, "color": theme.text}})
    return annotations
