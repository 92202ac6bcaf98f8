"""What a search found: the front among all networks that keep to the budgets, and its networks as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.quantities import label_of
from analysis.search.quantities import SEARCH_QUANTITIES, format_value
from views.charts.axes import PADDING, axis, linear_ticks, scatter_layout
from views.charts.evidence import mark
from views.theme import Theme, family_colour, mix

if TYPE_CHECKING:
    import pandas as pd


HEIGHT, LINES_HEIGHT = 460, 380
#: More marks than this say nothing more, and make the page slow.
MOST_MARKS = 2000
MOST_LINES = 400
#: Values that differ by a larger factor stand on a logarithmic axis.
WIDE = 8


def scatter(
    feasible: pd.DataFrame,
    front: pd.DataFrame,
    base: Mapping[str, Any],
    x: str,
    y: str,
    family: str,
    hovers: Sequence[str],
    theme: Theme,
) -> go.Figure:
    """The front in the family's colour before all that keeps to the budgets in grey; marks of the front can be clicked.

    Args:
        feasible, front: as in `SearchResult`.
        base: the network that the space lies around, with its `name`.
        x, y: columns of both.
        family: of the space.
        hovers: what is said of each network of the front.
    """
    shown = feasible.sample(MOST_MARKS, random_state=0) if len(feasible) > MOST_MARKS else feasible
    colour, grey = family_colour(family), mix(theme.muted, theme.paper, 0.45)
    axes = (_axis([*feasible[key], base[key]], key) for key in (x, y))
    layout = scatter_layout(theme, HEIGHT, *axes, itemsizing="constant")
    marks = {"type": "scatter", "mode": "markers", "hoverinfo": "text"}
    beaten = {"name": "keeps to the budgets", "marker": {"color": grey, "size": 4}, "hoverinfo": "skip"}
    best = {
        "name": "no other beats it: click to open in Design",
        "marker": {"color": colour, "size": 10, "line": {"color": theme.outline(colour), "width": 1.2}},
        "hovertext": list(hovers),
    }
    traces = [
        marks | {"x": shown[x].tolist(), "y": shown[y].tolist()} | beaten,
        _base_mark(base, x, y, theme),
        marks | {"x": front[x].tolist(), "y": front[y].tolist()} | best,
    ]
    return go.Figure(traces, layout | {"clickmode": "event+select"})


def _base_mark(base: Mapping[str, Any], x: str, y: str, theme: Theme) -> dict[str, Any]:
    """A cross with a name."""
    style = {"color": theme.text, "size": 12, "symbol": "x-thin", "line": {"width": 2, "color": theme.text}}
    hover = f"<b>{base['name']}</b><br>{format_value(x, base[x])}<br>{format_value(y, base[y])}"
    name = {"mode": "markers+text", "text": [base["name"]], "textposition": "bottom right"}
    font = {"textfont": {"size": 12, "color": theme.text}, "name": base["name"]}
    return mark(base[x], base[y], style, hover) | name | font


def lines(front: pd.DataFrame, columns: Sequence[str], family: str, theme: Theme) -> go.Figure:
    """Parallel coordinates: one line a network of the front, from what it is made of to what it costs."""
    shown = front.head(MOST_LINES)
    first = columns[-1]
    values = shown[first].astype(float)
    colour = family_colour(family)
    figure = go.Figure(
        {
            "type": "parcoords",
            "dimensions": [_dimension(shown[column], column) for column in columns],
            "line": {
                "color": values.rank().tolist(),
                "colorscale": [[0, mix(colour, theme.text, 0.55)], [1, mix(colour, theme.paper, 0.55)]],
            },
            "labelfont": {"size": 12, "color": theme.text},
            "tickfont": {"size": 11, "color": theme.muted},
            "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
            "unselected": {"line": {"color": theme.grid, "opacity": 0.4}},
        }
    )
    return figure.update_layout(
        template=theme.template, height=LINES_HEIGHT, margin={"t": 48, "b": 24, "l": 60, "r": 60}
    )


def _dimension(values: pd.Series[Any], column: str) -> dict[str, Any]:
    numbers = [float(value) for value in values]
    low, high = min(numbers), max(numbers)
    if low == high:
        low, high = low - 1, high + 1
    known = column in SEARCH_QUANTITIES
    distinct = sorted(set(numbers))
    ticks: list[float] = distinct if len(distinct) <= 6 else linear_ticks(low, high, 5)
    label = label_of(column) if known else column
    return {
        "label": "<br>".join(_broken(label)),
        "values": numbers,
        "range": (low, high),
        "tickvals": ticks,
        "ticktext": [format_value(column, tick) if known else f"{tick:g}" for tick in ticks],
    }


def _broken(label: str) -> list[str]:
    """A label in two lines where it has two words."""
    head, _, tail = label.partition(" ")
    return [head, tail] if tail else [head]


def _axis(values: Sequence[float], key: str) -> dict[str, Any]:
    """An axis that holds all values: logarithmic where they differ widely, else as long as they need."""
    low, high = min(values), max(values)
    wide = low > 0 and high / low > WIDE
    found = axis(values, lambda value: format_value(key, value), label_of(key), log=wide)
    if not wide and high > low:
        margin = PADDING * (high - low)
        ticks = linear_ticks(low - margin, high + margin)
        found |= {"range": (low - margin, high + margin), "tickvals": ticks}
        found["ticktext"] = [format_value(key, tick) for tick in ticks]
    return found
