"""Published accuracy against a cost, with the front that no network beats; marks tell who trained it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go

from analysis.accuracy import RECIPES
from views.figures.axes import axis
from views.figures.labels import place_labels
from views.figures.paradox import fraction
from views.theme import Theme, mix

HEIGHT, MARK = 560, 11
SYMBOLS = dict(zip(RECIPES, ("diamond", "square", "triangle-up", "cross", "circle", "x"), strict=True))
Row = Mapping[str, Any]


def accuracy(
    rows: Sequence[Row],
    front: Sequence[Row],
    write: Callable[[float], str],
    title: str,
    colours: Mapping[str, str],
    theme: Theme,
) -> go.Figure:
    """A mark a published figure; recipes by marker, families by colour.

    Args:
        rows: with `cost` and `error`.
        front: those that none beats, by cost.
        write: how costs are written.
        title: of the cost.
        colours: of the networks.
        theme: what it is drawn with.
    """
    errors = [row["error"] for row in rows]
    low, high = min(errors) - 0.8, max(errors) + 0.8
    ticks = [error for error in range(0, 101, 2) if low <= error <= high]
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": HEIGHT,
        "xaxis": axis([row["cost"] for row in rows], write, title, log=True),
        "yaxis": {
            "range": (low, high),
            "tickvals": ticks,
            "ticktext": [f"{tick}\u2009%" for tick in ticks],
            "title": {"text": "ImageNet top-1 error"},
        },
        "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "itemsizing": "constant"},
        "hovermode": "closest",
        "margin": {"t": 36},
    }
    return go.Figure([_front(front, rows, layout, theme), *_marks(rows, write, title, colours, theme)], layout)


def _front(front: Sequence[Row], rows: Sequence[Row], layout: Mapping[str, Any], theme: Theme) -> dict[str, Any]:
    """A staircase through the best, each with its name where there is room."""
    points, marks = (_positions(some, layout) for some in (front, rows))
    names = [f"{row['name']} {row['image_size']} px" for row in front]
    obstacles = [*marks, *_staircase(points)]
    radii = [MARK / 2] * (len(points) + len(marks)) + [1.0] * (len(obstacles) - len(marks))
    places = place_labels([*points, *obstacles], [*names, *[""] * len(obstacles)], radii)[: len(points)]
    return {
        "type": "scatter",
        "x": [row["cost"] for row in front],
        "y": [row["error"] for row in front],
        "mode": "lines+markers+text",
        "name": "Pareto front",
        "marker": {"size": MARK, "color": "rgba(0, 0, 0, 0)"},  # unseen: keeps the names off the real marks
        "line": {"shape": "hv", "color": theme.muted, "width": 1.5, "dash": "dash"},
        "text": [name if place else "" for name, place in zip(names, places, strict=True)],
        "textposition": [place or "top center" for place in places],
        "textfont": {"size": 12, "color": theme.text},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _positions(rows: Sequence[Row], layout: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Where figures stand in the plot area, from (0, 0) to (1, 1)."""
    low, high = layout["yaxis"]["range"]
    return [(fraction(row["cost"], layout["xaxis"]["range"]), (row["error"] - low) / (high - low)) for row in rows]


def _staircase(points: Sequence[tuple[float, float]], dots: int = 12) -> list[tuple[float, float]]:
    """Dots along the front's line, right and then down from each point to the next, which no name may cross."""
    steps = [(step + 1) / dots for step in range(dots)]
    across = [(x + (to - x) * step, y) for (x, y), (to, _) in pairwise(points) for step in steps]
    down = [(x, y + (to - y) * step) for (_, y), (x, to) in pairwise(points) for step in steps[:-1]]
    return across + down


def _marks(
    rows: Sequence[Row], write: Callable[[float], str], title: str, colours: Mapping[str, str], theme: Theme
) -> list[dict[str, Any]]:
    traces = []
    for group in RECIPES:
        alike = [row for row in rows if row["group"] == group]
        fills = [mix(colours[row["name"]], theme.paper, 0.55) for row in alike]
        lines = [colours[row["name"]] for row in alike]
        marker = {"symbol": SYMBOLS[group], "size": MARK, "color": fills, "line": {"color": lines, "width": 1.6}}
        traces.append(
            {
                "type": "scatter",
                "x": [row["cost"] for row in alike],
                "y": [row["error"] for row in alike],
                "mode": "markers",
                "name": f"{group} (published)",
                "marker": marker,
                "hovertext": [_hover(row, write, title) for row in alike],
                "hoverinfo": "text",
            }
        )
    return [trace for trace in traces if trace["x"]]


def _hover(row: Row, write: Callable[[float], str], title: str) -> str:
    lines = [
        f"<b>{row['name']}</b>, {row['image_size']} px: top-1 error {row['error']:.2f}\u2009% (<b>published</b>)",
        f"{title}: {write(row['cost'])}{row.get('cost_evidence', '')}",
        f"Recipe: {row['recipe']}",
        f"Evaluation: {row['evaluation'] or 'not stated'}",
        f"Source: {row['source']}",
        *([f"Doubt: {row['note']}"] if row["note"] else []),
    ]
    return "<br>".join(lines)
