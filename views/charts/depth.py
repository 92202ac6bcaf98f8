"""A network along its depth: small multiples over the same axis, the stages as bands behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from analysis.ops import KINDS
from analysis.quantities import QUANTITIES
from analysis.units import format_quantity, format_share
from views.charts.axes import BELOW, axis, band_marks, bands
from views.charts.panels import GHOST, domain, on, pale, x_axis
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


#: Panels from top to bottom: two lines, bars per layer, cumulative shares.
LINES = ("out_channels", "resolution")
BAR_QUANTITIES = ("macs", "memory_access_cost", "bytes_moved")
LAYER_PANELS = ("Output channels", "Resolution", *(QUANTITIES[key].label for key in BAR_QUANTITIES), "Cumulative share")
CUMULATIVE = {"params": "dot", "macs": "dash", "bytes_moved": "solid"}
LAYERS_PANEL = 118
#: Between panels, as a share of the whole height; above the highest value of one, as a share of that.
SPACING, HEADROOM = 0.035, 0.05
#: One mark a layer, which the pointer finds and a click selects; all but one are spared to be drawn, none is seen.
UNSEEN: dict[str, Any] = {
    "marker": {"opacity": 0, "size": 1, "maxdisplayed": 1},
    "selected": {"marker": {"opacity": 0}},
    "unselected": {"marker": {"opacity": 0}},
    "hoverinfo": "text",
    "showlegend": False,
}


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
    data = [
        *_lines(frame, theme, ghost),
        *(trace for row, key in enumerate(BAR_QUANTITIES, start=3) for trace in _bars(row, frame, key, theme, ghost)),
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
        "hovermode": "x",  # a layer is hit wherever its column is
        "legend": BELOW | {"traceorder": "normal"},
        "margin": {"t": 26},
        **{f"yaxis{row}": _y_axis(row, title, frames) for row, title in enumerate(LAYER_PANELS, start=1)},
        **{f"xaxis{row}": x_axis(row, len(frame), last) for row in range(1, last + 1)},
    }
    return go.Figure(data, layout)


def _y_axis(row: int, title: str, frames: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """The axis of one panel, from the top."""
    found: dict[str, Any] = {
        "domain": domain(row, len(LAYER_PANELS), SPACING),
        "anchor": f"x{row}",
        "title": {"text": title.replace(" ", "<br>", 1)},
    }
    if title == LAYER_PANELS[-1]:
        ticks = (0, 0.5, 1)
        return found | {
            "range": (0, 1 + HEADROOM),
            "tickvals": ticks,
            "ticktext": [format_share(tick) for tick in ticks],
        }
    key = (*LINES, *BAR_QUANTITIES)[row - 1]
    highest = max(frame[key].max() for frame in frames)
    found["range"] = (0, (1 + HEADROOM) * highest)
    if key in BAR_QUANTITIES:
        scale = axis([highest], lambda value: format_quantity(key, value), "", most=3)
        found |= {"tickvals": scale["tickvals"], "ticktext": scale["ticktext"]}
    return found


def _lines(frame: pd.DataFrame, theme: Theme, ghost: pd.DataFrame | None) -> Iterator[dict[str, Any]]:
    """Channels and resolution; Plotly takes dictionaries and arrays in several times faster than objects and lists."""
    texts = _texts(frame, _write_map, LINES, ghost)
    for row, key in enumerate(LINES, start=1):
        if ghost is not None:
            dotted = {"color": theme.muted, "width": 1, "dash": "dot"}
            yield _step_line(row, ghost, key, dotted) | {"hoverinfo": "skip", "showlegend": False}
        solid = _step_line(row, frame, key, {"color": theme.text, "width": 1.5})
        yield solid | UNSEEN | {"mode": "lines+markers", "hovertext": texts}


def _step_line(row: int, frame: pd.DataFrame, key: str, line: dict[str, Any]) -> dict[str, Any]:
    shaped = {"mode": "lines", "line": {"shape": "hvh"} | line}
    return {"type": "scatter", "x": frame["number"].to_numpy(), "y": frame[key].to_numpy(), **shaped, **on(row)}


def _write_map(channels: int, height: float) -> str:
    """What a layer puts out, which has no height where it is tokens."""
    return f"{channels:,} channels" + (f", height {height:,.0f} px" if height == height else "")


def _bars(
    row: int, frame: pd.DataFrame, key: str, theme: Theme, ghost: pd.DataFrame | None
) -> Iterator[dict[str, Any]]:
    """Bars of one quantity: an outline of them all for each kind of operation, several times faster than bars."""
    if ghost is not None:
        outline = _outline(row, ghost["number"].to_numpy(), ghost[key].to_numpy(), GHOST, pale(theme))
        yield outline | {"showlegend": row == 3}
    numbers, values, kinds = (frame[column].to_numpy() for column in ("number", key, "kind"))
    for kind in KINDS:
        own = (kinds == kind) & (values > 0)
        if own.any():  # every kind has the last quantity
            outline = _outline(row, numbers[own], values[own], kind, theme.kinds[kind])
            yield outline | {"showlegend": key == BAR_QUANTITIES[-1]}
    texts = _texts(frame, lambda value: f"{QUANTITIES[key].label}: {format_quantity(key, value)}", (key,), ghost)
    yield {"type": "scatter", "x": numbers, "y": values, **UNSEEN, "mode": "markers", "hovertext": texts, **on(row)}


def _outline(row: int, numbers: NDArray[Any], values: NDArray[Any], name: str, colour: str) -> dict[str, Any]:
    """Bars that are as wide as a layer, from the lower left corner of the first to the lower right one of the last."""
    return {
        "type": "scatter",
        "x": (numbers[:, None] + [-0.5, -0.5, 0.5, 0.5]).ravel(),
        "y": (values[:, None] * [0, 1, 1, 0]).ravel(),
        "mode": "none",
        "line": {"simplify": False},
        "fill": "tozeroy",
        "fillcolor": colour,
        "name": name,
        "legendgroup": name,
        "hoverinfo": "skip",
        **on(row),
    }


def _texts(
    frame: pd.DataFrame, write: Callable[..., str], keys: Sequence[str], ghost: pd.DataFrame | None
) -> NDArray[np.str_]:
    """What is said of each layer, and of its ghost."""
    before = {} if ghost is None else {number: write(*values) for number, *values in _rows(ghost, "number", *keys)}
    texts = (
        f"<b>{name}</b><br>{stage}<br>{write(*values)}" + (f"<br>{GHOST}: {before[number]}" if number in before else "")
        for number, name, stage, *values in _rows(frame, "number", "name", "stage", *keys)
    )
    return np.array([*texts])


def _rows(frame: pd.DataFrame, *keys: str) -> Iterator[tuple[Any, ...]]:
    """The layers as tuples of plain values."""
    return zip(*(frame[key].tolist() for key in keys), strict=True)


def _shares(row: int, frame: pd.DataFrame, theme: Theme) -> Iterator[dict[str, Any]]:
    """How much of the whole comes up to each layer."""
    for key, dash in CUMULATIVE.items():
        label, shares = QUANTITIES[key].label, frame[key].cumsum() / frame[key].sum()
        yield {
            "type": "scatter",
            "x": frame["number"].to_numpy(),
            "y": shares.to_numpy(),
            "name": f"{label}, cumulative",
            "mode": "lines",
            "line": {"color": theme.text, "width": 1.5, "dash": dash},
            "hovertext": np.array(
                [
                    f"{format_share(share)} of {label}<br>up to {name}"
                    for name, share in zip(frame["name"].tolist(), shares.tolist(), strict=True)
                ]
            ),
            "hoverinfo": "text",
            **on(row),
        }
