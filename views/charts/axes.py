"""What charts stand on: ticks at round numbers with units, legends, bars with their figures, stages as bands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from math import ceil, floor, log10
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.units import without_zeros
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

#: Share of the range that is left free on either side.
PADDING = 0.1
MOST_TICKS = 6


def axis(
    values: Iterable[float],
    write: Callable[[float], str],
    title: str,
    *,
    log: bool = False,
    zero: bool = True,
    most: int = MOST_TICKS,
) -> dict[str, Any]:
    """A Plotly axis that holds all values with some room around them; one that isn't logarithmic begins at zero,
    unless that says nothing of the values.
    """
    values = list(values)
    low, high = min(values), max(values)
    if log:
        low, high = log10(low), log10(high)
        margin = PADDING * (high - low) or 0.5
        span = (low - margin, high + margin)
        ticks = log_ticks(*span, most)
    else:
        margin = 2 * PADDING * (high - low) or PADDING * high
        span = (0.0, high * (1 + PADDING) or 1.0) if zero else (low - margin, high + margin)
        ticks = linear_ticks(*span, most)
    return {
        "type": "log" if log else "linear",
        "range": span,
        "tickvals": ticks,
        "ticktext": [without_zeros(write(tick)) for tick in ticks],
        "title": {"text": title},
    }


def coordinate(value: float, axis: Mapping[str, Any]) -> float:
    """Where Plotly's annotations and ranges have a value: on logarithmic axes at its logarithm."""
    return log10(value) if axis.get("type") == "log" else value


def fraction(value: float, axis: Mapping[str, Any]) -> float:
    """Where a value lies on an axis, from 0 at its start to 1 at its end."""
    start, end = axis["range"]
    return (coordinate(value, axis) - start) / (end - start)


def linear_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten within [low, high].

    >>> linear_ticks(0, 23)
    [0, 5, 10, 15, 20]
    """
    rough = (high - low) / most
    magnitude = 10.0 ** floor(log10(rough))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= rough)
    return [_tidy(count * step) for count in range(ceil(low / step), floor(high / step) + 1)]


def log_ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Powers of ten, with their 2-fold and 5-fold where there is room, within [10**low, 10**high].

    >>> log_ticks(0, 1)
    [1, 2, 5, 10]
    """
    for factors in ((1, 2, 5), (1, 3), (1,)):
        decades = range(floor(low), ceil(high) + 1)
        ticks = [_tidy(factor * 10.0**decade) for decade in decades for factor in factors]
        ticks = [tick for tick in ticks if low - 1e-9 <= log10(tick) <= high + 1e-9]
        if len(ticks) <= most:
            break
    return ticks if len(ticks) > 1 else linear_ticks(10**low, 10**high, most)


def _tidy(value: float) -> float:
    """Whole numbers as ints, so that no decimals are written behind them."""
    rounded = float(f"{value:.12g}")
    return int(rounded) if rounded == int(rounded) else rounded


#: A legend above or below all of a figure, where it stays when the width changes.
ABOVE = {"orientation": "h", "yref": "container", "yanchor": "top", "y": 1, "x": 0}
BELOW = {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0}


def scatter_layout(
    theme: Theme, height: int, x: Mapping[str, Any], y: Mapping[str, Any], /, **legend: Any
) -> dict[str, Any]:
    """The layout of marks over two axes, with a legend above them."""
    return {
        "template": theme.template,
        "height": height,
        "xaxis": x,
        "yaxis": y,
        "legend": ABOVE | legend,
        "hovermode": "closest",
        "margin": {"t": 36},
    }


#: Pixels that panels along the depth span at the least, and that a letter takes: narrower stages go unlabelled.
LEAST_WIDTH, LETTER = 780, 6.6
#: Pixels that panels of all widths span on a phone; what has no room there is marked, and views/style.css hides it.
PHONE_WIDTH, WIDE_ONLY = 240, "<span>{}</span>"


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


def draw_bands(figure: go.Figure, stages: list[Band], theme: Theme, width: int, share: float) -> None:
    """Every second stage shaded over the whole height, named where they have room in so much of `width` pixels."""
    shapes, names = band_marks(stages, theme, width, share)
    layout = figure.layout
    figure.update_layout(shapes=[*layout.shapes, *shapes], annotations=[*layout.annotations, *names])


def band_marks(
    stages: list[Band], theme: Theme, width: int = LEAST_WIDTH, share: float = 1
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
            "text": text,
            "x": (band.first + band.last) / 2,
            "y": 1,
            "yref": "paper",
            "yanchor": "bottom",
            "showarrow": False,
            "font": {"size": 12, "color": theme.muted},
        }
        for band in stages
        if (text := _fitting(band.stage, width, share * (band.last - band.first + 1) / layers))
    ]
    return shapes, names


def _fitting(stage: str, width: int, share: float) -> str:
    """A stage's name, or what it ends with, as far as there is room in its share of the panel.

    >>> [_fitting("dense block 1", 780, pixels / 780) for pixels in (300, 90, 60, 30)]
    ['dense block 1', '<span>dense block 1</span>', '<span>block 1</span>', '']
    """
    *_, noun, number = ("", *stage.split(" "))
    return next(filter(None, (named(text, width, share) for text in (stage, f"{noun} {number}".strip()))), "")


def named(text: str, width: int, share: float) -> str:
    """A name where it has room in a share of the panel: nothing, or what phones hide, where it has none."""
    if LETTER * len(text) > width * share:
        return ""
    return text if LETTER * len(text) <= PHONE_WIDTH * share else WIDE_ONLY.format(text)
