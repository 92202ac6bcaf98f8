"""Trainings as curves, schedules as lines, mistakes as a matrix: own runs solid, what others published dotted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple

import plotly.graph_objects as go

from analysis.units import format_share, without_zeros
from views.charts.axes import ABOVE, linear_ticks
from views.theme import Theme, family_colour, mix, text_on

HEIGHT, LEGEND, LOW = 300, 22, 220
#: Letters of a line of the legend: as many as a phone shows.
LETTERS = 52
#: How curves look: after each epoch, of steps, of the images that are learned from, and what others published.
DASHES = {"trained": "solid", "steps": "solid", "learning": "solid", "published": "dot"}
WIDTHS = {"trained": 2.6, "steps": 1.8, "learning": 1.2, "published": 2.0}
#: Points up to which each has a mark.
MOST_MARKS = 60
#: Classes up to which the matrix has its numbers written into it.
MOST_WRITTEN = 20
#: Pixels of a cell of the matrix, and of all that is around it.
CELL, FRAME = 34, 110


class Curve(NamedTuple):
    """One line of a chart over epochs."""

    name: str
    #: A key of `DASHES`.
    kind: str
    colour: str
    points: Sequence[tuple[float, float]]
    #: Behind its name in the legend; empty: the legend leaves it out.
    said: str = ""
    #: What hovering says of all of it.
    hover: str = ""
    #: Of its marks, as Plotly calls it.
    symbol: str = "circle"


def curves(
    lines: Sequence[Curve],
    write: Callable[[float], str],
    title: str,
    epochs: float,
    theme: Theme,
    *,
    share: bool = False,
    height: int = HEIGHT,
) -> go.Figure:
    """Curves over the epochs of the longest training.

    Args:
        lines: those that have points are drawn, in this order.
        write: how values are written.
        title: of what is drawn.
        epochs: where the axis ends.
        theme: colours.
        share: whether values are shares, which no axis shows more of than there is.
        height: in pixels.
    """
    drawn = [line for line in lines if line.points]
    entries = sum(len(wrap(line.said, LETTERS)) for line in drawn)
    low, high = _range([y for line in drawn for _, y in line.points], share)
    ticks = linear_ticks(low, high, 6 if height == HEIGHT else 5)
    layout = {
        "template": theme.template,
        "height": height + LEGEND * max(0, entries - 1),
        "xaxis": {"range": (0, epochs * 1.02), "title": {"text": "Epochs"}, "showgrid": False},
        "yaxis": {
            "range": (low, high),
            "tickvals": ticks,
            "ticktext": [without_zeros(write(tick)) for tick in ticks],
            "title": {"text": title},
        },
        "legend": ABOVE | {"orientation": "v", "itemclick": False, "itemdoubleclick": False},
        "hovermode": "closest",
        "margin": {"t": 10 + LEGEND * entries},
    }
    return go.Figure([_trace(line, write, theme) for line in drawn], layout)


def _range(values: Sequence[float], share: bool) -> tuple[float, float]:
    """What the axis shows: all of it with some room, shares not beyond 0 and 1."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.06 * (high - low) or 0.1 * (abs(high) or 1.0)
    if share:
        return max(0.0, low - room), min(1.0, high) + 0.02 * (1 - low or 1)
    return (0.0 if low >= 0 and low < 0.5 * high else low - room), high + room


def _trace(line: Curve, write: Callable[[float], str], theme: Theme) -> dict[str, Any]:
    """One line; a few points, as others publish them, have marks."""
    colour = mix(line.colour, theme.page, 0.35) if line.kind == "learning" else line.colour
    few = len(line.points) <= (MOST_MARKS if line.kind in ("trained", "published") else 1)
    marked = "lines+markers" if few else "lines"
    marker = {"size": 7, "symbol": line.symbol, "color": theme.page if line.kind == "published" else colour}
    return {
        "type": "scatter",
        "x": [x for x, _ in line.points],
        "y": [y for _, y in line.points],
        "mode": marked,
        "name": "<br>".join(wrap(line.said, LETTERS)) or line.name,
        "showlegend": bool(line.said),
        "line": {"color": colour, "width": WIDTHS[line.kind], "dash": DASHES[line.kind]},
        "marker": marker | {"line": {"color": colour, "width": 1.5}},
        "hovertext": [f"<b>{line.name}</b>: {write(y)} after {x:.3g} epochs{line.hover}" for x, y in line.points],
        "hoverinfo": "text",
    }


def schedule(points: Sequence[tuple[float, float]], epochs: int, theme: Theme) -> go.Figure:
    """The learning rate that a recipe prescribes, over its epochs."""
    line = Curve("Learning rate", "steps", theme.text, points)
    return curves([line], lambda value: f"{value:.3g}", "Learning rate", epochs, theme, height=LOW)


