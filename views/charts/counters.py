"""What public counters count beside ours: one bar a counter, of the steps that lead from our figure to its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.units import format_change
from views.charts.axes import BELOW, axis
from views.charts.costs import step_kind
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd

BAR, FRAME = 34, 96
#: Room for the sums beside the bars, as a share of the longest.
ROOM = 0.3


def differences(steps: pd.DataFrame, theme: Theme) -> go.Figure:
    """All counters, each step as a share of our figure; `steps` as `analysis.crosscheck.waterfall`."""
    ours = steps[steps["step"] == "ours"].set_index("counter")["value"]
    changes = steps[~steps["step"].isin(["ours", "reported"])]
    changes = changes.assign(share=changes["value"] / changes["counter"].map(ours))
    order = changes.assign(weight=changes["share"].abs()).groupby("step")["weight"].sum()
    names = order.sort_values(ascending=False).index
    first = {step_kind(step): step for step in reversed(names)}
    data = [_bars(changes[changes["step"] == step], step, step in first.values(), theme) for step in names]
    sums = changes.groupby("counter")["share"].sum().reindex(ours.index, fill_value=0.0)
    above = changes[changes["share"] > 0].groupby("counter")["share"].sum().reindex(ours.index, fill_value=0.0)
    below = changes[changes["share"] < 0].groupby("counter")["share"].sum().reindex(ours.index, fill_value=0.0)
    low, high = below.min(), above.max() or 0.001
    data.append(
        {
            "type": "scatter",
            "x": above.tolist(),
            "y": ours.index.tolist(),
            "mode": "text",
            "text": [f"  {format_change(value)}" if value else "  as ours" for value in sums],
            "textposition": "middle right",
            "textfont": {"color": theme.text, "size": 12},
            "hoverinfo": "skip",
            "showlegend": False,
            "cliponaxis": False,
        }
    )
    scale = axis([high], lambda share: format_change(share) if share else "ours", "Counted beyond our figure")
    layout = {
        "template": theme.template,
        "height": FRAME + BAR * len(ours),
        "barmode": "relative",
        "bargap": 0.3,
        "legend": BELOW | {"traceorder": "normal"},
        "xaxis": scale | {"range": (low - ROOM * (high - low) * (low < 0), high + ROOM * (high - low))},
        "yaxis": {"autorange": "reversed", "showgrid": False, "ticksuffix": "  ", "type": "category"},
    }
    return go.Figure(data, layout)


def _bars(changes: pd.DataFrame, step: str, named: bool, theme: Theme) -> dict[str, Any]:
    """One step, of the counters that take it; the first of its kind names the kind in the legend."""
    kind = step_kind(step)
    return {
        "type": "bar",
        "orientation": "h",
        "name": kind,
        "legendgroup": kind,
        "showlegend": named,
        "x": changes["share"].tolist(),
        "y": changes["counter"].tolist(),
        "marker": {"color": theme.kinds[kind], "line": {"color": theme.page, "width": 1}},
        "hovertext": [
            f"<b>{counter}</b>: {step}<br>{value:,} {unit}, {format_change(share)}"
            for counter, value, unit, share in zip(
                *(changes[key] for key in ("counter", "value", "unit", "share")), strict=True
            )
        ],
        "hoverinfo": "text",
    }
