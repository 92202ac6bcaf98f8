"""Channels and resolution along the depth, and what unequal channels cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from plotly.subplots import make_subplots

from analysis.architecture.channels import Landmarks
from analysis.units import format_ratio, format_share, format_size
from views.figures.axes import axis
from views.figures.stages import LETTER, bands, draw_bands
from views.notation import format_exact
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

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
        frame: `analysis.architecture.channels.channel_rows`, numbered from 1, with the column `resolution`.
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
