"""How long tensors are held: one bar a tensor, along the order in which layers run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import plotly.graph_objects as go

from analysis.units import format_si
from views.figures.stages import Band, draw_bands
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd

#: Pixels: of a bar with its name, of the whole at the least and at most.
BAR, LEAST, MOST = 17, 220, 640
#: Names stand beside the bars up to so many.
MOST_NAMED = 36
#: Share of its row that a bar takes: the least, and that of the largest tensor.
THIN, THICK = 0.35, 0.95


def gantt(frame: pd.DataFrame, spans: Sequence[Band], kinds: Sequence[str], theme: Theme, width: int) -> go.Figure:
    """The bars, the first tensor at the top.

    Args:
        frame: `analysis.architecture.lifetimes.lives`, one row a bar.
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
            customdata=[_hover(life) for life in bars.to_dict("records")],
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


def _hover(life: dict[str, object]) -> str:
    return (
        f"<b>{life['name']}</b><br>{life['stage']}, made by {life['kind']}<br>{life['nbytes']:,} B "
        f"({format_si(int(str(life['nbytes'])), 'B')})<br>held from layer {life['first']} to {life['last']}: "
        f"{life['held']} layers"
    )
