"""A network along its depth: small multiples over the same axis, the stages as bands behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.ops import KINDS
from analysis.quantities import QUANTITIES
from analysis.units import format_exact, format_quantity, format_ratio, format_share, format_size
from archs.family import Landmarks
from views.charts.axes import BELOW, LETTER, axis, band_marks, bands, draw_bands
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd


#: Panels from top to bottom: two lines, bars per layer, cumulative shares.
BAR_QUANTITIES = ("macs", "memory_access_cost", "bytes_moved")
LAYER_PANELS = ("Output channels", "Resolution", *(QUANTITIES[key].label for key in BAR_QUANTITIES), "Cumulative share")
CUMULATIVE = {"params": "dot", "macs": "dash", "bytes_moved": "solid"}
LAYERS_PANEL = 118
#: Between panels, as a share of the whole height.
SPACING = 0.035


def profile(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """All panels; `frame` as `views.sections.layer_tables.layer_frame`."""
    last = len(LAYER_PANELS)
    data = [
        _line(1, frame, "out_channels", theme),
        _line(2, frame, "resolution", theme),
        *(bars for row, key in enumerate(BAR_QUANTITIES, start=3) for bars in _bars(row, frame, key, theme)),
        *_shares(last, frame, theme),
    ]
    shapes, names = band_marks(list(bands(frame)), theme)
    layout = {
        "template": theme.template,
        "height": LAYERS_PANEL * last,
        "shapes": shapes,
        "annotations": names,
        "bargap": 0,
        "barmode": "overlay",
        "hovermode": "closest",
        "legend": BELOW | {"traceorder": "normal"},
        "margin": {"t": 26},
        **{f"yaxis{row}": _y_axis(row, title, frame) for row, title in enumerate(LAYER_PANELS, start=1)},
        **{f"xaxis{row}": _x_axis(row, len(frame), last) for row in range(1, last + 1)},
    }
    return go.Figure(data, layout)


def _y_axis(row: int, title: str, frame: pd.DataFrame) -> dict[str, Any]:
    """The axis of one panel, from the top."""
    panel = (1 - SPACING * (len(LAYER_PANELS) - 1)) / len(LAYER_PANELS)
    top = 1 - (row - 1) * (panel + SPACING)
    found: dict[str, Any] = {
        "domain": (max(0, top - panel), top),
        "anchor": f"x{row}",
        "title": {"text": title.replace(" ", "<br>", 1)},
        "rangemode": "tozero",
    }
    if title == LAYER_PANELS[-1]:
        ticks = (0, 0.5, 1)
        return found | {"tickvals": ticks, "ticktext": [format_share(tick) for tick in ticks]}
    if row > 2:
        key = BAR_QUANTITIES[row - 3]
        scale = axis(frame[key], lambda value: format_quantity(key, value), "", most=3)
        return found | {"tickvals": scale["tickvals"], "ticktext": scale["ticktext"]}
    return found


def _x_axis(row: int, layers: int, last: int) -> dict[str, Any]:
    """The axis below one panel: that of the last has the ticks, and all are zoomed together."""
    found: dict[str, Any] = {"anchor": f"y{row}", "range": (0.5, layers + 0.5), "showgrid": False}
    if row < last:
        return found | {"matches": f"x{last}", "showticklabels": False}
    return found | {"title": {"text": "Layers in execution order"}}


def _on(row: int) -> dict[str, str]:
    """Where a trace of a panel is drawn."""
    return {"xaxis": f"x{row}", "yaxis": f"y{row}"}


def _line(row: int, frame: pd.DataFrame, column: str, theme: Theme) -> dict[str, Any]:
    """A trace as a plain dictionary, which Plotly takes in several times faster than its own objects."""
    return {
        "type": "scatter",
        "x": frame["number"].tolist(),
        "y": frame[column].tolist(),
        "mode": "lines",
        "line": {"shape": "hvh", "color": theme.text, "width": 1.5},
        "hovertext": [
            f"<b>{name}</b><br>{stage}<br>{channels} channels, height {height} px"
            for name, stage, channels, height in _columns(frame, "name", "stage", "out_channels", "resolution")
        ],
        "hoverinfo": "text",
        "showlegend": False,
        **_on(row),
    }


def _bars(row: int, frame: pd.DataFrame, key: str, theme: Theme) -> Iterator[dict[str, Any]]:
    """Bars of one quantity, a trace for each kind of operation."""
    label = QUANTITIES[key].label
    layers = [layer for layer in _columns(frame, "kind", "number", key, "name", "stage") if layer[2] > 0]
    for kind in KINDS:
        own = [layer for layer in layers if layer[0] == kind]
        if not own:
            continue
        yield {
            "type": "bar",
            "x": [number for _, number, *_ in own],
            "y": [value for _, _, value, *_ in own],
            "name": kind,
            "legendgroup": kind,
            "showlegend": key == "bytes_moved",  # the one quantity that every kind has
            "marker": {"color": theme.kinds[kind], "line": {"width": 0}},
            "width": 1,
            "hovertext": [
                f"<b>{name}</b><br>{stage}<br>{label}: {format_quantity(key, value)}" for *_, value, name, stage in own
            ],
            "hoverinfo": "text",
            **_on(row),
        }


def _columns(frame: pd.DataFrame, *keys: str) -> list[tuple[Any, ...]]:
    """The layers as tuples of plain values."""
    return list(zip(*(frame[key].tolist() for key in keys), strict=True))


def _shares(row: int, frame: pd.DataFrame, theme: Theme) -> Iterator[dict[str, Any]]:
    """How much of the whole comes up to each layer."""
    for key, dash in CUMULATIVE.items():
        label, shares = QUANTITIES[key].label, (frame[key].cumsum() / frame[key].sum()).tolist()
        yield {
            "type": "scatter",
            "x": frame["number"].tolist(),
            "y": shares,
            "name": f"{label}, cumulative",
            "mode": "lines",
            "line": {"color": theme.text, "width": 1.5, "dash": dash},
            "hovertext": [
                f"{format_share(share)} of {label}<br>up to {name}"
                for name, share in zip(frame["name"].tolist(), shares, strict=True)
            ],
            "hoverinfo": "text",
            **_on(row),
        }


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
    frame: pd.DataFrame, landmarks: Landmarks, theme: Theme, width: int, peers: Sequence[pd.DataFrame] = ()
) -> go.Figure:
    """One mark a convolution in each panel.

    Args:
        frame: `analysis.structure.along_depth.channel_rows`, numbered from 1, with the column `resolution`.
        landmarks: of the network's config.
        width: pixels that the panels span at the least.
        peers: frames that stand beside it: axes hold them too, so that the eye can compare.
    """
    figure = make_subplots(len(CHANNEL_PANELS), 1, shared_xaxes=True, vertical_spacing=0.03)
    for row, (column, (title, log)) in enumerate(CHANNEL_PANELS.items(), start=1):
        for kind, marks in frame.groupby("kind", sort=True):
            name = ": ".join(filter(None, (str(kind), landmarks.kinds.get(str(kind)))))
            _draw_marks(figure, row, marks, column, name, theme, size=7 if len(frame) < 100 else 4.5)
        values = [value for one in (frame, *peers) for value in one[column]]
        scale: dict[str, Any] = axis(
            [*values, 1.0] if column in OPTIMA else values, _writer(column), title, log=log, most=4
        )
        scale["title"] |= {"standoff": 12}
        if column == "penalty":
            scale["range"] = (min(0.95, *values), scale["range"][1])
        figure.update_yaxes(**scale, row=row)
        if column in OPTIMA:
            figure.add_hline(y=1, line={"color": theme.text, "width": 1, "dash": "dot"}, row=row, col=1)
    if landmarks.transition:
        _name_transitions(figure, frame, landmarks.transition, theme, width)
    draw_bands(figure, list(bands(frame)), theme, width)
    figure.update_xaxes(range=(0.5, len(frame) + 0.5), showgrid=False)
    figure.update_xaxes(title={"text": "Convolutions in execution order"}, row=len(CHANNEL_PANELS))
    return figure.update_layout(
        template=theme.template,
        height=CHANNELS_PANEL * len(CHANNEL_PANELS),
        hovermode="closest",
        legend=BELOW,
        margin={"t": 26},
    )


def _writer(column: str) -> Callable[[float], str]:
    if column in OPTIMA:
        return format_ratio
    return lambda value: f"{value:,.0f}"


def _draw_marks(
    figure: go.Figure, row: int, marks: pd.DataFrame, column: str, name: str, theme: Theme, *, size: float
) -> None:
    kind = marks["kind"].iloc[0]
    figure.add_scatter(
        x=marks["number"],
        y=marks[column],
        name=name,
        legendgroup=kind,
        showlegend=row == 1,
        mode="markers",
        marker={"color": theme.kinds[kind], "symbol": SYMBOLS[kind], "size": size},
        customdata=[_channel_hover(mark) for mark in marks.to_dict("records")],
        hovertemplate="%{customdata}<extra></extra>",
        row=row,
        col=1,
    )


def _name_transitions(figure: go.Figure, frame: pd.DataFrame, text: str, theme: Theme, width: int) -> None:
    """What each transition keeps, to the right of its mark, where the next block begins low enough to leave room."""
    _, highest = figure.layout.yaxis.range
    for (stage, number, _), block in pairwise(bands(frame)):
        read, made = (frame[column].iloc[number - 1] for column in ("in_channels", "out_channels"))
        room = width * (block.last - number) / len(frame) / 2
        if stage.startswith("transition") and LETTER * len(text) < room and read - made > ROOM * highest:
            figure.add_annotation(
                text=text,
                x=number,
                y=read,
                xanchor="left",
                xshift=5,
                showarrow=False,
                font={"size": 12, "color": theme.text},
                row=1,
                col=1,
            )


def _channel_hover(mark: dict[str, Any]) -> str:
    surplus = mark["penalty"] - 1
    return (
        f"<b>{mark['name']}</b><br>{mark['stage']}, {format_size(mark['kernel'])} at {format_size(mark['output_size'])}"
        f"<br>{mark['in_channels']:,} in, {mark['out_channels']:,} out: {format_ratio(mark['ratio'])}"
        f"<br>touches {format_exact('memory_access_cost', mark['memory_access_cost'])} elements,"
        f"<br>{format_share(surplus)} more than the least possible"
    )
