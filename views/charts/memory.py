"""Memory along the depth: what is alive as each layer runs, how long tensors are held, what has been saved so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.units import format_si
from views.charts import evidence
from views.charts.axes import BELOW, Band, axis, bands, draw_bands
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd


HEIGHT, PANEL_HEIGHT = 360, 270
#: Room above the highest point for the words beside it.
HEADROOM = 1.22
_LEGEND = BELOW | {"traceorder": "normal"}


def timeline(frame: pd.DataFrame, kinds: Sequence[str], theme: Theme) -> go.Figure:
    """Live bytes as each layer runs, stacked by kind of tensor, the peak marked; `kinds` are the columns to stack."""
    figure = make_subplots(1, 1)
    _draw_stack(figure, 1, frame, kinds, theme, set())
    _draw_total(figure, 1, frame["live_bytes"], _live_hovers(frame))
    _mark_peak(figure, frame, theme)
    _finish(figure, frame, HEADROOM * frame["live_bytes"].max(), ["Live tensors"], theme)
    return figure.update_layout(height=HEIGHT)


def saved(frames: Mapping[str, pd.DataFrame], kinds: Sequence[str], theme: Theme) -> go.Figure:
    """Bytes saved so far, stacked by kind, one panel a mode on the same scale; `kinds` are the columns."""
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


#: Pixels: of a bar with its name, of the whole at the least and at most.
LIFE, LEAST, MOST = 17, 220, 640
#: Names stand beside the bars up to so many.
MOST_NAMED = 36
#: Share of its row that a bar takes: the least, and that of the largest tensor.
THIN, THICK = 0.35, 0.95


def gantt(frame: pd.DataFrame, spans: Sequence[Band], kinds: Sequence[str], theme: Theme, width: int) -> go.Figure:
    """The bars, the first tensor at the top.

    Args:
        frame: `analysis.structure.along_depth.lives`, one row a bar.
        spans: the stages that the axis spans.
        kinds: in the order of the legend.
        width: pixels that it spans at the least.
    """
    frame = frame.assign(row=range(len(frame)))
    low, high = spans[0].first - 0.5, spans[-1].last + 0.5
    most = frame["nbytes"].max()
    groups = [(kind, frame[frame["kind"] == kind]) for kind in kinds if (frame["kind"] == kind).any()]
    figure = go.Figure([_lives(lives, kind, (low, high), most, theme) for kind, lives in groups])
    named = len(frame) <= MOST_NAMED
    figure.update_yaxes(
        range=(len(frame) - 0.5, -0.5),
        showgrid=False,
        zeroline=False,
        tickvals=frame["row"] if named else [],
        ticktext=[short_name(name) for name in frame["name"]] if named else [],
        title={"text": "" if named else f"{len(frame)} tensors, in order of allocation"},
    )
    draw_bands(figure, list(spans), theme, width)
    figure.update_xaxes(range=(low, high), showgrid=False, zeroline=False, title={"text": "Layers in execution order"})
    height = 110 + min(MOST, max(LEAST, LIFE * len(frame)))
    figure.update_layout(template=theme.template, height=height, barmode="overlay", bargap=0, hovermode="closest")
    return figure.update_layout(legend=_LEGEND, margin={"t": 26})


def _lives(lives: pd.DataFrame, kind: str, span: tuple[float, float], most: int, theme: Theme) -> dict[str, Any]:
    """The bars of one kind, as far as the axis spans; the more bytes, the thicker."""
    low, high = span
    start = lives["first"].clip(lower=low + 0.5) - 0.5
    return {
        "type": "bar",
        "orientation": "h",
        "y": lives["row"],
        "base": start,
        "x": lives["last"].clip(upper=high - 0.5) + 0.5 - start,
        "width": THIN + (THICK - THIN) * (lives["nbytes"] / most) ** 0.5,
        "name": kind,
        "marker": {"color": theme.memory_colour(kind), "line": {"width": 0}},
        "hovertext": [_life_hover(life) for life in lives.to_dict("records")],
        "hoverinfo": "text",
    }


def short_name(name: str) -> str:
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
