"""What changes from one network to another, stage by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plotly.subplots import make_subplots

from analysis.architecture.changes import COSTS
from analysis.quantities import QUANTITIES
from analysis.units import format_change, format_signed
from views.notation import format_exact
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

ROW_HEIGHT, FRAME_HEIGHT = 28, 70
#: How far a panel goes beyond its longest bar, so that the figure at its end has room.
ROOM = 1.9


def stage_bars(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """One panel a cost, one bar a stage: to the right what comes on top, to the left what falls away.

    Args:
        frame: of `analysis.architecture.changes.stage_rows`.
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
            customdata=[_hover(key, row) for row in frame.to_dict("records")],
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
    return low - (ROOM - 1) * longest * (low < 0) - 0.1 * longest, high + (ROOM - 1) * longest * (high > 0 or not low)


def _hover(key: str, row: dict[str, object]) -> str:
    value, share = row[key], row[f"{key}_share"]
    assert isinstance(value, int)
    exact = f"{'−' if value < 0 else '+'}{format_exact(key, abs(value))}"
    known = isinstance(share, float) and share == share
    return f"<b>{row['stage']}</b><br>{QUANTITIES[key].label}: {exact}{f' ({format_change(share)})' if known else ''}"
