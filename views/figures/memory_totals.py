"""Memory in all: by kind, and against the batch."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.memory.footprints import Footprint
from analysis.units import format_si
from views.figures.axes import axis
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd

ROW_HEIGHT, FRAME_HEIGHT, HEIGHT = 30, 50, 400
#: Room for the figures behind the longest bar, on a phone too.
ROOM = 1.75
#: How the modes are told apart without colour.
DASHES = ("dot", "solid", "dash")


def kind_bars(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """Bytes of each kind of saved memory, one column of bars a mode on the same scale.

    Args:
        frame: of `views.memory.frames.kinds`.
        theme: what it is drawn with.
    """
    modes = [column for column in frame if column != "kind"]
    figure = make_subplots(1, len(modes), shared_yaxes=True, horizontal_spacing=0.06)
    most = frame[modes].max().max()
    for column, mode in enumerate(modes, start=1):
        figure.add_bar(
            orientation="h",
            x=frame[mode],
            y=frame["kind"],
            text=[format_si(int(value), "B") for value in frame[mode]],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [theme.memory_colour(kind) for kind in frame["kind"]]},
            hovertext=[
                f"<b>{kind}</b>, {mode}<br>{value:,} B" for kind, value in zip(frame["kind"], frame[mode], strict=True)
            ],
            hoverinfo="text",
            row=1,
            col=column,
        )
        figure.update_xaxes(
            title={"text": f"{mode}: {format_si(int(frame[mode].sum()), 'B')}", "standoff": 6},
            range=(0, ROOM * most),
            showticklabels=False,
            showgrid=False,
            row=1,
            col=column,
        )
    figure.update_yaxes(categoryorder="array", categoryarray=list(frame["kind"])[::-1], showgrid=False, ticksuffix="  ")
    return figure.update_layout(
        template=theme.template, height=FRAME_HEIGHT + ROW_HEIGHT * len(frame), showlegend=False, bargap=0.3
    )


def growth(footprints: Sequence[Footprint], budget_bytes: float, theme: Theme) -> go.Figure:
    """What each mode holds against the batch, with the memory that there is and where it is full."""
    largest = [one.largest_batch(budget_bytes) for one in footprints]
    highest = max(2, *(2 * batch for batch in largest))
    batches = sorted({round(highest ** (step / 60)) for step in range(61)})
    values = [one.total_bytes(batch) for one in footprints for batch in (1, highest)]
    xs = axis([1, highest], lambda value: f"{value:,.0f}", "Batch", log=True)
    ys = axis([*values, budget_bytes], lambda value: format_si(value, "B"), "Memory in all", log=True)
    figure = go.Figure(layout={"template": theme.template, "height": HEIGHT, "xaxis": xs, "yaxis": ys})
    for one, dash in zip(footprints, DASHES, strict=False):
        totals = [one.total_bytes(batch) for batch in batches]
        figure.add_scatter(
            x=batches,
            y=totals,
            name=one.mode,
            mode="lines",
            line={"color": theme.text, "width": 2, "dash": dash},
            hovertext=[
                f"<b>{one.mode}</b>, batch {n:,}<br>{total:,} B" for n, total in zip(batches, totals, strict=True)
            ],
            hoverinfo="text",
        )
    full = [(one, batch) for one, batch in zip(footprints, largest, strict=True) if batch]
    figure.add_scatter(
        x=[batch for _, batch in full],
        y=[one.total_bytes(batch) for one, batch in full],
        mode="markers+text",
        text=[f"{batch:,}" for _, batch in full],
        textposition="bottom right",
        textfont={"size": 12, "color": theme.text},
        marker={"size": 9, "color": theme.text},
        hovertext=[f"<b>{one.mode}</b>: batch {batch:,} is the largest" for one, batch in full],
        hoverinfo="text",
        showlegend=False,
    )
    figure.add_hline(y=budget_bytes, line={"color": theme.muted, "width": 1.5})
    figure.add_annotation(
        text=f"there are {format_si(budget_bytes, 'B')}",
        x=0,
        xref="paper",
        xanchor="left",
        xshift=4,
        y=log10(budget_bytes),
        yanchor="bottom",
        showarrow=False,
        font={"size": 12, "color": theme.text},
    )
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0}
    return figure.update_layout(legend=legend, hovermode="closest", margin={"t": 36})
