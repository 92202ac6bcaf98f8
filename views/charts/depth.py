"""A network along its depth: small multiples over the same axis, the stages as bands behind them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go

from analysis.ops import KINDS
from analysis.quantities import QUANTITIES
from analysis.units import format_quantity, format_share
from views.charts.axes import axis
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


#: Panels from top to bottom: two lines, bars per layer, cumulative shares.
BAR_QUANTITIES = ("macs", "memory_access_cost", "bytes_moved")
TITLES = ("Output channels", "Resolution", *(QUANTITIES[key].label for key in BAR_QUANTITIES), "Cumulative share")
CUMULATIVE = {"params": "dot", "macs": "dash", "bytes_moved": "solid"}
PANEL_HEIGHT = 118
LEGEND = {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "traceorder": "normal"}
#: Between panels, as a share of the whole height.
SPACING = 0.035


def profile(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """All panels.

    Args:
        frame: `Summary.to_frame()` with the columns `number`, `resolution` added.
        theme: what it is drawn with.
    """
    last = len(TITLES)
    data = [
        _line(1, frame, "out_channels", theme),
        _line(2, frame, "resolution", theme),
        *(bars for row, key in enumerate(BAR_QUANTITIES, start=3) for bars in _bars(row, frame, key, theme)),
        *_shares(last, frame, theme),
    ]
    shapes, names = band_marks(list(bands(frame)), theme)
    layout = {
        "template": theme.template,
        "height": PANEL_HEIGHT * last,
        "shapes": shapes,
        "annotations": names,
        "bargap": 0,
        "barmode": "overlay",
        "hovermode": "closest",
        "legend": {
            "orientation": "h",
            "yref": "container",
            "yanchor": "bottom",
            "y": 0,
            "x": 0,
            "traceorder": "normal",
        },
        "margin": {"t": 26},
        **{f"yaxis{row}": _y_axis(row, title, frame) for row, title in enumerate(TITLES, start=1)},
        **{f"xaxis{row}": _x_axis(row, len(frame), last) for row in range(1, last + 1)},
    }
    return go.Figure(data, layout)


def _y_axis(row: int, title: str, frame: pd.DataFrame) -> dict[str, Any]:
    """The axis of one panel, from the top."""
    panel = (1 - SPACING * (len(TITLES) - 1)) / len(TITLES)
    top = 1 - (row - 1) * (panel + SPACING)
    found: dict[str, Any] = {
        "domain": (max(0, top - panel), top),
        "anchor": f"x{row}",
        "title": {"text": title.replace(" ", "<br>", 1)},
        "rangemode": "tozero",
    }
    if title == TITLES[-1]:
        ticks = (0, 0.5, 1)
        return found | {"tickvals": ticks, "ticktext": [format_share(tick) for tick in ticks]}
    if row > 2:
        key = BAR_QUANTITIES[row - 3]
        scale = axis(frame[key], lambda value: format_quantity(key, value), "", most=3)
        return found | {"tickvals": scale["tickvals"], "ticktext": scale["ticktext"]}
    return found


def _x_axis(row: int, layers: int, last: int) -> dict[str, Any]:
    """The axis below one panel: that of the last has the ticks, and all are zoomed together."""
    found: dict[str, Any] = {"anchor": f"y{row}", "range": (0.5, layers + 0.5), "showgrid": False}
    if row < last:
        return found | {"matches": f"x{last}", "showticklabels": False}
    return found | {"title": {"text": "Layers in execution order"}}


def _on(row: int) -> dict[str, str]:
    """Where a trace of a panel is drawn."""
    return {"xaxis": f"x{row}", "yaxis": f"y{row}"}


def _line(row: int, frame: pd.DataFrame, column: str, theme: Theme) -> dict[str, Any]:
    """A trace as a plain dictionary, which Plotly takes in several times faster than its own objects."""
    return {
        "type": "scatter",
        "x": frame["number"].tolist(),
        "y": frame[column].tolist(),
        "mode": "lines",
        "line": {"shape": "hvh", "color": theme.text, "width": 1.5},
        "hovertext": [
            f"<b>{name}</b><br>{stage}<br>{channels} channels, height {height} px"
            for name, stage, channels, height in _columns(frame, "name", "stage", "out_channels", "resolution")
        ],
        "hoverinfo": "text",
        "showlegend": False,
        **_on(row),
    }


def _bars(row: int, frame: pd.DataFrame, key: str, theme: Theme) -> Iterator[dict[str, Any]]:
    """Bars of one quantity, a trace for each kind of operation."""
    label = QUANTITIES[key].label
    layers = [layer for layer in _columns(frame, "kind", "number", key, "name", "stage") if layer[2] > 0]
    for kind in KINDS:
        own = [layer for layer in layers if layer[0] == kind]
        if not own:
            continue
        yield {
            "type": "bar",
            "x": [number for _, number, *_ in own],
            "y": [value for _, _, value, *_ in own],
            "name": kind,
            "legendgroup": kind,
            "showlegend": key == "bytes_moved",  # the one quantity that every kind has
            "marker": {"color": theme.kinds[kind], "line": {"width": 0}},
            "width": 1,
            "hovertext": [
                f"<b>{name}</b><br>{stage}<br>{label}: {format_quantity(key, value)}" for *_, value, name, stage in own
            ],
            "hoverinfo": "text",
            **_on(row),
        }


def _columns(frame: pd.DataFrame, *keys: str) -> list[tuple[Any, ...]]:
    """The layers as tuples of plain values."""
    return list(zip(*(frame[key].tolist() for key in keys), strict=True))


def _shares(row: int, frame: pd.DataFrame, theme: Theme) -> Iterator[dict[str, Any]]:
    """How much of the whole comes up to each layer."""
    for key, dash in CUMULATIVE.items():
        label, shares = QUANTITIES[key].label, (frame[key].cumsum() / frame[key].sum()).tolist()
        yield {
            "type": "scatter",
            "x": frame["number"].tolist(),
            "y": shares,
            "name": f"{label}, cumulative",
            "mode": "lines",
            "line": {"color": theme.text, "width": 1.5, "dash": dash},
            "hovertext": [
                f"{format_share(share)} of {label}<br>up to {name}"
                for name, share in zip(frame["name"].tolist(), shares, strict=True)
            ],
            "hoverinfo": "text",
            **_on(row),
        }


#: Pixels that the panels span at the least, and that a letter takes: stages narrower than their name go unlabelled.
LEAST_WIDTH, LETTER = 780, 6.6


class Band(NamedTuple):
    """The layers [first, last] of a stage."""

    stage: str
    first: int
    last: int


def bands(frame: pd.DataFrame) -> Iterator[Band]:
    """The stages, in execution order."""
    for stage, rows in groupby(zip(frame["number"], frame["stage"], strict=True), key=lambda row: row[1]):
        numbers = [number for number, _ in rows]
        yield Band(stage, numbers[0], numbers[-1])


def draw_bands(figure: go.Figure, stages: list[Band], theme: Theme, width: int = LEAST_WIDTH) -> None:
    """Every second stage shaded over the whole height, named where panels of `width` pixels have room."""
    shapes, names = band_marks(stages, theme, width)
    layout = figure.layout
    figure.update_layout(shapes=[*layout.shapes, *shapes], annotations=[*layout.annotations, *names])


def band_marks(
    stages: list[Band], theme: Theme, width: int = LEAST_WIDTH
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The shapes and the annotations that `draw_bands` draws."""
    layers = stages[-1].last
    shapes = [
        {
            "type": "rect",
            "xref": "x",
            "yref": "paper",
            "x0": band.first - 0.5,
            "x1": band.last + 0.5,
            "y0": 0,
            "y1": 1,
            "fillcolor": theme.band,
            "line": {"width": 0},
            "layer": "below",
        }
        for band in stages[1::2]
    ]
    names = [
        {
            "text": band.stage,
            "x": (band.first + band.last) / 2,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 12, "color": theme.muted},
        }
        for band in stages
        if LETTER * len(band.stage) <= width * (band.last - band.first + 1) / layers
    ]
    return shapes, names
