"""Channels along the depth: a mark a convolution, in panels over the same axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.units import format_exact, format_ratio, format_share, format_size
from archs.family import Landmarks
from views.charts.axes import BELOW, axis, band_marks, bands, named
from views.charts.panels import GHOST, domain, on, pale, x_axis
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd


#: Panels from top to bottom, and whether their axis is logarithmic.
CHANNEL_PANELS = {
    "in_channels": ("Input<br>channels", False),
    "out_channels": ("Output<br>channels", False),
    "resolution": ("Resolution", False),
    "ratio": ("Input ÷<br>output", True),
    "penalty": ("Access ÷<br>least", False),
}
#: What the panels that have an optimum are measured against.
OPTIMA = {"ratio": "equal", "penalty": "least possible"}
SYMBOLS = {"convolution 1×1": "circle", "convolution k×k": "square"}
CHANNELS_PANEL = 128
#: Share of a panel's height that a line of text needs below it.
ROOM = 0.2


def channels(
    frame: pd.DataFrame,
    landmarks: Landmarks,
    theme: Theme,
    width: int,
    peers: Sequence[pd.DataFrame] = (),
    ghost: pd.DataFrame | None = None,
) -> go.Figure:
    """One mark a convolution in each panel.

    Args:
        frame: `analysis.structure.along_depth.channel_rows`, numbered from 1, with the column `resolution`.
        landmarks: of the network's config.
        width: pixels that the panels span at the least.
        peers: frames that stand beside it: axes hold them too, so that the eye can compare.
        ghost: what stands pale behind it (`behind`).
    """
    rows = len(CHANNEL_PANELS)
    data = [] if ghost is None else [*_ghost_marks(ghost, theme)]
    for kind, marks in frame.groupby("kind", sort=True):
        name = ": ".join(filter(None, (str(kind), landmarks.kinds.get(str(kind)))))
        data += _marks(marks, name, theme, size=7 if len(frame) < 100 else 4.5)
    shown = [frame, *peers, *([] if ghost is None else [ghost])]
    scales = {f"yaxis{row}": _channel_axis(row, shown) for row in range(1, rows + 1)}
    shapes, names = band_marks(list(bands(frame)), theme, width)
    if landmarks.transition:
        names += _transition_names(frame, landmarks.transition, scales["yaxis1"]["range"][1], theme, width)
    optimum = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1}
    optimum["line"] = {"color": theme.text, "width": 1, "dash": "dot"}
    shapes += [optimum | {"yref": f"y{row}"} for row, key in enumerate(CHANNEL_PANELS, start=1) if key in OPTIMA]
    title = "Convolutions in execution order"
    layout = {
        "template": theme.template,
        "height": CHANNELS_PANEL * rows,
        "shapes": shapes,
        "annotations": names,
        "hovermode": "closest",
        "legend": BELOW,
        "margin": {"t": 26},
        **scales,
        **{f"xaxis{row}": x_axis(row, len(frame), rows, title) for row in range(1, rows + 1)},
    }
    return go.Figure(data, layout)


def _channel_axis(row: int, frames: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """The axis of one panel, from the top."""
    column, (title, log) = list(CHANNEL_PANELS.items())[row - 1]
    values = [value for one in frames for value in one[column]]
    scale = axis([*values, 1.0] if column in OPTIMA else values, _writer(column), title, log=log, most=4)
    scale["title"] |= {"standoff": 12}
    if column == "penalty":
        scale["range"] = (min(0.95, *values), scale["range"][1])
    return scale | {"domain": domain(row, len(CHANNEL_PANELS), 0.03), "anchor": f"x{row}"}


def _writer(column: str) -> Callable[[float], str]:
    if column in OPTIMA:
        return format_ratio
    return lambda value: f"{value:,.0f}"


def _marks(marks: pd.DataFrame, name: str, theme: Theme, size: float) -> Iterator[dict[str, Any]]:
    """The convolutions of one kind, in every panel."""
    kind, hovers = marks["kind"].iloc[0], [_channel_hover(mark) for mark in marks.to_dict("records")]
    style = {"color": theme.kinds[kind], "symbol": SYMBOLS[kind], "size": size}
    yield from _in_every_panel(marks, {"name": name, "legendgroup": kind, "marker": style, "hovertext": hovers})


def _ghost_marks(ghost: pd.DataFrame, theme: Theme) -> Iterator[dict[str, Any]]:
    """The baseline's convolutions, in every panel."""
    style = {"color": pale(theme), "size": 6}
    yield from _in_every_panel(ghost, {"name": GHOST, "legendgroup": GHOST, "marker": style, "hoverinfo": "skip"})


def _in_every_panel(frame: pd.DataFrame, look: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Marks that look so; the legend has them once."""
    for row, column in enumerate(CHANNEL_PANELS, start=1):
        place = {"x": frame["number"].tolist(), "y": frame[column].tolist(), "showlegend": row == 1, **on(row)}
        yield {"type": "scatter", "mode": "markers", "hoverinfo": "text", **look, **place}


def _transition_names(
    frame: pd.DataFrame, text: str, highest: float, theme: Theme, width: int
) -> Iterator[dict[str, Any]]:
    """What each transition keeps, to the right of its mark, where the next block begins low enough to leave room."""
    for (stage, number, _), block in pairwise(bands(frame)):
        read, made = (int(frame[column].iloc[number - 1]) for column in ("in_channels", "out_channels"))
        shown = named(text, width, (block.last - number) / len(frame) / 2)
        if shown and stage.startswith("transition") and read - made > ROOM * highest:
            yield {
                "text": shown,
                "x": number,
                "y": read,
                "xref": "x",
                "yref": "y",
                "xanchor": "left",
                "xshift": 5,
                "showarrow": False,
                "font": {"size": 12, "color": theme.text},
            }


def _channel_hover(mark: dict[str, Any]) -> str:
    surplus = mark["penalty"] - 1
    return (
        f"<b>{mark['name']}</b><br>{mark['stage']}, {format_size(mark['kernel'])} at {format_size(mark['output_size'])}"
        f"<br>{mark['in_channels']:,} in, {mark['out_channels']:,} out: {format_ratio(mark['ratio'])}"
        f"<br>touches {format_exact('memory_access_cost', mark['memory_access_cost'])} elements,"
        f"<br>{format_share(surplus)} more than the least possible"
    )
