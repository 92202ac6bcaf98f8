"""A network along its depth: small multiples over the same axis, the stages as bands behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.ops import KINDS
from analysis.quantities import QUANTITIES
from analysis.units import format_quantity, format_share
from views.charts.axes import BELOW, axis, band_marks, bands
from views.charts.panels import GHOST, domain, on, pale, x_axis
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


def profile(
    frame: pd.DataFrame,
    theme: Theme,
    ghost: pd.DataFrame | None = None,
    panel: int = LAYERS_PANEL,
    lit: int | None = None,
) -> go.Figure:
    """All panels.

    Args:
        frame: as `views.sections.layer_tables.layer_frame`.
        ghost: what stands pale behind it (`behind`).
        panel: pixels of each.
        lit: the number of a layer to be marked.
    """
    last = len(LAYER_PANELS)
    ghosts = [] if ghost is None else [*_ghosts(ghost, theme)]
    data = [
        *ghosts,
        _line(1, frame, "out_channels", theme),
        _line(2, frame, "resolution", theme),
        *(bars for row, key in enumerate(BAR_QUANTITIES, start=3) for bars in _bars(row, frame, key, theme)),
        *_shares(last, frame, theme),
    ]
    shapes, names = band_marks(list(bands(frame)), theme)
    frames = [frame] if ghost is None else [frame, ghost]
    if lit:
        edges = {"x0": lit - 0.5, "x1": lit + 0.5, "y0": 0, "y1": 1, "yref": "paper"}
        shapes.append(
            {"type": "rect", **edges, "fillcolor": theme.text, "opacity": 0.25, "line": {"color": theme.text}}
        )
    layout = {
        "template": theme.template,
        "height": panel * last,
        "shapes": shapes,
        "annotations": names,
        "bargap": 0,
        "barmode": "overlay",
        "hovermode": "closest" if ghosts else "x",  # of x, a bar is hit wherever its column is
        "legend": BELOW | {"traceorder": "normal"},
        "margin": {"t": 26},
        **{f"yaxis{row}": _y_axis(row, title, frames) for row, title in enumerate(LAYER_PANELS, start=1)},
        **{f"xaxis{row}": x_axis(row, len(frame), last) for row in range(1, last + 1)},
    }
    return go.Figure(data, layout)


def _ghosts(ghost: pd.DataFrame, theme: Theme) -> Iterator[dict[str, Any]]:
    """The baseline in each panel that it is compared in."""
    for row, key in enumerate(("out_channels", "resolution"), start=1):
        yield _line(row, ghost, key, theme) | {
            "line": {"shape": "hvh", "color": theme.muted, "width": 1, "dash": "dot"}
        }
    for row, key in enumerate(BAR_QUANTITIES, start=3):
        layers = [layer for layer in _columns(ghost, "number", key, "name") if layer[1] > 0]
        yield {
            "type": "bar",
            "x": [number for number, *_ in layers],
            "y": [value for _, value, _ in layers],
            "name": GHOST,
            "legendgroup": GHOST,
            "showlegend": row == 3,
            "marker": {"color": pale(theme), "line": {"width": 0}},
            "width": 1,
            "hovertext": [f"<b>{name}</b>, {GHOST}<br>{format_quantity(key, value)}" for _, value, name in layers],
            "hoverinfo": "text",
            **on(row),
        }


def _y_axis(row: int, title: str, frames: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """The axis of one panel, from the top."""
    found: dict[str, Any] = {
        "domain": domain(row, len(LAYER_PANELS), SPACING),
        "anchor": f"x{row}",
        "title": {"text": title.replace(" ", "<br>", 1)},
        "rangemode": "tozero",
    }
    if title == LAYER_PANELS[-1]:
        ticks = (0, 0.5, 1)
        return found | {"tickvals": ticks, "ticktext": [format_share(tick) for tick in ticks]}
    if row > 2:
        key = BAR_QUANTITIES[row - 3]
        values = [value for frame in frames for value in frame[key]]
        scale = axis(values, lambda value: format_quantity(key, value), "", most=3)
        return found | {"tickvals": scale["tickvals"], "ticktext": scale["ticktext"]}
    return found


def _line(row: int, frame: pd.DataFrame, column: str, theme: Theme) -> dict[str, Any]:
    """A trace as a plain dictionary, which Plotly takes in several times faster than its own objects."""
    return {
        "type": "scatter",
        "x": frame["number"].tolist(),
        "y": frame[column].tolist(),
        "mode": "lines",
        "line": {"shape": "hvh", "color": theme.text, "width": 1.5},
        "hovertext": [
            f"<b>{name}</b><br>{stage}<br>{channels:,} channels, height {height:,} px"
            for name, stage, channels, height in _columns(frame, "name", "stage", "out_channels", "resolution")
        ],
        "hoverinfo": "text",
        "showlegend": False,
        **on(row),
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
            "unselected": {"marker": {"opacity": 1}},
            "width": 1,
            "hovertext": [
                f"<b>{name}</b><br>{stage}<br>{label}: {format_quantity(key, value)}" for *_, value, name, stage in own
            ],
            "hoverinfo": "text",
            **on(row),
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
            **on(row),
        }
