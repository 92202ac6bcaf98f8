"""Devices against a need: the interval of each as a line along images/s, the need across, by verdict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import log10
from typing import Any

import plotly.graph_objects as go

from analysis.hardware.needs import ENOUGH, NO_ROOM, PERHAPS, TOO_SLOW, VERDICTS, Fit
from analysis.hardware.speeds import EVIDENCE
from analysis.units import capitalised, format_si
from views.charts import evidence
from views.charts.axes import BELOW, axis
from views.theme import Theme

ROW, FRAME, LEFT, RIGHT = 18, 130, 176, 8
#: Pixels of a mark, small enough to show a narrow interval.
MARK = 9
#: What stands above the devices of each verdict.
HEADS = {
    ENOUGH: "Enough, even at their slowest",
    PERHAPS: "Perhaps enough",
    TOO_SLOW: "Too slow",
    NO_ROOM: "The batch doesn't fit",
}


def needs(fits: Sequence[Fit], colour: str, theme: Theme) -> go.Figure:
    """A row a device.

    Args:
        fits: of `analysis.hardware.needs.rank_devices`, not empty.
        colour: of the network.
    """
    places, heads, row = [], {}, 0
    for verdict in VERDICTS:
        alike = [fit for fit in fits if fit.verdict == verdict]
        if alike:
            heads[verdict] = row
            places += range(row + 1, row + 1 + len(alike))
            row += len(alike) + 2
    needed = fits[0].needed
    ends = [needed, *(end for fit in fits for end in (fit.least, fit.most))]
    placed = [(fit, place) for fit, place in zip(fits, places, strict=True)]
    speeds = [fit.speed for fit in fits]
    layout = {
        "template": theme.template,
        "height": FRAME + ROW * row,
        "xaxis": axis(ends, format_si, f"Images/s of {speeds[0].name}", log=True, most=5),
        "yaxis": {
            "range": (row - 1, -1),
            "tickvals": places,
            "ticktext": [f"{fit.device.name}  " for fit in fits],
            "showgrid": False,
            "zeroline": False,
            "automargin": False,
        },
        "margin": {"t": 28, "b": FRAME - 40, "l": LEFT, "r": RIGHT},
        "legend": BELOW | {"xref": "container", "itemclick": False},
        "hovermode": "closest",
        "annotations": [*_heads(heads, theme), _need(needed, theme)],
        "shapes": [_line(needed, theme)],
    }
    looks = product(EVIDENCE, (True, False))
    groups = [[at for at in placed if (at[0].speed.evidence, at[0].speed.is_checked) == look] for look in looks]
    traces = [
        *evidence.legend_entries((speed.evidence for speed in speeds), theme, bars=False),
        *evidence.unchecked_entry(any(speed.is_open for speed in speeds), theme),
        *(_marks(group, colour, theme) for group in groups if group),
    ]
    return go.Figure(traces, layout)


def _marks(placed: Sequence[tuple[Fit, int]], colour: str, theme: Theme) -> dict[str, Any]:
    """Devices whose figures are of one kind."""
    speeds = [fit.speed for fit, _ in placed]
    values = [speed.images_per_s for speed in speeds]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": values,
        "y": [place for _, place in placed],
        "marker": evidence.mark_style(speeds[0].evidence, colour, theme) | {"size": MARK},
        "error_x": evidence.error_bar([speed.error for speed in speeds], values, theme, checked=speeds[0].is_checked),
        "hovertext": [_hover(fit) for fit, _ in placed],
        "hoverinfo": "text",
        "showlegend": False,
    }


def _hover(fit: Fit) -> str:
    sheet = fit.device
    power = (
        f"at most {format_si(fit.joules_at_most, 'J')} an image: {format_si(sheet.tdp_watts or 0.0, 'W')} of board "
        "power times the longest time, a bound"
        if fit.joules_at_most is not None
        else "no source tells its board power"
    )
    several = (
        f"; {fit.devices:,} of them are enough at their slowest" if fit.devices > 1 and fit.verdict != NO_ROOM else ""
    )
    verdict = f"<b>{capitalised(fit.verdict)}</b>: {format_si(fit.least)} to {format_si(fit.most)} images/s{several}"
    return evidence.wrap([verdict, power]) + "<br>" + evidence.hover(fit.speed)


def _heads(rows: dict[str, int], theme: Theme) -> list[dict[str, Any]]:
    style = {"xref": "paper", "x": 0, "xanchor": "left", "xshift": -LEFT, "showarrow": False}
    font = {"size": 12, "color": theme.text}
    return [style | {"y": row, "text": f"<b>{HEADS[verdict]}</b>", "font": font} for verdict, row in rows.items()]


def _need(needed: float, theme: Theme) -> dict[str, Any]:
    place = {"x": log10(needed), "yref": "paper", "y": 1, "yanchor": "bottom", "showarrow": False}
    return place | {"text": f"needed: {needed:,.10g}", "font": {"size": 12, "color": theme.muted}}


def _line(needed: float, theme: Theme) -> dict[str, Any]:
    line = {"color": theme.muted, "width": 1.5, "dash": "dash"}
    return {"type": "line", "x0": needed, "x1": needed, "yref": "paper", "y0": 0, "y1": 1, "line": line}
