"""Accuracy against a cost, and FLOPs against time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle, pairwise
from typing import Any

import plotly.graph_objects as go

from analysis.hardware.accuracy import RECIPES
from analysis.hardware.speeds import EVIDENCE, Speed
from analysis.units import format_si
from views.charts import evidence
from views.charts.axes import axis, scatter_layout
from views.charts.labels import MARK, Line, Point, name_marks
from views.theme import OTHER_FAMILY, Mark, Theme

HEIGHT = 480
SYMBOLS = dict(zip(RECIPES, ("diamond", "square", "triangle-up", "cross", "circle", "x", "star"), strict=True))
#: Of what was trained here, the most frequent recipe first.
TRAINED_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")
#: Of the vertical axis: what stands there, and most numbers along it.
PUBLISHED, MOST_TICKS = "ImageNet top-1 error", 12
Row = Mapping[str, Any]


def accuracy(
    rows: Sequence[Row],
    front: Sequence[Row],
    write: Callable[[float], str],
    title: str,
    colours: Mapping[str, str],
    theme: Theme,
    heading: str = PUBLISHED,
) -> go.Figure:
    """A mark an accuracy; recipes by marker, the chosen networks by colour, all others in grey.

    Args:
        rows: with `cost`, `cost_evidence`, `error` and its `evidence`.
        front: those that none beats, the best cost first.
        write: how costs are written.
        title: of the cost.
        colours: of the chosen networks.
        heading: of the error.
    """
    errors = [row["error"] for row in rows]
    low, high = min(errors) - 0.8, max(errors) + 0.8
    apart = next(step for step in (1, 2, 5, 10, 20) if high - low <= MOST_TICKS * step)
    ticks = [error for error in range(0, 101, apart) if low <= error <= high]
    texts = [f"{tick}\u2009%" for tick in ticks]
    barred = [*_best(row for row in rows if row["name"] in colours).values()]
    ends = [x for row in barred for line in _bar_of(row) for x, _ in line]
    x = axis([*(row["cost"] for row in rows), *ends], write, title, log=True)
    y = {"range": (low, high), "tickvals": ticks, "ticktext": texts, "title": {"text": heading}}
    layout = scatter_layout(theme, HEIGHT, x, y, itemsizing="constant")
    layout["annotations"] = _names(front, rows, colours, layout, theme)
    shades = {row["name"]: colours.get(row["name"], OTHER_FAMILY) for row in rows}
    symbols = _symbols(rows)
    traces = [
        front_line(_points(front), theme) | {"name": "Pareto front", "showlegend": True},
        *evidence.legend_entries(map(_kind, rows), theme, bars=False, with_errors=any(map(_bar_of, barred))),
        *evidence.unchecked_entry(any(_bar_of(row) and not row["is_checked"] for row in barred), theme),
        *_recipe_entries(symbols, theme, grey=any(row["name"] not in colours for row in rows)),
        *(
            _mark(
                *(row, write, title, shades[row["name"]], symbols[row["group"]], theme),
                with_bar=any(row is one for one in barred),
            )
            for row in sorted(rows, key=lambda row: row["name"] in colours)  # what is chosen lies above the rest
        ),
    ]
    return go.Figure(traces, layout)


def _kind(row: Row) -> str:
    """The weaker evidence of the accuracy and its cost; a count is as good as any."""
    accuracy, cost = row["evidence"], row["cost_evidence"]
    return max(accuracy, cost, key=EVIDENCE.index) if cost in EVIDENCE else accuracy


def _symbols(rows: Sequence[Row]) -> dict[str, str]:
    """The mark of each recipe: the same everywhere of those that are published."""
    groups = Counter(row["group"] for row in rows)
    if groups.keys() <= SYMBOLS.keys():
        return {group: symbol for group, symbol in SYMBOLS.items() if group in groups}
    return dict(zip([group for group, _ in groups.most_common()], cycle(TRAINED_SYMBOLS)))


def _points(rows: Sequence[Row]) -> list[Point]:
    return [(row["cost"], row["error"]) for row in rows]


def front_line(points: Sequence[Point], theme: Theme) -> dict[str, Any]:
    """The dashed staircase through the points of a front."""
    return {
        "type": "scatter",
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "mode": "lines",
        "line": {"shape": "hv", "color": theme.muted, "width": 1.5, "dash": "dash"},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _names(
    front: Sequence[Row], rows: Sequence[Row], colours: Mapping[str, str], layout: Mapping[str, Any], theme: Theme
) -> list[dict[str, Any]]:
    """The names of the chosen and of those on the front, clear of all marks and of the front's line; best figures."""
    best = {row["name"]: row for row in front} | _best(row for row in rows if row["name"] in colours)
    named = sorted(best.values(), key=lambda row: row["name"] not in colours)
    others = [row for row in rows if row not in named]
    points = _points([*named, *others])
    texts = [*(f"{row['name']} {row['image_size']}\u2009px" for row in named), *[""] * len(others)]
    bars = [line for row in named for line in _bar_of(row)]
    return name_marks(points, texts, layout, theme, [*bars, *staircase(_points(front))])


def staircase(points: Sequence[Point]) -> list[Line]:
    """The lines of `front_line`: from each point along to the next one's cost, and from there to it."""
    return [line for (x, y), (to, end) in pairwise(points) for line in (((x, y), (to, y)), ((to, y), (to, end)))]


