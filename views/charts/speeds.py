"""Speeds of networks on devices: a chart a device, eager beside compiled, the kind of evidence in each bar's look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
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

ROW, HEAD, LEGEND_ROW, LEFT = 16, 46, 20, 66
#: Rows between networks; thickness of a bar, in rows.
APART, THICKNESS = 0.35, 0.76
#: Share of the width that bars leave to the figures at the right.
ROOM = 0.36

#: Network, execution, and the kind of evidence where one execution has several.
Row = tuple[str, str, str]
UNITS = {"flops_per_s": "FLOP/s", "images_per_s": "images/s"}


def bars(speeds: Sequence[Speed], key: str, colours: Mapping[str, str], theme: Theme) -> dict[str, go.Figure]:
    """A chart a device, all on one scale; `key` is one of `UNITS`, `colours` are those of the networks.

    The figures stand in a column of their own, clear of bars, of their errors and of the line of the peak.
    """
    row_of = _row_key(speeds)
    rows = _places(sorted({row_of(speed) for speed in speeds}, key=_order(speeds)))
    most = max(getattr(speed, key) * (1 + (speed.error[1] if speed.error else 0)) for speed in speeds)
    peaks = [speed.peak_flops_per_s or 0 for speed in speeds] if key == "flops_per_s" else []
    scale = max(most, *peaks, 0) / (1 - ROOM)
    kinds = list(dict.fromkeys(speed.evidence for speed in speeds))
    more = evidence.unchecked_entry(any(speed.is_open for speed in speeds), theme)
    figures = {}
    for device in dict.fromkeys(speed.device for speed in speeds):
        shown = [speed for speed in speeds if speed.device == device]
        placed = [(speed, rows[row_of(speed)]) for speed in shown]
        figures[device] = figure = go.Figure(layout=_panel(placed, key, rows, scale, len([*kinds, *more]), theme))
        if len(figures) == 1:  # the others stand beside it
            figure.add_traces([*evidence.legend_entries(kinds, theme, bars=True), *more])
        # Plotly draws an error of None as one of 0, and all errors of a trace alike.
        for look in product(EVIDENCE, (True, False), (True, False)):
            if alike := [one for one in shown if (one.evidence, one.error is not None, one.is_checked) == look]:
                figure.add_trace(_bars(alike, [rows[row_of(speed)] for speed in alike], key, colours, theme))
    return figures


def _row_key(speeds: Sequence[Speed]) -> Callable[[Speed], Row]:
    kinds = {(speed.name, speed.execution, speed.device): 0 for speed in speeds}
    several = len(kinds) < len(speeds)
    return lambda speed: (speed.name, speed.execution, speed.evidence if several else "")


def _order(speeds: Sequence[Speed]) -> Callable[[Row], tuple[int, ...]]:
    names = list(dict.fromkeys(speed.name for speed in speeds))
    return lambda row: (names.index(row[0]), EXECUTIONS.index(row[1]), ("", *EVIDENCE).index(row[2]))


def _places(rows: Sequence[Row]) -> dict[Row, float]:
    """Where each row is drawn: in order, below the name of its network."""
    names = list(dict.fromkeys(name for name, _, _ in rows))
    return {row: number + (1 + APART) * (names.index(row[0]) + 1) - APART for number, row in enumerate(rows)}


def _panel(
    placed: Sequence[tuple[Speed, float]], key: str, rows: Mapping[Row, float], scale: float, kinds: int, theme: Theme
) -> dict[str, Any]:
    """The layout of a device: its name, its peak or the unit, the names of networks above their rows, the figures."""
    places, one = list(rows.values()), placed[0][0]
    peak = one.peak_flops_per_s if key == "flops_per_s" else None
    unit = f"peak {format_si(peak, 'FLOP/s')} {one.precision.removeprefix('amp ')}" if peak else UNITS[key]
    first = {name: place for (name, _, _), place in reversed(rows.items())}
    left = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": -LEFT, "showarrow": False, "bgcolor": theme.page}
    right = {"xref": "paper", "x": 1, "xanchor": "right", "showarrow": False}
    above = {"yref": "paper", "y": 1, "yanchor": "bottom"}
    plain, muted = {"size": 12, "color": theme.text}, {"size": 12, "color": theme.muted}
    write = partial(format_si, unit=UNITS[key] if peak else "")
    figures = [right | {"y": y, "text": write(getattr(speed, key)), "font": plain} for speed, y in placed]
    line = {"type": "line", "x0": peak, "x1": peak, "yref": "paper", "y0": 0, "y1": 1}
    return {
        "template": theme.template,
        "height": HEAD + round(ROW * (max(places) + 1)) + LEGEND_ROW * kinds,
        "xaxis": {"range": (0, scale), "showticklabels": False, "showgrid": False, "zerolinecolor": theme.muted},
        "yaxis": {
            "tickvals": places,
            "ticktext": [f"{execution}  " for _, execution, _ in rows],
            "range": (max(places) + 0.7, -0.6),
            "showgrid": False,
            "zeroline": False,
            "automargin": False,
        },
        "legend": BELOW | {"xref": "container", "itemclick": False},
        # The same for all charts beside each other, whichever has the legend.
        "margin": {"t": HEAD - 8, "b": 8 + LEGEND_ROW * kinds, "l": LEFT, "r": 4, "autoexpand": False},
        "barmode": "overlay",
        "annotations": [
            left | above | {"text": f"<b>{one.device}</b>", "font": {"size": 14, "color": theme.text}},
            right | above | {"text": unit, "font": muted},
            *(left | {"y": place - 1, "text": f"<b>{name}</b>", "font": plain} for name, place in first.items()),
            *figures,
        ],
        "shapes": [line | {"line": {"color": theme.muted, "width": 1.5, "dash": "dash"}}] if peak else [],
    }


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
        "error_x": evidence.error_bar([speed.error for speed in alike], values, theme, checked=alike[0].is_checked),
        "hovertext": [evidence.hover(speed) for speed in alike],
        "hoverinfo": "text",
        "showlegend": False,
    }


HEIGHT, FRAME, LINE = 320, 110, 16
#: In widths of the step from eager to compiled: room for the longest names at the right.
SPAN = (-0.15, 2.9)
#: Networks that one chart has room for.
MOST = 8

#: The same network on the same device, eager and compiled.
Pair = tuple[Speed, Speed]


def flipped_pairs(speeds: Sequence[Speed]) -> dict[str, list[Pair]]:
    """By device, the networks whose order in images/s a compiler turns around, of the strongest speeds.

    Of more than `MOST` on a device those that are furthest apart, before and after.
    """
    known = {(speed.device, speed.name, speed.execution): speed for speed in speeds}
    names: dict[str, dict[str, None]] = {}
    for device, slow, fast, _, _ in sorted(find_flips(speeds), key=lambda flip: -min(flip[3:])):
        found = names.setdefault(device, {})
        if len(found.keys() | {slow, fast}) <= MOST:
            found.update({slow: None, fast: None})
    order = list(dict.fromkeys(speed.device for speed in speeds))
    eager, compiled = EXECUTIONS
    return {
        device: [(known[device, name, eager], known[device, name, compiled]) for name in names[device]]
        for device in sorted(names, key=order.index)
    }


def order(flipped: Mapping[str, Sequence[Pair]], colours: Mapping[str, str], theme: Theme) -> dict[str, go.Figure]:
    """A chart a device, all on one scale; lines cross where the order turns around.

    Heights are images/s over the mean of the chart's networks, so that what all gain by compiling is left out.

    Args:
        flipped: of `flipped_pairs`, not empty.
        colours: of the networks.
    """
    heights = {device: _heights(pairs) for device, pairs in flipped.items()}
    every = [height for panel in heights.values() for pair in panel for height in pair]
    axes = axis(every, format_ratio, "Images/s / mean of these networks", log=True)
    figures = {}
    for device, pairs in flipped.items():
        kinds = (speed.evidence for pair in pairs for speed in pair)
        entries = evidence.legend_entries(kinds, theme, bars=False, with_errors=False)
        lines = [
            _line(pair, ends, colours[pair[0].name], theme) for pair, ends in zip(pairs, heights[device], strict=True)
        ]
        layout = {
            "template": theme.template,
            "height": HEIGHT,
            "xaxis": {"range": SPAN, "tickvals": [0, 1], "ticktext": list(EXECUTIONS), "showgrid": False},
            "yaxis": axes,
            "legend": BELOW | {"itemclick": False},
            "hovermode": "closest",
            "margin": {"t": 40, "b": 70},
            "annotations": [_title(device, theme), *_names(pairs, heights[device], axes["range"], theme)],
        }
        figures[device] = go.Figure([*entries, *lines], layout)
    return figures


def _heights(pairs: Sequence[Pair]) -> list[tuple[float, float]]:
    eager, compiled = (geometric_mean(speed.images_per_s for speed in column) for column in zip(*pairs, strict=True))
    return [(first.images_per_s / eager, second.images_per_s / compiled) for first, second in pairs]


def _title(device: str, theme: Theme) -> dict[str, Any]:
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 1, "yanchor": "bottom"}
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
    pairs: Sequence[Pair], heights: Sequence[tuple[float, float]], span: tuple[float, float], theme: Theme
) -> list[dict[str, Any]]:
    """At the right ends of the lines, the fastest first, moved apart where they would touch, all above the axis."""
    apart = LINE / (HEIGHT - FRAME) * (span[1] - span[0])
    by_height = sorted(zip(pairs, heights, strict=True), key=lambda item: -item[1][1])
    annotations, below = [], span[1]
    for number, ((_, compiled), (_, height)) in enumerate(by_height, start=1):
        place = max(min(log10(height), below), span[0] + apart * (len(by_height) - number + 0.5))
        below = place - apart
        at = {"x": 1.12, "y": place, "xanchor": "left", "yanchor": "middle", "showarrow": False}
        annotations.append(at | {"text": compiled.name, "font": {"size": 12, "color": theme.text}})
    return annotations
