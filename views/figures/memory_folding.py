"""What is left of a network's counts after it was optimised for inference."""

from __future__ import annotations

import plotly.graph_objects as go

from analysis.optimize.saving import COUNTED, Saving
from analysis.units import format_share
from views.theme import Theme

ROW_HEIGHT, FRAME_HEIGHT = 40, 40


def saving(found: Saving, theme: Theme) -> go.Figure:
    """A bar a quantity, as a share of what it was; the line is where nothing is saved."""
    keys = list(COUNTED)
    shares = [found.share(key) for key in keys]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            x=shares,
            y=[COUNTED[key].label for key in keys],
            marker={"color": theme.muted},
            hovertext=[
                f"<b>{COUNTED[key][0]}</b><br>before {found.before[key]:,}<br>after {found.after[key]:,}"
                for key in keys
            ],
            hoverinfo="text",
        ),
        {
            "template": theme.template,
            "height": FRAME_HEIGHT + ROW_HEIGHT * len(keys),
            "showlegend": False,
            "bargap": 0.35,
        },
    )
    figure.add_vline(x=1, line={"color": theme.text, "width": 1, "dash": "dot"})
    figure.add_scatter(
        x=[max(1, share) for share in shares],
        y=[COUNTED[key].label for key in keys],
        mode="text",
        text=[f"  {format_share(share)}" for share in shares],
        textposition="middle right",
        hoverinfo="skip",
    )
    figure.update_xaxes(range=(0, 1.25 * max(1, *shares)), showticklabels=False, showgrid=False)
    return figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ")
