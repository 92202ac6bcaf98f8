"""The stages of a network as bands behind a chart along its depth."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

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
