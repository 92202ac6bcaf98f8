"""How kinds of evidence look, in bars and as marks: measured solid, published hatched, predicted outlined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from analysis.speeds import EVIDENCE, Speed
from analysis.units import format_share, format_si, format_size
from views.theme import Theme, mix

LEGEND = {
    "measured": "measured: solid",
    "published": "published: hatched",
    "predicted": "predicted: outlined, bar = worst known error",
}
_MARK_LEGEND = LEGEND | {"published": "published: crossed"}
_SYMBOLS = {"measured": "circle", "published": "circle-x", "predicted": "circle"}
CLEAR = "rgba(0,0,0,0)"


def bar_styles(kind: str, colours: Sequence[str], theme: Theme) -> dict[str, Any]:
    """Plotly's `marker` of bars of one kind."""
    line = {"color": [theme.outline(colour) if kind == "measured" else colour for colour in colours], "width": 1.6}
    if kind == "measured":
        return {"color": list(colours), "line": line}
    if kind == "predicted":
        return {"color": CLEAR, "line": line}
    paper = [mix(colour, theme.paper, 0.8) for colour in colours]
    pattern = {"shape": "/", "fgcolor": list(colours), "bgcolor": paper, "size": 6, "solidity": 0.4}
    return {"color": list(colours), "pattern": pattern, "line": line}


def mark_style(evidence: str, colour: str, theme: Theme, size: int = 12) -> dict[str, Any]:
    """Plotly's `marker` of a point."""
    fills = {"measured": colour, "published": mix(colour, theme.paper, 0.7), "predicted": theme.paper}
    line = {"color": theme.outline(colour) if evidence == "measured" else colour, "width": 1.8}
    return {"symbol": _SYMBOLS[evidence], "color": fills[evidence], "size": size, "line": line}


def error_bar(speeds: Iterable[Speed], values: Iterable[float], theme: Theme) -> dict[str, Any]:
    """Plotly's `error_x` or `error_y` of figures that are proportional to images/s; none where no error is known."""
    pairs = [(speed.error or (None, None), value) for speed, value in zip(speeds, values, strict=True)]
    return {
        "type": "data",
        "symmetric": False,
        "arrayminus": [None if low is None else low * value for (low, _), value in pairs],
        "array": [None if high is None else high * value for (_, high), value in pairs],
        "color": theme.text,
        "thickness": 1.2,
        "width": 3,
    }


def legend_entries(kinds: Iterable[str], theme: Theme, *, bars: bool) -> list[dict[str, Any]]:
    """Traces without data that say in the legend how the kinds look."""
    present = set(kinds)
    shown = [kind for kind in EVIDENCE if kind in present]
    if bars:
        style = {"type": "bar", "x": [None], "y": [None], "hoverinfo": "skip"}
        return [style | {"name": LEGEND[kind], "marker": bar_styles(kind, [theme.muted], theme)} for kind in shown]
    style = {"type": "scatter", "x": [None], "y": [None], "mode": "markers", "hoverinfo": "skip"}
    return [style | {"name": _MARK_LEGEND[kind], "marker": mark_style(kind, theme.muted, theme)} for kind in shown]


def hover(speed: Speed) -> str:
    """All that there is to say of a figure."""
    peak = f" = {format_share(speed.share_of_peak)} of peak" if speed.share_of_peak else ""
    lines = [
        f"<b>{speed.name}</b> on {speed.device}, {speed.execution}: <b>{speed.evidence}</b>",
        f"{format_si(speed.flops_per_s, 'FLOP/s')}{peak}",
        f"{format_si(speed.images_per_s)} images/s, {format_si(speed.seconds_per_image, 's')} an image",
        f"batch {speed.batch_size}, {format_size(speed.image_size)}, {speed.precision}, {speed.layout}",
        *([speed.error_meaning] if speed.error_meaning else []),
        f"Source: {speed.source}",
        *([f"Doubt: {speed.note}"] if speed.note else []),
    ]
    return "<br>".join(piece for line in lines for piece in _wrapped(line))


def _wrapped(line: str, width: int = 90) -> Iterable[str]:
    """Plotly breaks no lines by itself."""
    words, piece = line.split(" "), ""
    for word in words:
        if piece and len(piece) + len(word) > width:
            yield piece
            piece = word
        else:
            piece = f"{piece} {word}".strip()
    yield piece
