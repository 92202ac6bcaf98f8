"""The schemes of training memory, and what is left of a network that was optimised for inference."""

from __future__ import annotations

import plotly.graph_objects as go

from analysis.hardware.measure.schemes import SchemeRun
from analysis.optimize.saving import COUNTED, Saving
from analysis.units import format_share, format_si
from views.charts import evidence
from views.charts.axes import axis
from views.charts.labels import MARK, place_labels
from views.theme import PALETTE, Theme

HEIGHT = 400


def trade_off(run: SchemeRun, theme: Theme) -> go.Figure:
    """A mark a measured scheme: bytes saved against the time of a step."""
    schemes = run.schemes
    colour = PALETTE[0]
    xs = axis([scheme.saved_bytes for scheme in schemes], lambda value: format_si(value, "B"), "Saved for backward")
    ys = axis([scheme.seconds_high for scheme in schemes], lambda value: format_si(value, "s"), "Time of a step")
    points = [(d.saved_bytes / xs["range"][1], d.seconds / ys["range"][1]) for d in schemes]
    places = place_labels(points, [scheme.name for scheme in schemes], [MARK / 2] * len(schemes))
    figure = go.Figure(evidence.legend_entries(["measured"], theme, bars=False))
    figure.add_scatter(
        x=[scheme.saved_bytes for scheme in schemes],
        y=[scheme.seconds for scheme in schemes],
        mode="markers+text",
        text=[scheme.name if place else "" for scheme, place in zip(schemes, places, strict=True)],
        textposition=[place or "top center" for place in places],
        textfont={"size": 12, "color": theme.text},
        cliponaxis=False,
        marker=evidence.mark_style("measured", colour, theme),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [scheme.seconds_high - scheme.seconds for scheme in schemes],
            "arrayminus": [scheme.seconds - scheme.seconds_low for scheme in schemes],
            "color": theme.text,
            "thickness": 1.2,
            "width": 3,
        },
        hovertext=[
            f"<b>{scheme.name}</b> (<b>measured</b>)<br>{scheme.saved_bytes:,} B saved<br>"
            f"{format_si(scheme.seconds, 's')} a step, median of {len(scheme.times)}; the bar spans the quartiles<br>"
            f"{run.machine.device_name}, {run.machine.threads} threads<br>{run.machine.software}"
            for scheme in schemes
        ],
        hoverinfo="text",
        showlegend=False,
    )
    layout = {"template": theme.template, "height": HEIGHT, "xaxis": xs, "yaxis": ys, "margin": {"t": 36}}
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "itemclick": False}
    return figure.update_layout(layout, legend=legend, hovermode="closest")


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
