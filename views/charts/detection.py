"""Published detectors: precision against a stated cost, what a backbone gains, and what an image costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle
from math import ceil
from typing import Any

import plotly.graph_objects as go

from analysis.columns import Column
from analysis.detection import AUTHORS, BESIDE, family_title
from analysis.detection_findings import Gain
from analysis.hardware.accuracy import SECOND_HAND, pareto_front
from analysis.quantities import PRECISIONS
from analysis.units import format_ratio, format_si
from archs.registry import list_families
from views.charts import evidence
from views.charts.accuracy import front_line, staircase
from views.charts.axes import ABOVE, axis, scatter_layout
from views.charts.labels import Point, name_marks
from views.theme import Theme, family_colour

Row = Mapping[str, Any]
#: Of a picture, of a bar, of the axis below a plot and of a row of its legend, in pixels.
HEIGHT, BAR_HEIGHT, FOOT, LEGEND_ROW = 500, 30, 60, 20
#: Widths of plot areas on which names must be clear, and how many entries of a legend stand in a row there.
WIDTHS = {240: 1, 560: 2, 820: 3, 1500: 6}
#: Who tells of a detector, by the shape of its mark; the dashes of one front after the other.
SYMBOLS = {AUTHORS: "circle", BESIDE: "square", SECOND_HAND: "triangle-up"}
#: All on a front are named while there are no more fronts, and the fronts in the legend; then their ends are.
MOST_NAMED = 2
DASHES = ("dash", "dot", "dashdot", "longdash")


def precision(groups: Mapping[tuple[str, ...], Sequence[Row]], cost: Column, theme: Theme) -> go.Figure:
    """A mark a detector: families of backbones by colour, who tells it by shape; a front of each group.

    Args:
        groups: of `analysis.detection.like_with_like`.
        cost: how costs are written.
    """
    rows = [row for group in groups.values() for row in group]
    metric = PRECISIONS[rows[0]["metric"]]
    write = cost.write or str
    x = axis([row["cost"] for row in rows], write, cost.title, log=True)
    y = axis([row["precision"] for row in rows], _points, metric, zero=False, most=8)
    layout = scatter_layout(theme, HEIGHT, x, y, itemsizing="constant", itemclick=False)
    fronts = {name: pareto_front(group) for name, group in groups.items() if len(group) > 1}
    lines = [line for front in fronts.values() for line in staircase(_at(front))]
    named = [row for front in fronts.values() for row in (front if len(fronts) <= MOST_NAMED else _ends(front))]
    told = _front_titles(fronts)
    legend = [
        *(
            front_line(_at(fronts[name]), theme)
            | {"name": title, "showlegend": bool(title), "line": _dashed(dash, theme)}
            for (name, title), dash in zip(told.items(), cycle(DASHES), strict=False)
        ),
        *evidence.legend_entries(["published"], theme, bars=False),
        *_meanings(rows, theme),
    ]
    others = [row for row in rows if row not in named]
    is_one = len({row["detector"] for row in rows}) == 1
    texts = [*(_title(row, is_one=is_one) for row in named), *[""] * len(others)]
    areas = _areas(sum(bool(entry.get("showlegend", True)) for entry in legend))
    layout["annotations"] = name_marks(_at([*named, *others]), texts, layout, theme, lines, areas=areas)
    return go.Figure([*legend, *_marks(rows, metric, write, theme)], layout)


def _areas(entries: int) -> list[tuple[int, int]]:
    """Plot areas below a legend of so many entries."""
    return [(width, HEIGHT - FOOT - LEGEND_ROW * ceil(entries / a_row)) for width, a_row in WIDTHS.items()]


def _points(share: float) -> str:
    return f"{100 * share:.4g}\u2009%"


def _at(rows: Iterable[Row]) -> list[Point]:
    return [(row["cost"], row["precision"]) for row in rows]


def _ends(front: Sequence[Row]) -> list[Row]:
    return [front[0], *front[1:][-1:]]


def _dashed(dash: str, theme: Theme) -> dict[str, Any]:
    return {"shape": "hv", "color": theme.muted, "width": 1.5, "dash": dash}


def _front_titles(fronts: Mapping[tuple[str, ...], Sequence[Row]]) -> dict[tuple[str, ...], str]:
    """What the legend calls those with a line: many of them together."""
    lines = [shared for shared, front in fronts.items() if len(front) > 1]
    if len(lines) > MOST_NAMED:
        return dict(zip(lines, [f"{len(lines)} fronts, like with like", *[""] * len(lines)], strict=False))
    said = (f"front: {', '.join(filter(None, shared[:2]))}" if len(lines) > 1 else "Pareto front" for shared in lines)
    return dict(zip(lines, said, strict=True))


def _title(row: Row, *, is_one: bool = False) -> str:
    """A detector's name, or that of its backbone alone where all are of one detector."""
    return row["backbone"] if is_one and row["backbone"] else f"{row['detector']} {row['backbone']}".strip()