def _recipe_entries(symbols: Mapping[str, str], theme: Theme, *, grey: bool) -> list[dict[str, Any]]:
    """What marks mean, in no family's colour; a click on one hides its figures."""
    style = {"type": "scatter", "x": [None], "y": [None], "mode": "markers", "hoverinfo": "skip"}
    entries = [
        {"name": group, "legendgroup": group, "marker": {"symbol": f"{symbol}-open", "color": theme.muted}}
        for group, symbol in symbols.items()
    ]
    if grey:
        entries.append({"name": "grey: not chosen", "marker": {"symbol": "hexagon", "color": OTHER_FAMILY}})
    return [style | entry for entry in entries]


def _best(rows: Iterable[Row]) -> dict[str, Row]:
    """Of each network the most accurate figure; its interval stands for those of the others at the same cost."""
    return {row["name"]: row for row in sorted(rows, key=lambda row: -row["error"])}


def _mark(
    row: Row, write: Callable[[float], str], title: str, colour: str, symbol: str, theme: Theme, *, with_bar: bool
) -> dict[str, Any]:
    style = evidence.mark_style(_kind(row), colour, theme, symbol)
    mark = evidence.mark(row["cost"], row["error"], style, _hover(row, write, title))
    bar = _error_bar(row, theme) if with_bar else {}
    return mark | {"legendgroup": row["group"], "cliponaxis": True} | bar


def _error_bar(row: Row, theme: Theme) -> dict[str, Any]:
    """The interval of a predicted cost."""
    error = row.get("cost_error")
    if not error:
        return {}
    return {"error_x": evidence.error_bar([error], [row["cost"]], theme, checked=row["is_checked"])}


def _bar_of(row: Row) -> list[Line]:
    """The same as a line, which no name may cross."""
    cost, y, error = row["cost"], row["error"], row.get("cost_error")
    return [((cost * (1 - error[0]), y), (cost * (1 + error[1]), y))] if error else []


def _hover(row: Row, write: Callable[[float], str], title: str) -> str:
    error = f"{row['error']:.2f}\u2009%"
    lines = [
        f"<b>{row['name']}</b>, {row['image_size']}\u2009px: top-1 error {error} (<b>{row['evidence']}</b>)",
        f"{title}: {write(row['cost'])} (<b>{row['cost_evidence']}</b>)",
        *([row["cost_error_meaning"]] if row.get("cost_error_meaning") else []),
        f"Recipe: {row['recipe']}",
        f"Evaluation: {row['evaluation'] or 'not stated'}",
        f"Source: {row['source']}",
        *([f"Doubt: {row['note']}"] if row["note"] else []),
    ]
    return evidence.wrap(lines)


def paradox(speeds: Sequence[Speed], marks: Mapping[str, Mark], theme: Theme) -> go.Figure:
    """A mark a network, as in Compare, the lines of equal FLOP/s through the fastest and the slowest dotted."""
    points = [(speed.flops, speed.seconds_per_image) for speed in speeds]
    xs = axis([x for x, _ in points], lambda value: format_si(value, "FLOP"), "FLOPs of an image", log=True)
    ys = axis([y for _, y in points], lambda value: format_si(value, "s"), "Time of an image", log=True)
    layout = scatter_layout(theme, HEIGHT, xs, ys, itemclick=False)
    rates = equal_rates(speeds, layout["xaxis"]["range"], theme)
    dotted = [tuple(zip(line["x"], line["y"], strict=True)) for line in rates]
    bars = [line for speed in speeds for line in evidence.time_bar(speed)]
    layout["annotations"] = name_marks(points, [speed.name for speed in speeds], layout, theme, [*bars, *dotted])
    weakest_first = sorted(speeds, key=lambda speed: -EVIDENCE.index(speed.evidence))
    traces = [
        *rates,
        *evidence.legend_entries((speed.evidence for speed in speeds), theme, bars=False),
        *evidence.unchecked_entry(any(speed.is_open for speed in speeds), theme),
        *_variant_entries(marks[speed.name] for speed in speeds),
        *(evidence.time_mark(speed, marks[speed.name], theme) for speed in weakest_first),
    ]
    return go.Figure(traces, layout)


def _variant_entries(marks: Iterable[Mark]) -> list[dict[str, Any]]:
    """What colours and shapes mean, each once."""
    style = {"type": "scatter", "x": [None], "y": [None], "mode": "markers", "hoverinfo": "skip"}
    return [
        style | {"name": mark.variant, "marker": {"symbol": mark.symbol, "color": mark.colour, "size": MARK}}
        for mark in dict.fromkeys(marks)
    ]


def equal_rates(speeds: Sequence[Speed], span: tuple[float, float], theme: Theme) -> list[dict[str, Any]]:
    """Lines of the best and the worst FLOP/s."""
    rates = {speed.flops_per_s: speed for speed in speeds}
    ends = [10 ** span[0], 10 ** span[1]]
    style = {"type": "scatter", "mode": "lines", "hoverinfo": "text", "showlegend": False, "cliponaxis": True}
    return [
        style
        | {
            "x": ends,
            "y": [end / rate for end in ends],
            "hovertext": f"{format_si(rate, 'FLOP/s')}, as {rates[rate].name}",
            "line": {"color": theme.muted, "width": 1, "dash": "dot"},
        }
        for rate in {max(rates), min(rates)}
    ]
