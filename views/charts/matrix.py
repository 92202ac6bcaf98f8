"""Sources by readers, one panel a block: who reads whom, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any, NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from views.theme import Theme, mix, text_on

#: Pixels of a panel with its title and labels: of few sources, of more, and alone.
LOW, HIGH, ALONE = 224, 300, 560
FEW = 8
#: Pixels between panels; of a letter, in cells and on axes.
BETWEEN = 60
CELL_LETTER, AXIS_LETTER = 5.8, 6.6
#: How far the faintest cells go to the page, and the strongest from it, where outlines go to black or to white: all of
#: them stand out from the page.
RAMP = {"#000000": (0.5, 0.25), "#FFFFFF": (0.1, 0.6)}
#: So many numbers stand along an axis.
MOST_LABELS = 12


class Panel(NamedTuple):
    """One block; cells by (index of the source, index of the reader)."""

    title: str
    sources: Sequence[str]
    readers: Sequence[str]
    #: What colours a cell.
    values: Mapping[tuple[int, int], float]
    #: What is written into it, where there is room.
    texts: Mapping[tuple[int, int], str]
    hovers: Mapping[tuple[int, int], str]


def matrices(
    panels: Sequence[Panel],
    colour: str,
    theme: Theme,
    title: str,
    ticks: Mapping[float, str],
    *,
    across: int,
    width: int,
) -> go.Figure:
    """A heat map a block in shades of the network's colour; what is not connected is left empty.

    Args:
        title: of the colours.
        ticks: values and what is written beside their colours, from the lowest to the highest.
        across: panels side by side.
        width: pixels that they span together at the least.
    """
    across = min(across, len(panels))
    rows = ceil(len(panels) / across)
    height = rows * (HIGH if any(len(panel.sources) > FEW for panel in panels) else LOW)
    height = ALONE if len(panels) == 1 else height
    between = {"horizontal_spacing": 0.11 / across, "vertical_spacing": 76 / height if rows > 1 else 0}
    figure = make_subplots(rows, across, subplot_titles=[panel.title for panel in panels], **between)
    scale = _colours(colour, theme, title, ticks, height)
    width = (width - BETWEEN * (across - 1)) // across
    for number, panel in enumerate(panels):
        place = {"row": number // across + 1, "col": number % across + 1}
        figure.add_trace(_cells(panel), **place)
        figure.add_trace(_texts(panel, width, scale), **place)
        figure.update_xaxes(**_ticks(panel.readers, width), range=(-0.5, len(panel.readers) - 0.5), **place)
        figure.update_yaxes(**_ticks(panel.sources), range=(len(panel.sources) - 0.5, -0.5), **place)
    frame = {"showgrid": False, "zeroline": False, "showline": True, "mirror": True, "ticks": ""}
    figure.update_xaxes(**frame, tickangle=0).update_yaxes(**frame)
    figure.update_xaxes(title={"text": "read by", "standoff": 4}, row=rows)
    figure.update_yaxes(title={"text": "source", "standoff": 4}, col=1)
    figure.update_annotations(font={"size": 13, "color": theme.text})
    return figure.update_layout(template=theme.template, height=height, margin={"t": 34}, coloraxis=scale)


def _colours(colour: str, theme: Theme, title: str, ticks: Mapping[float, str], height: int) -> dict[str, Any]:
    """The axis of the colours, which all panels share."""
    pale, strong = RAMP[theme.outline_towards]
    font = {"size": 12, "color": theme.muted}
    bar = {
        "title": {"text": title, "side": "right", "font": font},
        "thickness": 12,
        "len": min(1.0, 240 / height),
        "tickvals": list(ticks),
        "ticktext": list(ticks.values()),
        "tickfont": font,
    }
    return {
        "colorscale": [(0, mix(colour, theme.page, pale)), (1, mix(colour, theme.outline_towards, strong))],
        "cmin": min(ticks) - (len(ticks) == 1),
        "cmax": max(ticks),
        "colorbar": bar,
    }


def _cells(panel: Panel) -> go.Heatmap:
    """The cells; what is not connected has no value."""
    shape = range(len(panel.sources)), range(len(panel.readers))
    return go.Heatmap(
        z=[[panel.values.get((source, reader)) for reader in shape[1]] for source in shape[0]],
        customdata=[[panel.hovers.get((source, reader), "") for reader in shape[1]] for source in shape[0]],
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        xgap=1,
        ygap=1,
        coloraxis="coloraxis",
    )


def _texts(panel: Panel, width: int, scale: Mapping[str, Any]) -> go.Scatter:
    """What is written into the cells, where the longest text has room."""
    longest = CELL_LETTER * max(map(len, panel.texts.values())) + 4
    texts = panel.texts if longest <= width / len(panel.readers) else {}
    (_, pale), (_, strong) = scale["colorscale"]
    span = scale["cmax"] - scale["cmin"]
    fills = [mix(pale, strong, (panel.values[cell] - scale["cmin"]) / span) for cell in texts]
    return go.Scatter(
        x=[reader for _, reader in texts],
        y=[source for source, _ in texts],
        text=list(texts.values()),
        mode="text",
        textfont={"size": 11, "color": [text_on(fill) for fill in fills]},
        hoverinfo="skip",
        showlegend=False,
    )


def _ticks(labels: Sequence[str], width: float = 0) -> dict[str, Sequence[object]]:
    """Words always, and as many of the numbers as there is room for between them."""
    step = max(1, ceil(len(labels) / MOST_LABELS))
    words = {number: len(label) for number, label in enumerate(labels) if not label.isdecimal()}
    pixels = width / len(labels)
    numbers = [
        number
        for number, label in enumerate(labels)
        if label.isdecimal()
        and int(label) % step == 0
        and all(abs(number - word) >= step for word in words)
        and (not width or all(abs(number - word) * pixels > AXIS_LETTER * (n / 2 + 2) for word, n in words.items()))
    ]
    shown = sorted([*words, *numbers])
    return {"tickvals": shown, "ticktext": [labels[number] for number in shown]}
