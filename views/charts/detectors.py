"""Backbones in a detector: what each part costs, and whether arithmetic tells what moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from html import escape
from typing import Any

import plotly.graph_objects as go

from analysis.detector_costs import PartCosts, traffic_pair
from analysis.detector_loads import PREDICTED, Held
from analysis.quantities import QUANTITIES, in_a_sentence
from analysis.units import format_exact, format_quantity, format_share
from detectors import PARTS
from views.charts import evidence
from views.charts.axes import ABOVE, axis, scatter_layout
from views.charts.costs import Panel, panels_of_bars
from views.charts.labels import MARK, name_marks
from views.theme import Mark, Theme, mix, text_on

HEIGHT, FOOT, BAR = 440, 70, 30
#: Where a smaller font would be needed, a share has no room in its part, and is left out.
LEAST_FONT = 11
#: Marks of so many variants have room above the picture on a phone; each more makes it higher.
VARIANTS, ROW = 5, 18
#: How far the greys of the parts behind the backbone go towards the paper.
_GREYS = dict(zip(PARTS[1:], (0.35, 0.6, 0.0), strict=True))
BACKBONE = PARTS[0]


def parts(
    found: Sequence[PartCosts],
    key: str,
    marks: Mapping[str, Mark],
    theme: Theme,
    errors: Sequence[tuple[float, float] | None] = (),
) -> go.Figure:
    """A bar a backbone, from the backbone itself to the head; the backbone in its own colour, all else in greys.

    Args:
        key: of `analysis.detector_costs.COMPARED`, or `PREDICTED`, which is outlined.
        marks: of the backbones.
        errors: of predicted totals, below and above, as shares of them.
    """
    write = partial(format_quantity, key)
    names = [one.name for one in found]
    totals = [one.total(key) for one in found]
    errors = errors or [None] * len(found)
    ends = [total * (1 + (error[1] if error else 0)) for total, error in zip(totals, errors, strict=True)]
    values = axis(ends, write, "", most=5)
    layout: dict[str, Any] = {
        "template": theme.template,
        "height": FOOT + BAR * max(3, len(found)),
        "barmode": "stack",
        "uniformtext": {"mode": "hide", "minsize": LEAST_FONT},
        "bargap": 0.3,
        "legend": ABOVE | {"itemclick": False, "traceorder": "normal"},
        "xaxis": values | {"title": None, "range": (0, 1.16 * max(ends))},
        "yaxis": {
            "type": "category",
            "categoryorder": "array",
            "categoryarray": names[::-1],
            "tickvals": names,
            "ticktext": [f"{escape(name)}  " for name in names],
            "showgrid": False,
        },
        "annotations": [
            _total(name, end, write(total), theme) for name, end, total in zip(names, ends, totals, strict=True)
        ],
    }
    shown = [part for part in PARTS if any(part in one.parts for one in found)]
    colours = {part: [_colour(part, marks[name], theme) for name in names] for part in shown}
    legend = [_entry(part, key, theme) for part in shown]
    traces = [*legend, *(_bars(found, part, key, colours[part], theme) for part in shown)]
    if key == PREDICTED:
        traces += evidence.legend_entries(["predicted"], theme, bars=True, with_errors=any(errors))
        traces.append(_errors(names, totals, errors, theme))
    return go.Figure(traces, layout)


def _colour(part: str, mark: Mark, theme: Theme) -> str:
    return mark.colour if part == BACKBONE else mix(theme.muted, theme.paper, _GREYS[part])


def _fill(key: str, colours: Sequence[str], theme: Theme) -> dict[str, Any]:
    """Counted parts are filled, predicted ones outlined."""
    if key == PREDICTED:
        return evidence.bar_styles("predicted", colours, theme)
    return {"color": list(colours), "line": {"color": theme.page, "width": 1}}


def _entry(part: str, key: str, theme: Theme) -> dict[str, Any]:
    """What the legend says of a part: backbones have no colour in common."""
    name = f"{part}: in its family's colour" if part == BACKBONE else part
    colour = theme.page if part == BACKBONE else mix(theme.muted, theme.paper, _GREYS[part])
    marker = _fill(key, [colour], theme)
    if part == BACKBONE:
        marker["line"] = {"color": theme.muted, "width": 1.2}
    return {"type": "bar", "name": name, "x": [None], "y": [None], "marker": marker, "hoverinfo": "skip"}


def _errors(
    names: Sequence[str], totals: Sequence[float], errors: Sequence[tuple[float, float] | None], theme: Theme
) -> dict[str, Any]:
    """The error bars of whole detectors, without marks of their own."""
    return {
        "type": "scatter",
        "x": list(totals),
        "y": list(names),
        "mode": "markers",
        "marker": {"size": 1, "color": evidence.CLEAR},
        "error_x": evidence.error_bar(errors, totals, theme, checked=False),
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _bars(found: Sequence[PartCosts], part: str, key: str, colours: Sequence[str], theme: Theme) -> dict[str, Any]:
    shares = [one.share(part, key) for one in found]
    values = [one.parts.get(part, {}).get(key, 0) for one in found]
    is_predicted = key == PREDICTED
    kind = "<b>predicted</b>" if is_predicted else "counted"
    label = in_a_sentence(QUANTITIES[key].label)
    texts = [text_on(colour) for colour in colours]
    told = [
        f"<b>{escape(one.name)}</b>, {part}: {format_exact(key, value)}, {label} ({kind})"
        f"<br>{format_share(share)} of the detector's {format_exact(key, one.total(key))}"
        for one, value, share in zip(found, values, shares, strict=True)
    ]
    return {
        "type": "bar",
        "orientation": "h",
        "x": values,
        "y": [one.name for one in found],
        "marker": _fill(key, colours, theme),
        "text": [] if is_predicted else [format_share(share) for share in shares],  # an error bar would cross them
        "textposition": "inside",
        "insidetextanchor": "middle",
        "insidetextfont": {"color": texts, "size": 12},
        "textangle": 0,
        "constraintext": "inside",
        "showlegend": False,
        "hovertext": told,
        "hoverinfo": "text",
    }


def _total(name: str, value: float, text: str, theme: Theme) -> dict[str, Any]:
    at = {"x": value, "y": name, "xanchor": "left", "xshift": 4, "showarrow": False, "borderpad": 0}
    return at | {"text": text, "bgcolor": theme.page, "font": {"color": theme.text, "size": 12}}


def traffic(found: Sequence[PartCosts], marks: Mapping[str, Mark], theme: Theme) -> go.Figure:
    """A mark a backbone, what it moves over its MACs; the two that contradict each other most are joined."""
    points = [(one.backbone("macs"), one.backbone("bytes_moved")) for one in found]
    axes = [
        axis(values, partial(format_quantity, key), f"{QUANTITIES[key].label} of the backbone", log=True)
        for key, values in zip(("macs", "bytes_moved"), zip(*points, strict=True), strict=True)
    ]
    height = HEIGHT + ROW * max(0, len(set(marks.values())) - VARIANTS)
    layout = scatter_layout(theme, height, *axes, itemclick=False, itemsizing="constant")
    pair = traffic_pair(found) or ()
    joined = [(one.backbone("macs"), one.backbone("bytes_moved")) for one in pair]
    lines = [(joined[0], joined[1])] if joined else []
    layout["annotations"] = name_marks(points, [escape(one.name) for one in found], layout, theme, lines)
    line = {
        "type": "scatter",
        "x": [x for x, _ in joined],
        "y": [y for _, y in joined],
        "mode": "lines",
        "line": {"color": theme.muted, "width": 1.2, "dash": "dot"},
        "name": "fewer MACs, more traffic",
        "hoverinfo": "skip",
    }
    return go.Figure([*([line] if joined else []), *_marked(found, marks, theme)], layout)


def _marked(found: Sequence[PartCosts], marks: Mapping[str, Mark], theme: Theme) -> list[dict[str, Any]]:
    """A trace for all backbones that are marked alike."""
    alike: dict[Mark, list[PartCosts]] = {}
    for one in found:
        alike.setdefault(marks[one.name], []).append(one)
    return [
        {
            "type": "scatter",
            "name": mark.variant,
            "x": [one.backbone("macs") for one in some],
            "y": [one.backbone("bytes_moved") for one in some],
            "mode": "markers",
            "cliponaxis": False,
            "marker": {
                "symbol": mark.symbol,
                "color": mark.colour,
                "size": MARK,
                "line": {"color": theme.outline(mark.colour), "width": 1.2},
            },
            "hovertext": [_hover(one) for one in some],
            "hoverinfo": "text",
        }
        for mark, some in alike.items()
    ]


def _hover(one: PartCosts) -> str:
    counted = [f"{QUANTITIES[key].label}: {format_exact(key, one.backbone(key))}" for key in ("macs", "bytes_moved")]
    return "<br>".join([f"<b>{escape(one.name)}</b> as a backbone (counted)", *counted])


def memory(found: Sequence[Held], marks: Mapping[str, Mark], theme: Theme) -> go.Figure:
    """What detectors hold, mode by mode beside each other, as counted."""
    names = [escape(one.name) for one in found]
    panels = []
    for key in ("inference_bytes", "training_bytes"):
        values = [getattr(one, key) for one in found]
        texts = [format_quantity(key, value) for value in values]
        hovers = [
            f"<b>{name}</b>: {QUANTITIES[key].label} {format_exact(key, value)} (counted)"
            for name, value in zip(names, values, strict=True)
        ]
        title = {"text": QUANTITIES[key].label}
        colours = [marks[one.name].colour for one in found]
        panels.append(Panel(values, texts, hovers, colours, title, (0, 1.9 * max(values))))
    return panels_of_bars(names, panels, theme, FOOT + BAR * max(3, len(found)), 0.06)