def confusion(
    table: Sequence[Sequence[int]], classes: Sequence[str], colour: str, theme: Theme, width: int = 0
) -> go.Figure:
    """How many images of each class (rows) are taken for each class (columns).

    What is right stands on the diagonal without a colour, so that what is wrong is seen.
    """
    count = len(classes)
    wrong = [[cell if row != column else 0 for column, cell in enumerate(line)] for row, line in enumerate(table)]
    totals = [sum(line) for line in table]
    most = max(max(map(max, wrong)), max(totals) // 10, 1)  # one mistake of many is a faint one
    shown = [[cell or None for cell in line] for line in wrong]
    hovers = [
        [
            f"{cell:,} of {totals[row]:,} images of <b>{classes[row]}</b> ({format_share(cell / max(1, totals[row]))}) "
            f"are taken for <b>{classes[column]}</b>"
            for column, cell in enumerate(line)
        ]
        for row, line in enumerate(table)
    ]
    scale = [(0, mix(colour, theme.page, 0.8)), (1, mix(colour, theme.outline_towards, 0.15))]
    figure = go.Figure(
        go.Heatmap(
            z=shown, customdata=hovers, hovertemplate="%{customdata}<extra></extra>", hoverongaps=False,
            colorscale=scale, zmin=0, zmax=most, showscale=False, xgap=1, ygap=1,
        )
    )  # fmt: skip
    if count <= MOST_WRITTEN:
        figure.add_trace(_numbers(table, scale, most, theme))
    axis = {"tickvals": list(range(count)), "ticktext": list(classes), "showticklabels": count <= MOST_WRITTEN}
    frame = {"showgrid": False, "zeroline": False, "showline": True, "mirror": True, "ticks": ""}
    angle = -40 if max(map(len, classes)) > 3 else 0
    figure.update_xaxes(**axis, **frame, title={"text": "taken for"}, range=(-0.5, count - 0.5), tickangle=angle)
    figure.update_yaxes(**axis, **frame, title={"text": "is"}, range=(count - 0.5, -0.5))
    return figure.update_layout(template=theme.template, height=FRAME + CELL * min(count, 14))


def _numbers(table: Sequence[Sequence[int]], scale: Any, most: int, theme: Theme) -> dict[str, Any]:
    """The counts that are not 0, written into their cells."""
    cells = [(row, column, cell) for row, line in enumerate(table) for column, cell in enumerate(line) if cell]
    (_, pale), (_, strong) = scale
    colours = [theme.muted if row == column else text_on(mix(pale, strong, cell / most)) for row, column, cell in cells]
    return {
        "type": "scatter",
        "x": [column for _, column, _ in cells],
        "y": [row for row, _, _ in cells],
        "text": [f"{cell:,}" for *_, cell in cells],
        "mode": "text",
        "textfont": {"size": 12, "color": colours},
        "hoverinfo": "skip",
        "showlegend": False,
    }


#: Corners of the ground that two weights move on, how finely it is drawn, and how high its picture is.
GROUND, GRID, DESCENT = ((-0.45, 1.1), (-1.1, 1.1)), 45, 380


def descent(
    paths: Mapping[str, Sequence[Sequence[float]]], loss: Callable[[tuple[float, float]], float], theme: Theme
) -> go.Figure:
    """The ways of two weights over the loss, drawn as lines of equal height; the last path is the one that counts."""
    across, up = ([low + (high - low) * step / (GRID - 1) for step in range(GRID)] for low, high in GROUND)
    levels = [[loss((x, y)) ** 0.5 for x in across] for y in up]
    faint = mix(theme.muted, theme.page, 0.6)
    ground = go.Contour(
        x=across, y=up, z=levels, ncontours=14, showscale=False, hoverinfo="skip",
        contours={"coloring": "lines"}, colorscale=[(0, faint), (1, faint)],
    )  # fmt: skip
    figure = go.Figure(ground)
    shades = (theme.muted, family_colour("densenet"))
    for (name, points), colour, dash in zip(paths.items(), shades, ("dot", "solid"), strict=True):
        hovers = [f"<b>{name}</b>, step {n}: ({x:.3g}, {y:.3g})" for n, (x, y) in enumerate(points)]
        figure.add_scatter(
            x=[x for x, _ in points], y=[y for _, y in points], mode="lines+markers", name=name,
            line={"color": colour, "width": 2, "dash": dash}, marker={"size": 5, "color": colour},
            hovertext=hovers, hoverinfo="text",
        )  # fmt: skip
    axes = {"showgrid": False, "zeroline": True}
    figure.update_xaxes(range=GROUND[0], title={"text": "a weight along the valley"}, **axes)
    figure.update_yaxes(range=GROUND[1], title={"text": "a weight across it"}, **axes)
    return figure.update_layout(template=theme.template, height=DESCENT, legend=ABOVE, margin={"t": 36})
