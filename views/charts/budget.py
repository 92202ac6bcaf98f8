"""What memory buys: the batch that fits, the time of a training step; and what optimising saves."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import plotly.graph_objects as go

from analysis.hardware.measure.schemes import SchemeRun
from analysis.memory.storages import Footprint
from analysis.optimize.saving import COUNTED, Saving
from analysis.units import format_share, format_si, without_zeros
from views.charts import evidence
from views.charts.axes import axis, scatter_layout
from views.charts.labels import name_marks
from views.theme import PALETTE, Theme

HEIGHT = 400
#: How the modes are told apart without colour.
DASHES = ("dot", "solid", "dash")


def growth(footprints: Sequence[Footprint], budget_bytes: float, batch_size: int, theme: Theme) -> go.Figure:
    """What each mode holds against the batch, with the batch asked for, the memory that there is, where it is full."""
    largest = [one.largest_batch(budget_bytes) for one in footprints]
    highest = max(2, 2 * batch_size, *(2 * batch for batch in largest))
    batches = sorted({round(highest ** (step / 60)) for step in range(61)})
    values = [one.total_bytes(batch) for one in footprints for batch in (1, highest)]
    xs = axis([1, highest], lambda value: f"{value:,.0f}", "Batch", log=True)
    ys = axis([*values, budget_bytes], lambda value: format_si(value, "B"), "Memory in all", log=True)
    figure = go.Figure(layout=scatter_layout(theme, HEIGHT, xs, ys))
    for one, dash in zip(footprints, DASHES, strict=False):
        totals = [one.total_bytes(batch) for batch in batches]
        hovers = [f"<b>{one.mode}</b>, batch {n:,}<br>{total:,} B" for n, total in zip(batches, totals, strict=True)]
        line = {"color": theme.text, "width": 2, "dash": dash}
        style = {"name": one.mode, "mode": "lines", "line": line, "hovertext": hovers, "hoverinfo": "text"}
        figure.add_scatter(x=batches, y=totals, **style)
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
    line, font = {"color": theme.muted, "width": 1.5}, {"size": 12, "color": theme.text}
    words = {"font": font, "showarrow": False, "yanchor": "bottom"}
    figure.add_hline(y=budget_bytes, line=line)
    there = {"x": 0, "xref": "paper", "xanchor": "left", "xshift": 4, "y": log10(budget_bytes)}
    figure.add_annotation(**there, **words, text=f"there are {without_zeros(format_si(budget_bytes, 'B'))}")
    figure.add_vline(x=batch_size, line=line | {"dash": "dot"})
    asked = {"x": log10(batch_size), "xanchor": "left", "xshift": 4, "y": 0, "yref": "paper"}
    return figure.add_annotation(**asked, **words, text=f"batch {batch_size:,}")


def trade_off(run: SchemeRun, theme: Theme) -> go.Figure:
    """A mark a measured scheme: bytes saved against the time of a step."""
    schemes = run.schemes
    colour = PALETTE[0]
    xs = axis([scheme.saved_bytes for scheme in schemes], lambda value: format_si(value, "B"), "Saved for backward")
    ys = axis([scheme.seconds_high for scheme in schemes], lambda value: format_si(value, "s"), "Time of a step")
    layout = scatter_layout(theme, HEIGHT, xs, ys, itemclick=False)
    points = [(scheme.saved_bytes, scheme.seconds) for scheme in schemes]
    bars = [((one.saved_bytes, one.seconds_low), (one.saved_bytes, one.seconds_high)) for one in schemes]
    layout["annotations"] = name_marks(points, [scheme.name for scheme in schemes], layout, theme, bars)
    figure = go.Figure(evidence.legend_entries(["measured"], theme, bars=False))
    figure.add_scatter(
        x=[scheme.saved_bytes for scheme in schemes],
        y=[scheme.seconds for scheme in schemes],
        mode="markers",
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
    return figure.update_layout(layout)


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
                f"<b>{COUNTED[key].label}</b><br>before {found.before[key]:,}<br>after {found.after[key]:,}"
                for key in keys
            ],
            hoverinfo="text",
        ),
        {"template": theme.template, "height": 40 + 40 * len(keys), "showlegend": False, "bargap": 0.35},
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
