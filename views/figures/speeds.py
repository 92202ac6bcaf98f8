"""Speeds of networks on devices: a panel a device, eager next to compiled, the kind of evidence in each bar's look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import plotly.graph_objects as go

from analysis.speeds import EVIDENCE, EXECUTIONS, Speed
from analysis.units import format_si
from views import evidence
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
    """One panel a device.

    Args:
        speeds: what to draw.
        key: of `UNITS`.
        colours: of the networks.
        theme: what it is drawn with.
    """
    row_of = _row_key(speeds)
    rows = _places(sorted({row_of(speed) for speed in speeds}, key=_order(speeds)))
    devices = list(dict.fromkeys(speed.device for speed in speeds))
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": FRAME_HEIGHT + round(ROW_HEIGHT * (max(rows.values()) + 1)),
        "yaxis": _network_axis(rows),
        "legend": {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "itemclick": False},
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
