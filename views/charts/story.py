"""A chain of networks as a waterfall: a bar where it starts, what each change adds or takes away, a bar where it ends.

The name of a step stands above its bar, so that long names have room on a phone too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import plotly.graph_objects as go

from analysis.chains.counted import MEASURED, PREDICTED, CountedChain
from analysis.chains.findings import change
from analysis.units import capitalised, format_change, format_exact, format_quantity, format_si
from views.charts import evidence
from views.charts.axes import ABOVE
from views.theme import Theme, family_colour

#: Pixels of a row, above and below all of them, and of the legend.
ROW, FRAME, LEGEND = 44, 16, 28
#: Of a row, the share that its bar takes and how far its name stands above the middle.
BAR, NAME = 0.4, 0.46
#: Room for the figures behind the longest bar, as a share of it.
ROOM = 0.45


class Bar(NamedTuple):
    """One row, from where it starts to where it ends."""

    #: Of the step; the last network stands in a row of its own.
    number: int
    name: str
    start: float
    end: float
    text: str


def bars(found: CountedChain, key: str) -> Iterator[Bar]:
    """The rows: the first network, every change, the last network. Steps that nobody measured share one."""
    known = [(number, value) for number, stop in enumerate(found.stops) if (value := stop.value(key)) is not None]
    if key == MEASURED:
        known = [(number, value) for number, value in known if found.stops[number] in found.alike]
    (last, value), *others = known
    yield Bar(last, found.stops[last].step.title, 0, value, write(key, value))
    for number, after in others:
        alone = f"{number}. {found.stops[number].step.title}"
        name = alone if number == last + 1 else f"Steps {last + 1} to {number} together"
        share = f" ({format_change((after - value) / value)})" if key != MEASURED and value and after != value else ""
        yield Bar(number, name, value, after, f"{change(key, after - value)}{share}")
        last, value = number, after
    name = found.chain.title.rpartition(" to ")[2] if last == len(found.stops) - 1 else f"After step {last}"
    yield Bar(last, capitalised(name), 0, value, write(key, value))


def write(key: str, value: float) -> str:
    """A value, for people."""
    return format_si(value, "%") if key == MEASURED else format_quantity(key, value)


def waterfall(found: CountedChain, key: str, shown: int, theme: Theme) -> go.Figure:
    """The chain in one quantity; the row of the step that is shown is outlined."""
    rows = [*bars(found, key)]
    stops = [found.stops[row.number] for row in rows]
    kind = "predicted" if key in PREDICTED else "published" if key == MEASURED else "counted"
    colours = [family_colour(stop.summary.family) for stop in stops]
    marked = [0 < at < len(rows) - 1 and row.number == shown for at, row in enumerate(rows)]
    facts = [stop.fact(key) for stop in stops]
    is_open = [bool(fact and fact.is_open) for fact in facts]
    entries = [*evidence.legend_entries({kind}, theme, bars=True), *evidence.unchecked_entry(any(is_open), theme)]
    legend = LEGEND * bool(entries)
    figure = go.Figure(entries)
    for look in dict.fromkeys(is_open):  # Plotly draws all errors of a trace alike
        alike = [at for at, each in enumerate(is_open) if each == look]
        shown_rows = [rows[at] for at in alike]
        errors = [fact and fact.error for fact in (facts[at] for at in alike)]
        figure.add_bar(
            orientation="h",
            y=alike,
            base=[row.start for row in shown_rows],
            x=[row.end - row.start for row in shown_rows],
            width=BAR,
            marker=_style(kind, [colours[at] for at in alike], [marked[at] for at in alike], theme),
            error_x=evidence.error_bar(errors, [row.end for row in shown_rows], theme, checked=not look),
            customdata=[row.number for row in shown_rows],
            hovertext=[_hover(found, key, row) for row in shown_rows],
            hoverinfo="text",
            showlegend=False,
        )
    highs = [
        row.end * (1 + fact.error[1]) if fact and fact.error else row.end for row, fact in zip(rows, facts, strict=True)
    ]
    figure.update_layout(
        template=theme.template,
        barmode="overlay",
        height=FRAME + ROW * len(rows) + legend,
        legend=ABOVE,
        margin={"l": 8, "r": 8, "t": 4 + legend, "b": 4},
        xaxis={"range": (0, (max(highs) or 1) * (1 + ROOM)), "visible": False},
        yaxis={"range": (len(rows) - 0.6, -0.75), "visible": False},
        shapes=[*_links(rows, theme)],
        annotations=[*_texts(rows, highs, marked, theme)],
    )
    return figure


def _style(kind: str, colours: list[str], marked: list[bool], theme: Theme) -> dict[str, Any]:
    """Counted plain; the row that is shown has an outline in the colour of the text."""
    style = {"color": colours} if kind == "counted" else evidence.bar_styles(kind, colours, theme)
    outline = [theme.text if mark else colour for mark, colour in zip(marked, colours, strict=True)]
    return style | {"line": {"color": outline, "width": [3 if mark else 1.6 for mark in marked]}}


def _links(rows: list[Bar], theme: Theme) -> Iterator[dict[str, Any]]:
    """Lines from the end of each bar to the next."""
    for at, row in enumerate(rows[:-1]):
        line = {"color": theme.muted, "width": 1}
        yield {"type": "line", "x0": row.end, "x1": row.end, "y0": at, "y1": at + 1, "line": line, "layer": "below"}


def _texts(rows: list[Bar], highs: list[float], marked: list[bool], theme: Theme) -> Iterator[dict[str, Any]]:
    """The name above each bar, the figure behind it and its error bar."""
    for at, (row, high, mark) in enumerate(zip(rows, highs, marked, strict=True)):
        style = {"showarrow": False, "xanchor": "left", "font": {"color": theme.text, "size": 13}}
        name = f"<b>{row.name}</b>" if mark else row.name
        clear = {"bgcolor": theme.page, "borderpad": 0}  # of the lines between the bars
        yield style | clear | {"text": name, "x": 0, "xref": "paper", "y": at - NAME, "yanchor": "middle"}
        yield style | {"text": row.text, "x": max(row.start, high), "y": at, "yanchor": "middle", "xshift": 6}


def _hover(found: CountedChain, key: str, row: Bar) -> str:
    """All digits, and where a figure that is not counted comes from."""
    stop = found.stops[row.number]
    exact = write(key, row.end) if key == MEASURED else format_exact(key, row.end)
    lines = [f"<b>{stop.step.title}</b>", f"{found.label(key)}: {exact}", row.text]
    if key == MEASURED:
        lines.append(f"Source: {stop.source}")
    if key in PREDICTED:
        lines.append(f"Predicted on {stop.device}")
    return evidence.wrap(lines)
