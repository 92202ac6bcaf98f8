"""Panels below each other over the same axis, the layers in execution order, and what stands pale behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from views.theme import Theme, mix

if TYPE_CHECKING:
    import pandas as pd

#: What a ghost is called in legends, and how far its colour goes to the page's.
GHOST, PALE = "baseline", 0.7


def behind(base: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """The layers of `base` that `frame` has too, by name, at its places."""
    places = dict(zip(frame["name"], frame["number"], strict=True))
    kept = base[base["name"].isin(list(places))]
    return kept.assign(number=kept["name"].map(places))


def pale(theme: Theme) -> str:
    """The colour of a ghost."""
    return mix(theme.muted, theme.page, PALE)


def domain(row: int, rows: int, spacing: float) -> tuple[float, float]:
    """Where one of some panels stands, counted from the top."""
    panel = (1 - spacing * (rows - 1)) / rows
    top = 1 - (row - 1) * (panel + spacing)
    return max(0, top - panel), top


def x_axis(row: int, layers: int, last: int, title: str = "Layers in execution order") -> dict[str, Any]:
    """The axis below one panel: that of the last has the ticks, and all are zoomed together."""
    found: dict[str, Any] = {"anchor": f"y{row}", "range": (0.5, layers + 0.5), "showgrid": False}
    if row < last:
        return found | {"matches": f"x{last}", "showticklabels": False}
    return found | {"title": {"text": title}}


def on(row: int) -> dict[str, str]:
    """Where a trace of a panel is drawn."""
    return {"xaxis": f"x{row}", "yaxis": f"y{row}"}
