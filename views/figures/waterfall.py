"""From our figure to a counter's, step by step: what the counter counts beside multiply-accumulates, or misses."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.units import format_si
from views.notation import format_difference
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd

BAR_HEIGHT, FRAME_HEIGHT = 27, 16
#: Room for the figures beside the bars, as a share of the distance that the bars cover.
ROOM = 0.28
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
    ours, *changes, reported = steps["value"]
    unit, distance = steps["unit"].iloc[0], reported - ours
    starts = [0, *accumulate(changes, initial=0)][1:]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=["DenseScope", *steps["step"][1:-1], counter],
            base=[0, *starts[:-1], 0],
            x=[0, *changes, distance],
            text=[
                _figure(ours, unit),
                *(f"{format_difference(change)}" for change in changes),
                _figure(reported, unit),
            ],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [theme.text, *(theme.kinds[step_kind(step)] for step in steps["step"][1:-1]), theme.text]},
            hovertext=[
                f"<b>{label}</b><br>{value:,} {unit}"
                for label, value in zip(["DenseScope", *steps["step"][1:-1], counter], steps["value"], strict=True)
            ],
            hoverinfo="text",
        ),
        {"template": theme.template, "height": FRAME_HEIGHT + BAR_HEIGHT * len(steps), "showlegend": False},
    )
    return _frame(figure, starts, theme)


def _frame(figure: go.Figure, ends: list[int], theme: Theme) -> go.Figure:
    """Axes without ticks, since the figures stand beside the bars, and the lines that join a bar to the next."""
    low, high = min(ends), max(ends)
    room = ROOM * ((high - low) or 1)
    figure.update_xaxes(
        range=(low - (room if low < 0 else 0), high + room),
        showgrid=False,
        showticklabels=False,
        zerolinecolor=theme.muted,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ", type="category")
    for row, end in enumerate(ends[1:], start=1):
        figure.add_shape(type="line", x0=end, x1=end, y0=row, y1=row + 1, line={"color": theme.muted, "width": 1})
    return figure.update_layout(bargap=0.35)


def _figure(value: int, unit: str) -> str:
    return f"{format_si(value)} {unit}"


def step_kind(step: str) -> Any:
    """The kind of operation whose colour a step has.

    >>> step_kind("ReLU again"), step_kind("missed linear"), step_kind("bias")
    ('activation', 'linear', 'arithmetic')
    """
    return next((kind for part, kind in _KINDS.items() if part in step.lower()), "arithmetic")
