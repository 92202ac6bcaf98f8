"""Speeds of networks on devices: a panel a device, eager next to compiled, the kind of evidence in each bar's look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import log10
from statistics import geometric_mean
from typing import Any

import plotly.graph_objects as go

from analysis.hardware.findings import find_flips
from analysis.hardware.speeds import EVIDENCE, EXECUTIONS, Speed
from analysis.units import format_ratio, format_si
from views.charts import evidence
from views.charts.axes import BELOW, axis
from views.theme import Theme

ROW_HEIGHT, FRAME_HEIGHT = 21, 96
#: Rows between networks; thickness of a bar, in rows.
APART, THICKNESS = 0.4, 0.76
#: Share of the width between panels, and room right of the longest bar or of the peak for a figure.
GAP, ROOM = 0.02, 0.5

#: Network, execution, and the kind of evidence where one execution has several.
Row = tuple[str, str, str]
UNITS = {"flops_per_s": "FLOP/s", "images_per_s": "images/s"}


def bars(speeds: Sequence[Speed], key: str, colours: Mapping[str, str], theme: Theme) -> go.Figure:
    """One panel a device; `key` is one of `UNITS`, `colours` are those of the networks."""
    row_of = _row_key(speeds)
    rows = _places(sorted({row_of(speed) for speed in speeds}, key=_order(speeds)))
    devices = list(dict.fromkeys(speed.device for speed in speeds))
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": FRAME_HEIGHT + round(ROW_HEIGHT * (max(rows.values()) + 1)),
        "yaxis": _network_axis(rows),
        "legend": BELOW | {"itemclick": False},
        "margin": {"t": 44, "b": 40},
        "barmode": "overlay",
        "annotations": [],
        "shapes": [],
    }
    traces = evidence.legend_entries((speed.evidence for speed in speeds), theme, bars=True)
    for number, device in enumerate(devices):
        shown = [speed for speed in speeds if speed.device == device]
        _add_panel(layout, shown, key, (number, len(devices)), theme)
        for kind, is_known in product(EVIDENCE, (True, False)):  # Plotly draws an error of None as one of 0
            if alike := [speed for speed in shown if (speed.evidence, speed.error is not None) == (kind, is_known)]:
                places = [rows[row_of(speed)] for speed in alike]
                axis = f"x{number + 1}"
                traces.append(_bars(alike, places, key, colours, theme) | {"xaxis": axis})
                layout["annotations"] += _figures(alike, places, key, axis if number else "x", theme)
    return go.Figure(traces, layout)


def _row_key(speeds: Sequence[Speed]) -> Callable[[Speed], Row]:
    kinds = {(speed.name, speed.execution, speed.device): 0 for speed in speeds}
    several = len(kinds) < len(speeds)
    return lambda speed: (speed.name, speed.execution, speed.evidence if several else "")


def _order(speeds: Sequence[Speed]) -> Callable[[Row], tuple[int, ...]]:
    names = list(dict.fromkeys(speed.name for speed in speeds))
    return lambda row: (names.index(row[0]), EXECUTIONS.index(row[1]), ("", *EVIDENCE).index(row[2]))


def _places(rows: Sequence[Row]) -> dict[Row, float]:
    """Where each row is drawn: in order, with a gap between networks."""
    names = list(dict.fromkeys(name for name, _, _ in rows))
    return {row: number + APART * names.index(row[0]) for number, row in enumerate(rows)}


def _network_axis(rows: Mapping[Row, float]) -> dict[str, Any]:
    """The name of a network stands at its first row."""
    texts, last = [], ""
    for name, execution, kind in rows:
        how = " ".join(filter(None, (execution, kind)))
        texts.append(how if name == last else f"<b>{name}</b>  {how}")
        last = name
    places = list(rows.values())
    return {
        "tickvals": places,
        "ticktext": [f"{text}  " for text in texts],
        "range": (max(places) + 0.7, min(places) - 0.7),
        "showgrid": False,
        "zeroline": False,
    }


def _add_panel(
    layout: dict[str, Any], shown: Sequence[Speed], key: str, position: tuple[int, int], theme: Theme
) -> None:
    """The axis of a device under its name, with its peak marked."""
    number, panels = position
    axis, width = ("x" if number == 0 else f"x{number + 1}"), (1 + GAP) / panels
    most = max(getattr(speed, key) for speed in shown)
    peak = shown[0].peak_flops_per_s if key == "flops_per_s" else None
    end = max(most * (1 + ROOM), (peak or 0) * 1.03)
    layout[f"xaxis{number + 1}"] = {
        "domain": (number * width, (number + 1) * width - GAP),
        "range": (0, end),
        "showticklabels": False,
        "showgrid": False,
        "zeroline": True,
        "zerolinecolor": theme.muted,
    }
    above = {"yref": "paper", "y": 1, "yanchor": "bottom", "showarrow": False}
    title = {"text": f"<b>{shown[0].device}</b>", "xref": f"{axis} domain", "x": 0, "xanchor": "left", "yshift": 20}
    layout["annotations"].append(above | title | {"font": {"size": 14, "color": theme.text}})
    if peak:
        text = f"peak {format_si(peak, 'FLOP/s')} {shown[0].precision.removeprefix('amp ')}"
        label = {"text": text, "xref": axis, "x": peak, "xanchor": "right", "font": {"color": theme.muted, "size": 12}}
        layout["annotations"].append(above | label)
        line = {"type": "line", "xref": axis, "x0": peak, "x1": peak, "yref": "paper", "y0": 0, "y1": 1}
        layout["shapes"].append(line | {"line": {"color": theme.muted, "width": 1.5, "dash": "dash"}})


def _bars(
    alike: Sequence[Speed], places: Sequence[float], key: str, colours: Mapping[str, str], theme: Theme
) -> dict[str, Any]:
    """Bars of one kind of evidence; a plain dictionary, which Plotly takes in fastest."""
    values = [getattr(speed, key) for speed in alike]
    return {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": list(places),
        "width": THICKNESS,
        "marker": evidence.bar_styles(alike[0].evidence, [colours[speed.name] for speed in alike], theme),
        "error_x": evidence.error_bar([speed.error for speed in alike], values, theme),
        "hovertext": [evidence.hover(speed) for speed in alike],
        "hoverinfo": "text",
        "showlegend": False,
    }


def _figures(
    alike: Sequence[Speed], places: Sequence[float], key: str, axis: str, theme: Theme
) -> list[dict[str, Any]]:
    """The values beside their bars, clear of the error bars, and on the peak's line rather than under it."""
    unit = UNITS[key] if key == "flops_per_s" else ""
    style = {"xref": axis, "xanchor": "left", "xshift": 6, "showarrow": False, "bgcolor": theme.page, "borderpad": 0}
    return [
        style
        | {
            "x": getattr(speed, key) * (1 + (speed.error[1] if speed.error else 0)),
            "y": place,
            "text": format_si(getattr(speed, key), unit),
            "font": {"color": theme.text, "size": 12},
        }
        for speed, place in zip(alike, places, strict=True)
    ]


HEIGHT, FRAME, ORDER_GAP, LINE = 380, 110, 0.03, 16
#: Of a panel, in widths of the step from eager to compiled: room for the longest names at the right.
SPAN = (-0.15, 2.9)

#: The same network on the same device, eager and compiled.
Pair = tuple[Speed, Speed]


def flipped_pairs(speeds: Sequence[Speed]) -> dict[str, list[Pair]]:
    """By device, the networks whose order in images/s a compiler turns around, of the strongest speeds."""
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
    """
    heights = {device: _heights(pairs) for device, pairs in flipped.items()}
    every = [height for panel in heights.values() for pair in panel for height in pair]
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": HEIGHT,
        "yaxis": axis(every, format_ratio, "Images/s / mean of these networks", log=True),
        "legend": BELOW | {"itemclick": False},
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
    width = (1 + ORDER_GAP) / panels
    domain = (number * width, (number + 1) * width - ORDER_GAP)
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
    pairs: Sequence[Pair], heights: Sequence[tuple[float, float]], panel: str, span: tuple[float, float], theme: Theme
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
