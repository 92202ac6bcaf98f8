"""Axis ranges and ticks at round numbers, written with units and SI prefixes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from math import ceil, floor, log10
from typing import Any

#: Share of the range that is left free on either side.
PADDING = 0.1
MOST_TICKS = 6


def axis(
    values: Iterable[float], write: Callable[[float], str], title: str, *, log: bool = False, most: int = MOST_TICKS
) -> dict[str, Any]:
    """A Plotly axis that holds all values with some room around them."""
    values = list(values)
    low, high = min(values), max(values)
    if log:
        low, high = log10(low), log10(high)
        margin = PADDING * (high - low) or 0.5
        span = (low - margin, high + margin)
        ticks = log_ticks(*span, most)
    else:
        span = (0.0, high * (1 + PADDING) or 1.0)
        ticks = linear_ticks(*span, most)
    return {
        "type": "log" if log else "linear",
        "range": span,
        "tickvals": ticks,
        "ticktext": [_without_zeros(write(tick)) for tick in ticks],
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


def _without_zeros(text: str) -> str:
    """A round number needs no zeros behind its point: "2.00 G" is "2 G"."""
    return re.sub(r"\.0+(?!\d)|(?<=\.)(\d*?[1-9])0+(?!\d)", r"\1", text)
