"""Memory along the depth of a network: what is alive as each layer runs, what has been saved for the backward pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import TYPE_CHECKING

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.memory.storages import Footprint
from analysis.units import format_si
from views.charts import evidence
from views.charts.axes import axis
from views.charts.depth import bands, draw_bands
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd


HEIGHT, PANEL_HEIGHT = 420, 270
#: Room above the highest point for the words beside it.
HEADROOM = 1.22
_LEGEND = {"orientation": "h", "yref": "container", "yanchor": "bottom", "y": 0, "x": 0, "traceorder": "normal"}


def timeline(frame: pd.DataFrame, kinds: Sequence[str], theme: Theme) -> go.Figure:
    """Live bytes as each layer runs, stacked by kind of tensor, the peak marked.

    Args:
        frame: of `views.sections.live_memory.timeline`.
        kinds: its columns to stack, in order.
        theme: what it is drawn with.
    """
    figure = make_subplots(1, 1)
    _draw_stack(figure, 1, frame, kinds, theme, set())
    _draw_total(figure, 1, frame["live_bytes"], _live_hovers(frame))
    _mark_peak(figure, frame, theme)
    _finish(figure, frame, HEADROOM * frame["live_bytes"].max(), ["Live tensors"], theme)
    return figure.update_layout(height=HEIGHT)


def saved(frames: Mapping[str, pd.DataFrame], kinds: Sequence[str], theme: Theme) -> go.Figure:
    """Bytes saved so far, stacked by kind, one panel a mode on the same scale.

    Args:
        frames: of `views.memory.tables.saved`, by mode.
        kinds: columns to stack, in order.
        theme: what it is drawn with.
    """
    figure = make_subplots(len(frames), 1, shared_xaxes=True, vertical_spacing=0.06)
    seen: set[str] = set()
    for row, frame in enumerate(frames.values(), start=1):
        _draw_stack(figure, row, frame, kinds, theme, seen)
        _draw_total(figure, row, frame["saved_bytes"], _saved_hovers(frame))
    most = max(frame["saved_bytes"].max() for frame in frames.values())
    _finish(figure, next(iter(frames.values())), 1.05 * most, [f"Saved, {mode}" for mode in frames], theme)
    return figure.update_layout(height=70 + PANEL_HEIGHT * len(frames))


def _draw_stack(
    figure: go.Figure, row: int, frame: pd.DataFrame, kinds: Sequence[str], theme: Theme, seen: set[str]
) -> None:
    """One filled step line a kind that there is, on top of each other; those seen before have no legend again."""
    for rank, kind in enumerate(kinds):
        if kind not in frame:
            continue
        figure.add_scatter(
            x=frame["number"],
            y=frame[kind],
            name=kind,
            legendgroup=kind,
            legendrank=rank,
            showlegend=kind not in seen,
            stackgroup=f"stack {row}",
            mode="lines",
            line={"shape": "hvh", "width": 0, "color": theme.memory_colour(kind)},
            fillcolor=theme.memory_colour(kind),
            hoverinfo="skip",
            row=row,
            col=1,
        )
        seen.add(kind)


def _draw_total(figure: go.Figure, row: int, values: pd.Series[int], hovers: list[str]) -> None:
    """The upper edge, unseen, which tells on hover what is below it."""
    figure.add_scatter(
        x=list(range(1, len(values) + 1)),
        y=values,
        mode="lines",
        line={"shape": "hvh", "color": evidence.CLEAR},
        hovertext=hovers,
        hoverinfo="text",
        showlegend=False,
        row=row,
        col=1,
    )


def _live_hovers(frame: pd.DataFrame) -> list[str]:
    columns = ("name", "stage", "live_bytes", "allocated_bytes", "tensors", "largest")
    return [
        f"<b>{name}</b><br>{stage}<br>{live:,} B alive, {allocated:,} B of them new<br>"
        f"{tensors} tensors{', the largest' if tensors > 1 else ''}:<br>{largest.replace(', ', '<br>')}"
        for name, stage, live, allocated, tensors, largest in zip(*(frame[key] for key in columns), strict=True)
    ]


def _saved_hovers(frame: pd.DataFrame) -> list[str]:
    columns = ("name", "stage", "saved_here", "saved_bytes")
    return [
        f"<b>{name}</b><br>{stage}<br>saves {here:,} B<br>{so_far:,} B saved so far"
        for name, stage, here, so_far in zip(*(frame[key] for key in columns), strict=True)
    ]


def _mark_peak(figure: go.Figure, frame: pd.DataFrame, theme: Theme) -> None:
    row = frame.loc[frame["live_bytes"].idxmax()]
    right = row["number"] > len(frame) / 2
    short = ".".join(row["name"].split(".")[-2:])
    figure.add_annotation(
        x=row["number"],
        y=row["live_bytes"],
        text=f"<b>peak {format_si(int(row['live_bytes']), 'B')}</b><br>{short}",
        xanchor="right" if right else "left",
        align="right" if right else "left",
        ax=-14 if right else 14,
        ay=-18,
        yanchor="middle",
        arrowcolor=theme.muted,
        arrowwidth=1,
        arrowhead=0,
        font={"size": 12, "color": theme.text},
    )
    figure.add_scatter(
        x=[row["number"]],
        y=[row["live_bytes"]],
        mode="markers",
        marker={"size": 8, "color": theme.text},
        hoverinfo="skip",
        showlegend=False,
    )


def _finish(figure: go.Figure, frame: pd.DataFrame, top: float, titles: Sequence[str], theme: Theme) -> None:
    """Axes of all panels on one scale, stage bands and legend."""
    draw_bands(figure, list(bands(frame)), theme)
    scale = axis([top], lambda value: format_si(value, "B"), "") | {"range": (0, top)}
    for row, title in enumerate(titles, start=1):
        figure.update_yaxes(scale | {"title": {"text": title}}, row=row)
    figure.update_xaxes(range=(0.5, len(frame) + 0.5), showgrid=False)
    figure.update_xaxes(title={"text": "Layers in execution order"}, row=len(titles))
    figure.update_layout(template=theme.template, hovermode="x", hoverdistance=-1, legend=_LEGEND, margin={"t": 26})


ROW_HEIGHT, FRAME_HEIGHT, TOTALS_HEIGHT = 30, 50, 400
#: Room for the figures behind the longest bar, on a phone too.
ROOM = 1.75
#: How the modes are told apart without colour.
DASHES = ("dot", "solid", "dash")


def kind_bars(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """Bytes of each kind of saved memory, one column of bars a mode on the same scale.

    Args:
        frame: of `views.memory.tables.kinds`.
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
    figure = go.Figure(layout={"template": theme.template, "height": TOTALS_HEIGHT, "xaxis": xs, "yaxis": ys})
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