def _meanings(rows: Sequence[Row], theme: Theme) -> list[dict[str, Any]]:
    """What colours and shapes mean."""
    style = {"type": "scatter", "x": [None], "y": [None], "mode": "markers", "hoverinfo": "skip"}
    titles: dict[str, list[str]] = {}
    for row in rows:
        titles.setdefault(family_colour(row["backbone_family"]), []).append(family_title(row["backbone_family"]))
    told = {row["group"] for row in rows}
    return [
        *(
            style | {"name": ", ".join(dict.fromkeys(names)), "marker": {"symbol": "hexagon", "color": colour}}
            for colour, names in titles.items()
        ),
        *(
            style | {"name": group, "marker": {"symbol": f"{symbol}-open", "color": theme.muted}}
            for group, symbol in SYMBOLS.items()
            if group in told
        ),
    ]


def _marks(rows: Sequence[Row], metric: str, write: Callable[[float], str], theme: Theme) -> list[dict[str, Any]]:
    """A trace for all that are drawn alike; those of registered families lie above the rest."""
    alike: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["backbone_family"] in list_families()):
        alike.setdefault((family_colour(row["backbone_family"]), SYMBOLS[row["group"]]), []).append(row)
    return [
        {
            "type": "scatter",
            "x": [row["cost"] for row in some],
            "y": [row["precision"] for row in some],
            "mode": "markers",
            "marker": evidence.mark_style("published", colour, theme, symbol),
            "hovertext": [_hover(row, metric, write) for row in some],
            "hoverinfo": "text",
            "showlegend": False,
        }
        for (colour, symbol), some in alike.items()
    ]


def _hover(row: Row, metric: str, write: Callable[[float], str]) -> str:
    size = f", {row['image_size']}\u2009px" if row["image_size"] else ""
    trained = f", {row['schedule']}" if row["schedule"] else ""
    place = f" on {row['device']}" if row.get("device") else ""
    lines = [
        f"<b>{_title(row)}</b>{trained}{size}: {metric} {100 * row['precision']:.1f} (<b>published</b>)",
        f"{write(row['cost'])}{place}, {row['dataset']}",
        *_origin(row),
    ]
    return evidence.wrap(lines)


def _origin(row: Row) -> list[str]:
    return [
        f"Told by: {row['group']}",
        f"Source: {row['source']}",
        *([f"Software: {row['software']}"] if row["software"] else []),
        *([f"Doubt: {row['note']}"] if row["note"] else []),
    ]


