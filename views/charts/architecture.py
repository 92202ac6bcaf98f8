"""What changes from one network to another, channels along the depth, and how long tensors are held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.quantities import QUANTITIES
from analysis.structure.table import COSTS
from analysis.units import (
    format_change,
    format_exact,
    format_ratio,
    format_share,
    format_si,
    format_signed,
    format_size,
)
from archs.family import Landmarks
from views.charts.axes import axis
from views.charts.depth import LETTER, Band, bands, draw_bands
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go


ROW_HEIGHT, FRAME_HEIGHT = 28, 70
#: How far a panel goes beyond its longest bar, so that the figure at its end has room.
CHANGE_ROOM = 1.9


def stage_bars(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """One panel a cost, one bar a stage: to the right what comes on top, to the left what falls away.

    Args:
        frame: of `analysis.structure.table.stage_rows`.
        theme: what it is drawn with.
    """
    figure = make_subplots(1, len(COSTS), shared_yaxes=True, horizontal_spacing=0.03)
    for column, key in enumerate(COSTS, start=1):
        figure.add_bar(
            orientation="h",
            x=frame[key],
            y=frame["stage"],
            text=[format_signed(key, value) for value in frame[key]],
            textposition="outside",
            cliponaxis=False,
            marker={"color": theme.muted},
            customdata=[_change_hover(key, row) for row in frame.to_dict("records")],
            hovertemplate="%{customdata}<extra></extra>",
            row=1,
            col=column,
        )
        title = f"{QUANTITIES[key].label}<br>{format_signed(key, int(frame[key].sum()))}"
        axis = {"title": {"text": title}, "range": _range(frame[key]), "showticklabels": False, "showgrid": False}
        figure.update_xaxes(**axis, zeroline=True, zerolinecolor=theme.muted, side="top", row=1, col=column)
    figure.update_yaxes(
        categoryorder="array", categoryarray=list(frame["stage"])[::-1], showgrid=False, ticksuffix="  "
    )
    height = FRAME_HEIGHT + ROW_HEIGHT * len(frame)
    return figure.update_layout(template=theme.template, height=height, showlegend=False, bargap=0.35)


def _range(values: pd.Series[float]) -> tuple[float, float]:
    """Room for a figure at either end that has bars."""
    low, high = min(0, *values), max(0, *values)
    longest = max(-low, high) or 1
    return low - (CHANGE_ROOM - 1) * longest * (low < 0) - 0.1 * longest, high + (CHANGE_ROOM - 1) * longest * (
        high > 0 or not low
    )


def _change_hover(key: str, row: dict[str, object]) -> str:
    value, share = row[key], row[f"{key}_share"]
    assert isinstance(value, int)
    exact = f"{'−' if value < 0 else '+'}{format_exact(key, abs(value))}"
    known = isinstance(share, float) and share == share
    return f"<b>{row['stage']}</b><br>{QUANTITIES[key].label}: {exact}{f' ({format_change(share)})' if known else ''}"


#: Panels from top to bottom, and whether their axis is logarithmic.
PANELS = {
    "in_channels": ("Input<br>channels", False),
    "out_channels": ("Output<br>channels", False),
    "resolution": ("Resolution", False),
    "ratio": ("Input ÷<br>output", True),
    "penalty": ("Access ÷<br>least", False),
}
#: What the panels that have an optimum are measured against.
OPTIMA = {"ratio": "equal", "penalty": "least possible"}
SYMBOLS = {"convolution 1×1": "circle", "convolution k×k": "square"}
PANEL_HEIGHT = 128
#: Share of a panel's height that a line of text needs below it.
ROOM = 0.2


def profile(
    frame: pd.DataFrame, landmarks: Landmarks, theme: Theme, width: int, peers: Sequence[pd.DataFrame] = ()
) -> go.Figure:
    """One mark a convolution in each panel.

    Args:
        frame: `analysis.structure.channels.channel_rows`, numbered from 1, with the column `resolution`.
        landmarks: of the network's config.
        theme: what it is drawn with.
        width: pixels that the panels span at the least.
        peers: frames that stand beside it: axes hold them too, so that the eye can compare.
    """
    figure = make_subplots(len(PANELS), 1, shared_xaxes=True, vertical_spacing=0.03)
    for row, (column, (title, log)) in enumerate(PANELS.items(), start=1):
        for kind, marks in frame.groupby("kind", sort=True):
            name = ": ".join(filter(None, (str(kind), landmarks.kinds.get(str(kind)))))
            _draw_marks(figure, row, marks, column, name, theme, size=7 if len(frame) < 100 else 4.5)
        values = [value for one in (frame, *peers) for value in one[column]]
        scale: dict[str, Any] = axis(
            [*values, 1.0] if column in OPTIMA else values, _writer(column), title, log=log, most=4
        )
        scale["title"] |= {"standoff": 12}
        if column == "penalty":
            scale["range"] = (min(0.95, *values), scale["range"][1])
        figure.update_yaxes(**scale, row=row)
        if column in OPTIMA:
            figure.add_hline(y=1, line={"color": theme.text, "width": 1, "dash": "dot"}, row=row, col=1)
    if landmarks.transition:
        _name_transitions(figure, frame, landmarks.transition, theme, width)
    draw_bands(figure, list(bands(frame)), theme, width)
    figure.update_xaxes(range=(0.5, len(frame) + 0.5), showgrid=False)
    figure.update_xaxes(title={"text": "Convolutions in execution order"}, row=len(PANELS))
    return figure.update_layout(
        template=theme.template,
        height=PANEL_HEIGHT * len(PANELS),
        hovermode="closest",
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0},
        margin={"t": 26},
    )


def _writer(column: str) -> Callable[[float], str]:
    if column in OPTIMA:
        return format_ratio
    return lambda value: f"{value:,.0f}"


def _draw_marks(
    figure: go.Figure, row: int, marks: pd.DataFrame, column: str, name: str, theme: Theme, *, size: float
) -> None:
    kind = marks["kind"].iloc[0]
    figure.add_scatter(
        x=marks["number"],
        y=marks[column],
        name=name,
        legendgroup=kind,
        showlegend=row == 1,
        mode="markers",
        marker={"color": theme.kinds[kind], "symbol": SYMBOLS[kind], "size": size},
        customdata=[_hover(mark) for mark in marks.to_dict("records")],
        hovertemplate="%{customdata}<extra></extra>",
        row=row,
        col=1,
    )


def _name_transitions(figure: go.Figure, frame: pd.DataFrame, text: str, theme: Theme, width: int) -> None:
    """What each transition keeps, to the right of its mark, where the next block begins low enough to leave room."""
    _, highest = figure.layout.yaxis.range
    for (stage, number, _), block in pairwise(bands(frame)):
        read, made = (frame[column].iloc[number - 1] for column in ("in_channels", "out_channels"))
        room = width * (block.last - number) / len(frame) / 2
        if stage.startswith("transition") and LETTER * len(text) < room and read - made > ROOM * highest:
            figure.add_annotation(
                text=text,
                x=number,
                y=read,
                xanchor="left",
                xshift=5,
                showarrow=False,
                font={"size": 12, "color": theme.text},
                row=1,
                col=1,
            )


def _hover(mark: dict[str, Any]) -> str:
    surplus = mark["penalty"] - 1
    return (
        f"<b>{mark['name']}</b><br>{mark['stage']}, {format_size(mark['kernel'])} at {format_size(mark['output_size'])}"
        f"<br>{mark['in_channels']:,} in, {mark['out_channels']:,} out: {format_ratio(mark['ratio'])}"
        f"<br>touches {format_exact('memory_access_cost', mark['memory_access_cost'])} elements,"
        f"<br>{format_share(surplus)} more than the least possible"
    )


#: Pixels: of a bar with its name, of the whole at the least and at most.
BAR, LEAST, MOST = 17, 220, 640
#: Names stand beside the bars up to so many.
MOST_NAMED = 36
#: Share of its row that a bar takes: the least, and that of the largest tensor.
THIN, THICK = 0.35, 0.95


def gantt(frame: pd.DataFrame, spans: Sequence[Band], kinds: Sequence[str], theme: Theme, width: int) -> go.Figure:
    """The bars, the first tensor at the top.

    Args:
        frame: `analysis.structure.lifetimes.lives`, one row a bar.
        spans: the stages that the axis spans.
        kinds: in the order of the legend.
        theme: what it is drawn with.
        width: pixels that it spans at the least.
    """
    figure = go.Figure()
    frame = frame.assign(row=range(len(frame)))
    low, high = spans[0].first - 0.5, spans[-1].last + 0.5
    for kind in kinds:
        bars = frame[frame["kind"] == kind]
        if bars.empty:
            continue
        start = bars["first"].clip(lower=low + 0.5) - 0.5
        figure.add_bar(
            orientation="h",
            y=bars["row"],
            base=start,
            x=bars["last"].clip(upper=high - 0.5) + 0.5 - start,
            width=THIN + (THICK - THIN) * (bars["nbytes"] / frame["nbytes"].max()) ** 0.5,
            name=kind,
            marker={"color": theme.memory_colour(kind), "line": {"width": 0}},
            customdata=[_life_hover(life) for life in bars.to_dict("records")],
            hovertemplate="%{customdata}<extra></extra>",
        )
    named = len(frame) <= MOST_NAMED
    figure.update_yaxes(
        range=(len(frame) - 0.5, -0.5),
        showgrid=False,
        zeroline=False,
        tickvals=frame["row"] if named else [],
        ticktext=[_short(name) for name in frame["name"]] if named else [],
        title={"text": "" if named else f"{len(frame)} tensors, in order of allocation"},
    )
    draw_bands(figure, list(spans), theme, width)
    return figure.update_xaxes(
        range=(low, high), showgrid=False, zeroline=False, title={"text": "Layers in execution order"}
    ).update_layout(
        template=theme.template,
        height=110 + min(MOST, max(LEAST, BAR * len(frame))),
        barmode="overlay",
        bargap=0,
        hovermode="closest",
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "traceorder": "normal"},
        margin={"t": 26},
    )


def _short(name: str) -> str:
    """The last parts of a name, from one that is no number."""
    parts = name.split(".")
    start = max(0, len(parts) - 2)
    while start and parts[start].isdecimal():
        start -= 1
    return ".".join(parts[start:])


def _life_hover(life: dict[str, object]) -> str:
    return (
        f"<b>{life['name']}</b><br>{life['stage']}, made by {life['kind']}<br>{life['nbytes']:,} B "
        f"({format_si(int(str(life['nbytes'])), 'B')})<br>held from layer {life['first']} to {life['last']}: "
        f"{life['held']} layers"
    )
