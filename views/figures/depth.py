"""A network along its depth: small multiples over the same axis, the stages as bands behind them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from plotly.subplots import make_subplots

from analysis.kinds import KINDS
from analysis.quantities import QUANTITIES
from analysis.units import format_quantity, format_share
from views.figures.axes import axis
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

#: Panels from top to bottom: two lines, bars per layer, cumulative shares.
BAR_QUANTITIES = ("macs", "memory_access_cost", "bytes_moved")
TITLES = ("Output channels", "Resolution", *(QUANTITIES[key].label for key in BAR_QUANTITIES), "Cumulative share")
CUMULATIVE = {"params": "dot", "macs": "dash", "bytes_moved": "solid"}
PANEL_HEIGHT = 118
#: Pixels that the panels span at the least, and that a letter takes: stages narrower than their name go unlabelled.
LEAST_WIDTH, LETTER = 780, 6.6


class Band(NamedTuple):
    """The layers [first, last] of a stage."""

    stage: str
    first: int
    last: int


def profile(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """All panels.

    Args:
        frame: `Summary.to_frame()` with the columns `number`, `resolution` added.
        theme: what it is drawn with.
    """
    figure = make_subplots(len(TITLES), 1, shared_xaxes=True, vertical_spacing=0.035)
    _draw_line(figure, 1, frame, "out_channels", theme)
    _draw_line(figure, 2, frame, "resolution", theme)
    for row, key in enumerate(BAR_QUANTITIES, start=3):
        _draw_bars(figure, row, frame, key, theme)
    _draw_shares(figure, len(TITLES), frame, theme)
    draw_bands(figure, list(bands(frame)), theme)
    for row, title in enumerate(TITLES, start=1):
        figure.update_yaxes(title={"text": title.replace(" ", "<br>", 1)}, rangemode="tozero", row=row)
    figure.update_xaxes(range=(0.5, len(frame) + 0.5), showgrid=False)
    figure.update_xaxes(title={"text": "Layers in execution order"}, row=len(TITLES))
    return figure.update_layout(
        template=theme.template,
        height=PANEL_HEIGHT * len(TITLES),
        bargap=0,
        barmode="overlay",
        hovermode="closest",
        legend={"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "traceorder": "normal"},
        margin={"t": 26},
    )


def bands(frame: pd.DataFrame) -> Iterator[Band]:
    """The stages, in execution order."""
    for stage, rows in groupby(zip(frame["number"], frame["stage"], strict=True), key=lambda row: row[1]):
        numbers = [number for number, _ in rows]
        yield Band(stage, numbers[0], numbers[-1])


def _draw_line(figure: go.Figure, row: int, frame: pd.DataFrame, column: str, theme: Theme) -> None:
    figure.add_scatter(
        x=frame["number"],
        y=frame[column],
        mode="lines",
        line={"shape": "hvh", "color": theme.text, "width": 1.5},
        customdata=frame[["name", "stage", "out_channels", "resolution"]],
        hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>"
        "%{customdata[2]} channels, height %{customdata[3]} px<extra></extra>",
        showlegend=False,
        row=row,
        col=1,
    )


def _draw_bars(figure: go.Figure, row: int, frame: pd.DataFrame, key: str, theme: Theme) -> None:
    shown_in_legend = key == "bytes_moved"  # the one quantity that every kind has
    for kind in KINDS:
        layers = frame[(frame["kind"] == kind) & (frame[key] > 0)]
        if layers.empty:
            continue
        figure.add_bar(
            x=layers["number"],
            y=layers[key],
            name=kind,
            legendgroup=kind,
            showlegend=shown_in_legend,
            marker={"color": theme.kinds[kind], "line": {"width": 0}},
            width=1,
            customdata=[
                (name, stage, f"{QUANTITIES[key].label}: {format_quantity(key, value)}")
                for name, stage, value in zip(layers["name"], layers["stage"], layers[key], strict=True)
            ],
            hovertemplate="<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<extra></extra>",
            row=row,
            col=1,
        )
    scale = axis(frame[key], lambda value: format_quantity(key, value), "", most=3)
    figure.update_yaxes(tickvals=scale["tickvals"], ticktext=scale["ticktext"], row=row)


def _draw_shares(figure: go.Figure, row: int, frame: pd.DataFrame, theme: Theme) -> None:
    for key, dash in CUMULATIVE.items():
        shares = frame[key].cumsum() / frame[key].sum()
        figure.add_scatter(
            x=frame["number"],
            y=shares,
            name=f"{QUANTITIES[key].label}, cumulative",
            mode="lines",
            line={"color": theme.text, "width": 1.5, "dash": dash},
            customdata=[(name, format_share(share)) for name, share in zip(frame["name"], shares, strict=True)],
            hovertemplate=f"%{{customdata[1]}} of {QUANTITIES[key].label}<br>up to %{{customdata[0]}}<extra></extra>",
            row=row,
            col=1,
        )
    ticks = (0, 0.5, 1)
    figure.update_yaxes(tickvals=ticks, ticktext=[format_share(tick) for tick in ticks], row=row)


def draw_bands(figure: go.Figure, stages: list[Band], theme: Theme, width: int = LEAST_WIDTH) -> None:
    """Every second stage shaded over the whole height, named where panels of `width` pixels have room."""
    layers = stages[-1].last
    for position, (stage, first, last) in enumerate(stages):
        if position % 2:
            figure.add_shape(
                type="rect",
                xref="x",
                yref="paper",
                x0=first - 0.5,
                x1=last + 0.5,
                y0=0,
                y1=1,
                fillcolor=theme.band,
                line={"width": 0},
                layer="below",
            )
        if LETTER * len(stage) <= width * (last - first + 1) / layers:
            figure.add_annotation(
                text=stage,
                x=(first + last) / 2,
                y=1,
                yref="paper",
                yanchor="bottom",
                showarrow=False,
                font={"size": 12, "color": theme.muted},
            )
