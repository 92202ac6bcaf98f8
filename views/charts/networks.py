"""Networks against each other: scatter and bars."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.quantities import QUANTITIES
from analysis.units import format_exact
from views.charts.axes import axis, fraction, scatter_layout
from views.charts.labels import place_labels
from views.tables import Notation
from views.theme import Theme, variant_style

if TYPE_CHECKING:
    import pandas as pd


#: Diameters of the marks in pixels.
SMALLEST, LARGEST, EQUAL = 8, 34, 13
BAR_HEIGHT, LEAST_HEIGHT = 24, 420


def height(networks: int) -> int:
    """Of both charts, so that they stand level."""
    return max(LEAST_HEIGHT, 60 + BAR_HEIGHT * networks)


def scatter(
    frame: pd.DataFrame, x: str, y: str, size: str | None, notation: Notation, theme: Theme, *, log: bool
) -> go.Figure:
    """One mark a network; the area of a mark stands for `size`."""
    xs, ys = notation.scale(frame, x), notation.scale(frame, y)
    x_axis = axis(xs, lambda value: notation.write_tick(x, value), notation.label(x), log=log)
    y_axis = axis(ys, lambda value: notation.write_tick(y, value), notation.label(y), log=log)
    diameters = _diameters(frame, size)
    positions = place_labels(
        [(fraction(x, x_axis), fraction(y, y_axis)) for x, y in zip(xs, ys, strict=True)],
        list(frame["name"]),
        [diameter / 2 for diameter in diameters],
    )
    marks = frame.assign(
        x=xs,
        y=ys,
        diameter=diameters,
        position=[position or "top center" for position in positions],
        text=[name if position else "" for name, position in zip(frame["name"], positions, strict=True)],
        hover=[_hover(row, [x, y, size]) for row in frame.to_dict("records")],
    )
    layout = scatter_layout(theme, height(len(frame)), x_axis, y_axis, y=1.0, itemsizing="constant") | {"margin": {}}
    return go.Figure([_marks(group, family, variant, theme) for (family, variant), group in _by_variant(marks)], layout)


def bars(frame: pd.DataFrame, key: str, notation: Notation, theme: Theme) -> go.Figure:
    """One bar a network, with its figure at the end."""
    bars = frame.assign(
        value=notation.scale(frame, key), hover=[_hover(row, [key]) for row in frame.to_dict("records")]
    )
    values = axis(bars["value"], lambda value: notation.write_tick(key, value), notation.label(key))
    room_for_figures = 1.3 if notation.style == "exact" else 1.15
    values["title"] = None
    values["range"] = (0, values["range"][1] * room_for_figures)
    names = {
        "categoryorder": "array",
        "categoryarray": list(frame["name"])[::-1],
        "showgrid": False,
        "ticksuffix": "  ",
    }
    layout = {
        "template": theme.template,
        "height": height(len(frame)),
        "showlegend": False,
        "xaxis": values,
        "yaxis": names,
        "bargap": 0.35,
    }
    write = partial(notation.write, key)
    figure = go.Figure(
        [_bars(group, family, variant, write, theme) for (family, variant), group in _by_variant(bars)], layout
    )
    if notation.style == "relative":
        figure.add_vline(x=1, line={"color": theme.muted, "width": 1, "dash": "dot"})
    return figure


def _by_variant(frame: pd.DataFrame) -> Any:
    return frame.groupby(["family", "variant"], sort=False)


def _marks(group: pd.DataFrame, family: str, variant: str, theme: Theme) -> dict[str, Any]:
    """A trace as a plain dictionary, which Plotly takes in several times faster than its own objects."""
    colour = theme.variant_colour(family, variant)
    return {
        "type": "scatter",
        "x": group["x"].tolist(),
        "y": group["y"].tolist(),
        "name": variant,
        "mode": "markers+text",
        "text": group["text"].tolist(),
        "textposition": group["position"].tolist(),
        "textfont": {"size": 12, "color": theme.text},
        "cliponaxis": False,
        "hovertext": group["hover"].tolist(),
        "hoverinfo": "text",
        "marker": {
            "color": colour,
            "symbol": variant_style(family, variant).symbol,
            "size": group["diameter"].tolist(),
            "opacity": 0.9,
            "line": {"color": theme.outline(colour), "width": 1.2},
        },
    }


def _bars(
    group: pd.DataFrame, family: str, variant: str, write: Callable[[float], str], theme: Theme
) -> dict[str, Any]:
    """As `_marks`."""
    colour = theme.variant_colour(family, variant)
    return {
        "type": "bar",
        "orientation": "h",
        "x": group["value"].tolist(),
        "y": group["name"].tolist(),
        "name": variant,
        "text": group["value"].map(write).tolist(),
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": colour, "line": {"color": theme.outline(colour), "width": 1}},
        "hovertext": group["hover"].tolist(),
        "hoverinfo": "text",
    }


def _diameters(frame: pd.DataFrame, size: str | None) -> list[float]:
    """Marks whose area is proportional to the quantity, as far as the smallest can still be seen."""
    if size is None:
        return [float(EQUAL)] * len(frame)
    most = frame[size].max()
    return [max(SMALLEST, LARGEST * sqrt(value / most)) for value in frame[size]]


def _hover(row: dict[str, Any], keys: list[str | None]) -> str:
    lines = [f"{QUANTITIES[key].label}: {format_exact(key, row[key])}" for key in dict.fromkeys(keys) if key]
    return "<br>".join([f"<b>{row['name']}</b> ({row['variant']})", *lines])
