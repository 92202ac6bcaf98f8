"""The designs of memory-efficient training: bytes kept against the time of a step."""

from __future__ import annotations

import plotly.graph_objects as go

from analysis.measuring.design_run import DesignRun
from analysis.units import format_si
from views import evidence
from views.figures.axes import axis
from views.figures.labels import place_labels
from views.figures.names import MARK
from views.theme import FAMILY_COLOURS, Theme

HEIGHT = 400


def trade_off(run: DesignRun, theme: Theme) -> go.Figure:
    """A mark a measured design: bytes kept against the time of a step."""
    designs = run.designs
    colour = FAMILY_COLOURS["densenet"]
    xs = axis([design.kept_bytes for design in designs], lambda value: format_si(value, "B"), "Kept for backward")
    ys = axis([design.seconds_high for design in designs], lambda value: format_si(value, "s"), "Time of a step")
    points = [(d.kept_bytes / xs["range"][1], d.seconds / ys["range"][1]) for d in designs]
    places = place_labels(points, [design.name for design in designs], [MARK / 2] * len(designs))
    figure = go.Figure(evidence.legend_entries(["measured"], theme, bars=False))
    figure.add_scatter(
        x=[design.kept_bytes for design in designs],
        y=[design.seconds for design in designs],
        mode="markers+text",
        text=[design.name if place else "" for design, place in zip(designs, places, strict=True)],
        textposition=[place or "top center" for place in places],
        textfont={"size": 12, "color": theme.text},
        cliponaxis=False,
        marker=evidence.mark_style("measured", colour, theme),
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [design.seconds_high - design.seconds for design in designs],
            "arrayminus": [design.seconds - design.seconds_low for design in designs],
            "color": theme.text,
            "thickness": 1.2,
            "width": 3,
        },
        hovertext=[
            f"<b>{design.name}</b> (<b>measured</b>)<br>{design.kept_bytes:,} B kept<br>"
            f"{format_si(design.seconds, 's')} a step, median of {len(design.times)}; the bar spans the quartiles<br>"
            f"{run.machine.device_name}, {run.machine.threads} threads<br>{run.machine.software}"
            for design in designs
        ],
        hoverinfo="text",
        showlegend=False,
    )
    layout = {"template": theme.template, "height": HEIGHT, "xaxis": xs, "yaxis": ys, "margin": {"t": 36}}
    legend = {"orientation": "h", "yanchor": "bottom", "y": 1.01, "x": 0, "itemclick": False}
    return figure.update_layout(layout, legend=legend, hovermode="closest")