def gained(pairs: Sequence[Gain], theme: Theme) -> go.Figure:
    """A mark a pair of one table: what the precision gains, against what the time becomes."""
    points = [(pair.time, pair.points / 100) for pair in pairs]
    x = axis([*(time for time, _ in points), 1], format_ratio, "Time, × the other's", zero=False)
    y = axis([*(gain for _, gain in points), 0], _signed, "AP gained, points", zero=False)
    layout = scatter_layout(theme, HEIGHT, x, y, itemclick=False)
    line = {"type": "line", "line": {"color": theme.muted, "width": 1, "dash": "dot"}, "layer": "below"}
    layout["shapes"] = [
        line | {"x0": 1, "x1": 1, "yref": "paper", "y0": 0, "y1": 1},
        line | {"y0": 0, "y1": 0, "xref": "paper", "x0": 0, "x1": 1},
    ]
    texts = [f"{pair.ours.backbone} over {pair.other.backbone}" for pair in pairs]
    marks = dict(zip(dict.fromkeys(pair.other.backbone_family for pair in pairs), SYMBOLS.values(), strict=False))
    layout["annotations"] = name_marks(points, texts, layout, theme, areas=_areas(1 + len(marks)))
    traces = evidence.legend_entries(["published"], theme, bars=False)
    for family, symbol in marks.items():
        some = [pair for pair in pairs if pair.other.backbone_family == family]
        colour = family_colour(some[0].ours.backbone_family)
        traces.append(
            {
                "type": "scatter",
                "name": f"{family_title(some[0].ours.backbone_family)} over {family_title(family)}",
                "x": [pair.time for pair in some],
                "y": [pair.points / 100 for pair in some],
                "mode": "markers",
                "marker": evidence.mark_style("published", colour, theme, symbol),
                "hovertext": [_pair_hover(pair) for pair in some],
                "hoverinfo": "text",
            }
        )
    return go.Figure(traces, layout)


def _signed(share: float) -> str:
    return f"{100 * share:+.3g}".replace("-", "−") if share else "0"


def _pair_hover(pair: Gain) -> str:
    one = pair.ours
    metric = PRECISIONS[one.headline]
    figures = [f"{100 * each.figures[one.headline]:.1f}" for each in (one, pair.other)]
    lines = [
        f"<b>{one.backbone}</b> {figures[0]} {metric}, {pair.other.backbone} {figures[1]} (<b>published</b>)",
        f"{format_ratio(pair.time)} the time, {', '.join(filter(None, (one.detector, one.schedule, one.dataset)))}",
        f"Source: {one.source}",
        *([f"Doubt: {one.note}"] if one.note else []),
    ]
    return evidence.wrap(lines)


def stated(rows: Sequence[Row], column: Column, theme: Theme) -> go.Figure:
    """A bar a detector: a stated figure, with its value at the end.

    Args:
        rows: of `analysis.detection.Detector.rows`; those without the figure are left out.
        column: the figure.
    """
    rows = [row for row in rows if row.get(column.key)]
    values = [row[column.key] for row in rows]
    names = [f"{row['backbone']}, {row['detector']}" for row in rows]
    write = column.write or str
    along = axis(values, write, column.title, most=4)
    layout = {
        "template": theme.template,
        "height": 70 + BAR_HEIGHT * len(rows),
        "legend": ABOVE | {"itemclick": False},
        "showlegend": True,
        "xaxis": along | {"range": (0, 1.2 * max(values))},
        "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": names[::-1], "showgrid": False},
        "bargap": 0.35,
        "margin": {"t": 36},
    }
    bars = {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": names,
        "text": [write(value) for value in values],
        "textposition": "outside",
        "cliponaxis": False,
        "showlegend": False,
        "marker": evidence.bar_styles("published", [family_colour(row["backbone_family"]) for row in rows], theme),
        "hovertext": [
            evidence.wrap([f"<b>{name}</b>, {row['dataset']}", *_figures(row), *_origin(row)])
            for name, row in zip(names, rows, strict=True)
        ],
        "hoverinfo": "text",
    }
    return go.Figure([*evidence.legend_entries(["published"], theme, bars=True), bars], layout)


def _figures(row: Row) -> list[str]:
    energy, time = format_si(row["joules_per_image"], "J"), format_si(row["seconds"], "s")
    return [f"{energy} and {time} an image, {1 / row['seconds']:.3g} images/s (<b>published</b>)"]
