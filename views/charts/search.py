"""What a search found: the front among all networks that keep to the budgets, and its networks as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.quantities import label_of
from analysis.search.quantities import SEARCH_QUANTITIES, format_value
from views.charts.axes import axis, coordinate, linear_ticks, scatter_layout
from views.charts.evidence import mark
from views.theme import Theme, family_colour, mix

if TYPE_CHECKING:
    import pandas as pd

    from analysis.search.result import SearchResult


HEIGHT, LINES_HEIGHT = 360, 440
#: Of those in the background: more say nothing more, and make the page slow.
MOST_MARKS = 300
MOST_LINES = 400
#: Of a line of an axis' label in parallel coordinates.
LABEL_LETTERS = 14
#: Values that differ by a larger factor stand on a logarithmic axis.
WIDE = 8


def scatter(
    result: SearchResult,
    roles: Mapping[int, str],
    base: Mapping[str, Any],
    x: str,
    y: str,
    hovers: Sequence[str],
    theme: Theme,
) -> go.Figure:
    """The front in the family's colour before all that keeps to the budgets in grey; marks of the front can be clicked.

    Args:
        roles: what some rows of the front are called.
        base: the network that the space lies around, with its `name`.
        x, y: quantities.
        hovers: what is said of each network of the front.
    """
    feasible, front = result.feasible, result.front
    beaten = feasible.sample(MOST_MARKS, random_state=0) if len(feasible) > MOST_MARKS else feasible
    drawn = f" ({MOST_MARKS:,} of {len(feasible):,} drawn)" if len(feasible) > MOST_MARKS else ""
    colour, grey = family_colour(result.space.family), mix(theme.muted, theme.paper, 0.45)
    axes = [_axis([*feasible[key], base[key]], key) for key in (x, y)]
    layout = scatter_layout(theme, HEIGHT, *axes, itemsizing="constant")
    layout["annotations"] = _names(roles, result, base, x, y, layout, theme)
    marks = {"type": "scatter", "mode": "markers", "hoverinfo": "text"}
    rest = {"name": f"keeps to the budgets{drawn}", "marker": {"color": grey, "size": 4}, "hoverinfo": "skip"}
    best = {
        "name": "no other beats it: click to open in Design",
        "marker": {"color": colour, "size": 10, "line": {"color": theme.outline(colour), "width": 1.2}},
        "hovertext": list(hovers),
    }
    traces = [
        marks | {"x": beaten[x].tolist(), "y": beaten[y].tolist()} | rest,
        _base_mark(base, x, y, theme),
        marks | {"x": front[x].tolist(), "y": front[y].tolist()} | best,
    ]
    return go.Figure(traces, layout | {"clickmode": "event+select"})


def _names(
    roles: Mapping[int, str], result: SearchResult, base: Mapping[str, Any], x: str, y: str, layout: Any, theme: Theme
) -> list[dict[str, Any]]:
    """Some networks of the front by name, on the side where nothing is, and the space's own on the other."""
    across = 1 if result.objectives.get(x) == "max" else -1
    down = -1 if result.objectives.get(y) == "max" else 1
    named = [(role, result.front.iloc[row], (30 * across, 16 * down)) for row, role in roles.items()]
    style = {"font": {"size": 12, "color": theme.text}, "bgcolor": theme.page, "borderpad": 0}
    leader = {"arrowhead": 0, "arrowwidth": 1, "arrowcolor": theme.muted, "standoff": 6}
    return [
        style
        | leader
        | {"text": text, "ax": ax, "ay": ay}
        | {"x": coordinate(row[x], layout["xaxis"]), "y": coordinate(row[y], layout["yaxis"])}
        for text, row, (ax, ay) in (*named, (base["name"], base, (0, -44 * down)))
    ]


def _base_mark(base: Mapping[str, Any], x: str, y: str, theme: Theme) -> dict[str, Any]:
    """A cross."""
    style = {"color": theme.text, "size": 12, "symbol": "x-thin", "line": {"width": 2, "color": theme.text}}
    hover = f"<b>{base['name']}</b><br>{format_value(x, base[x])}<br>{format_value(y, base[y])}"
    return mark(base[x], base[y], style, hover)


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
        template=theme.template,
        height=LINES_HEIGHT,
        margin={"t": 56, "b": 24, "l": 60, "r": 60},
    )


def _dimension(values: pd.Series[Any], column: str) -> dict[str, Any]:
    if isinstance(values.iloc[0], str):
        words = sorted(set(values))
        return _dimension(values.map(words.index), column) | {"tickvals": [*range(len(words))], "ticktext": words}
    numbers = [float(value) for value in values]
    low, high = min(numbers), max(numbers)
    if low == high:
        low, high = low - 1, high + 1
    known = column in SEARCH_QUANTITIES
    distinct = sorted(set(numbers))
    ticks: list[float] = distinct if len(distinct) <= 6 else linear_ticks(low, high, 5)
    label = label_of(column) if known else column
    return {
        "label": "<br>".join(wrap(label, LABEL_LETTERS)),
        "values": numbers,
        "range": (low, high),
        "tickvals": ticks,
        "ticktext": [format_value(column, tick) if known else f"{tick:g}" for tick in ticks],
    }


def _axis(values: Sequence[float], key: str) -> dict[str, Any]:
    """Logarithmic where values differ widely, else as long as they need."""
    low, high = min(values), max(values)
    wide = low > 0 and high / low > WIDE
    return axis(values, lambda value: format_value(key, value), label_of(key), log=wide, zero=low == high)
