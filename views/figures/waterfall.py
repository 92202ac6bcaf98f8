"""From our figure to a counter's, step by step: what the counter counts beside multiply-accumulates, or misses."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from analysis.units import format_si
from views.notation import format_change, format_difference
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd

BAR_HEIGHT, FRAME_HEIGHT = 27, 38
#: Room for the figures right and left of the bars, as a share of the distance that the bars cover.
WIDE_ROOM, NARROW_ROOM = 0.4, 0.35
#: Pixels that the longest name of a step takes.
LABELS_WIDTH = 160
#: What the name of a step ends with that counts an operation a second time.
AGAIN = " again"
#: The kind of operation that a step belongs to, by a part of its name; the first that fits.
_KINDS = {
    "norm": "normalisation",
    "pooling": "pooling",
    "convolution": "convolution k×k",
    "linear": "linear",
    "matmul": "matrix product",
    "attention": "matrix product",
    "lu": "activation",  # ReLU, GELU, SiLU …
    "swish": "activation",
    "sigmoid": "activation",
    "softmax": "activation",
}


def waterfall(steps: pd.DataFrame, counter: str, theme: Theme) -> go.Figure:
    """Bars that start where the one above ends; the position is the distance from our figure.

    Args:
        steps: the rows of one counter of `analysis.crosscheck.waterfall`: ours, each step, reported.
        counter: its name.
        theme: what it is drawn with.
    """
    (_, ours), *changes, (_, reported) = in_order(steps)
    unit, distance = steps["unit"].iloc[0], reported - ours
    ends = [0, *accumulate(value for _, value in changes)]
    labels = ["DenseScope", *(step for step, _ in changes), counter]
    values = [ours, *(value for _, value in changes), reported]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=labels,
            base=[0, *ends[:-1], 0],
            x=[0, *values[1:-1], distance],
            text=[_total(ours, unit), *map(format_difference, values[1:-1]), _total(reported, unit)],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [theme.muted, *(theme.kinds[step_kind(step)] for step, _ in changes), theme.muted]},
            hovertext=[f"<b>{label}</b><br>{value:,} {unit}" for label, value in zip(labels, values, strict=True)],
            hoverinfo="text",
        ),
        {"template": theme.template, "height": FRAME_HEIGHT + BAR_HEIGHT * len(steps), "showlegend": False},
    )
    _join_bars(figure, ends, theme)
    change = f"{format_difference(distance)}, {format_change(distance / ours)}" if distance else "no difference"
    return _frame(figure, ends, f"beyond our {_total(ours, unit)}: {change}", theme)


def in_order(steps: pd.DataFrame) -> list[tuple[str, int]]:
    """Ours, the steps by weight (what is counted again right after what it repeats), and what is reported."""
    first, *changes, last = zip(steps["step"], steps["value"], strict=True)
    weights: dict[str, int] = {}
    for step, value in changes:
        origin = step.removesuffix(AGAIN)
        weights[origin] = weights.get(origin, 0) + abs(value)
    changes.sort(key=lambda change: (-weights[change[0].removesuffix(AGAIN)], change[0]))
    return [first, *changes, last]


def _join_bars(figure: go.Figure, ends: list[int], theme: Theme) -> None:
    """Lines from the end of each bar to the next."""
    for row, end in enumerate(ends[1:], start=1):
        figure.add_shape(type="line", x0=end, x1=end, y0=row, y1=row + 1, line={"color": theme.muted, "width": 1})


def _frame(figure: go.Figure, ends: list[int], title: str, theme: Theme) -> go.Figure:
    """Axes without ticks, since the figures stand beside the bars; the same margin for all counters."""
    low, high = min(ends), max(ends)
    room = (high - low) or 1
    figure.update_xaxes(
        range=(low - (NARROW_ROOM * room if low < 0 else 0), high + WIDE_ROOM * room),
        title={"text": title, "standoff": 4},
        showgrid=False,
        showticklabels=False,
        zerolinecolor=theme.muted,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ", type="category", automargin=False)
    return figure.update_layout(bargap=0.35, margin={"l": LABELS_WIDTH, "b": 30})


def _total(value: int, unit: str) -> str:
    return f"{format_si(value)} {unit}"


def step_kind(step: str) -> str:
    """The kind of operation whose colour a step has.

    >>> step_kind("ReLU again"), step_kind("missed linear"), step_kind("bias")
    ('activation', 'linear', 'arithmetic')
    """
    return next((kind for part, kind in _KINDS.items() if part in step.lower()), "arithmetic")
