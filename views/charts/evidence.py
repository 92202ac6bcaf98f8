"""How kinds of evidence look, in bars and as marks: measured solid, trained here solid with holes, published hatched,
predicted outlined.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from analysis.choice import Candidate
from analysis.hardware.speeds import EVIDENCE, Speed
from analysis.units import format_share, format_si, format_size
from views.charts.labels import MARK, Line
from views.theme import Mark, Theme, mix

LEGEND = {
    "measured": "measured: solid",
    "trained": "trained here: perforated",
    "published": "published: hatched",
    "predicted": "predicted: outlined",
}
_BAR_OF_PREDICTIONS = ", bar = nine in ten"
UNCHECKED = "bar without ends: by rule, not checked"
_MARK_LEGEND = LEGEND | {"trained": "trained here: with a hole", "published": "published: dotted"}
#: Pixels of a line around a mark; of the hole in one, which its own line makes, so that it needs more room.
_LINE, HOLE = 1.8, 3.0
CLEAR = "rgba(0,0,0,0)"


def bar_styles(kind: str, colours: Sequence[str], theme: Theme) -> dict[str, Any]:
    """Plotly's `marker` of bars of one kind."""
    own = kind in ("measured", "trained")
    line = {"color": [theme.outline(colour) if own else colour for colour in colours], "width": 1.6}
    if kind == "measured":
        return {"color": list(colours), "line": line}
    if kind == "predicted":
        return {"color": CLEAR, "line": line}
    if kind == "trained":
        holes = {"shape": ".", "fillmode": "overlay", "fgopacity": 1, "size": 7, "solidity": 0.2}
        return {"color": list(colours), "pattern": holes, "line": line}
    paper = [mix(colour, theme.paper, 0.8) for colour in colours]
    pattern = {"shape": "/", "fgcolor": list(colours), "bgcolor": paper, "size": 6, "solidity": 0.4}
    return {"color": list(colours), "pattern": pattern, "line": line}


def mark_style(evidence: str, colour: str, theme: Theme, symbol: str = "circle") -> dict[str, Any]:
    """Plotly's `marker` of a point. What is published is pale and dotted, as its bars are pale and hatched."""
    if evidence == "trained":
        line = {"color": theme.paper, "width": HOLE}
        return {"symbol": f"{symbol}-dot", "color": theme.outline(colour), "size": MARK + HOLE, "line": line}
    fills = {"measured": colour, "published": mix(colour, theme.paper, 0.7), "predicted": theme.paper}
    line = {"color": theme.outline(colour) if evidence == "measured" else colour, "width": _LINE}
    dotted = f"{symbol}-dot" if evidence == "published" else symbol
    return {"symbol": dotted, "color": fills[evidence], "size": MARK, "line": line}


def rate_mark(speed: Speed, x: float, colour: str, theme: Theme, more: str = "") -> dict[str, Any]:
    """A network's FLOP/s over something, as a trace; `more` is what its hover says beside."""
    style = mark_style(speed.evidence, colour, theme)
    bar = error_bar([speed.error], [speed.flops_per_s], theme, checked=speed.is_checked)
    return mark(x, speed.flops_per_s, style, hover(speed) + more) | {"error_y": bar}


def time_mark(speed: Speed, look: Mark, theme: Theme) -> dict[str, Any]:
    """A network's time over its FLOPs, as a trace."""
    style = mark_style(speed.evidence, look.colour, theme, look.symbol)
    bar = error_bar([speed.error_of_time], [speed.seconds_per_image], theme, checked=speed.is_checked)
    return mark(speed.flops, speed.seconds_per_image, style, hover(speed)) | {"error_y": bar}


def rate_bar(speed: Speed, x: float) -> list[Line]:
    """The error bar of `rate_mark` as a line, if there is one."""
    return _vertical(x, speed.flops_per_s, speed.error)


def time_bar(speed: Speed) -> list[Line]:
    """The error bar of `time_mark` as a line, if there is one."""
    return _vertical(speed.flops, speed.seconds_per_image, speed.error_of_time)


def _vertical(x: float, y: float, error: tuple[float, float] | None) -> list[Line]:
    return [((x, y * (1 - error[0])), (x, y * (1 + error[1])))] if error else []


def mark(x: float, y: float, style: Mapping[str, Any], hover: str) -> dict[str, Any]:
    """One point as a trace."""
    return {
        "type": "scatter",
        "x": [x],
        "y": [y],
        "mode": "markers",
        "cliponaxis": False,
        "marker": style,
        "hovertext": hover,
        "hoverinfo": "text",
        "showlegend": False,
    }


#: In the place of an error that is not known: for what is no number Plotly draws no bar, for null one of no length.
NO_ERROR = "not known"


def error_bar(
    errors: Iterable[tuple[float, float] | None], values: Iterable[float], theme: Theme, *, checked: bool = True
) -> dict[str, Any]:
    """Plotly's `error_x` or `error_y`: errors are shares of the values; none where one is not known.

    An interval that published figures check is closed at both ends, one that a rule widens is open.
    """
    ends = [
        (error[0] * value, error[1] * value) if error else (NO_ERROR, NO_ERROR)
        for error, value in zip(errors, values, strict=True)
    ]
    return {
        "type": "data",
        "visible": any(low != NO_ERROR for low, _ in ends),
        "symmetric": False,
        "arrayminus": [low for low, _ in ends],
        "array": [high for _, high in ends],
        "color": theme.text if checked else theme.muted,
        "thickness": 1.2,
        "width": 3 if checked else 0,
    }


def legend_entries(kinds: Iterable[str], theme: Theme, *, bars: bool, with_errors: bool = True) -> list[dict[str, Any]]:
    """Traces without data that say in the legend how the kinds look, as bars or as marks."""
    present = set(kinds)
    shown = [kind for kind in EVIDENCE if kind in present]
    words = LEGEND if bars else _MARK_LEGEND
    names = {kind: words[kind] + (_BAR_OF_PREDICTIONS if kind == "predicted" and with_errors else "") for kind in shown}
    style = {"type": "scatter", "x": [None], "y": [None], "mode": "markers", "hoverinfo": "skip"}
    if bars:
        style = {"type": "bar", "x": [None], "y": [None], "hoverinfo": "skip"}
        return [style | {"name": names[kind], "marker": bar_styles(kind, [theme.muted], theme)} for kind in shown]
    return [style | {"name": names[kind], "marker": mark_style(kind, theme.muted, theme)} for kind in shown]


def unchecked_entry(is_drawn: bool, theme: Theme) -> list[dict[str, Any]]:
    """A trace without data that says in the legend what a bar without ends is, where one is drawn."""
    if not is_drawn:
        return []
    style = {"type": "scatter", "x": [None], "y": [None], "mode": "markers", "hoverinfo": "skip"}
    line = {"symbol": "line-ew", "size": 16, "line": {"color": theme.muted, "width": 1.2}}
    return [style | {"name": UNCHECKED, "marker": line}]


def hover(speed: Speed) -> str:
    """All that there is to say of a figure."""
    peak = f" = {format_share(speed.share_of_peak)} of peak" if speed.share_of_peak else ""
    lines = [
        f"<b>{speed.name}</b> on {speed.device}, {speed.execution}: <b>{speed.evidence}</b>",
        f"{format_si(speed.flops_per_s, 'FLOP/s')}{peak}",
        f"{format_si(speed.images_per_s)} images/s, {format_si(speed.seconds_per_image, 's')} an image",
        *_circumstances(speed),
    ]
    return wrap(lines)


def _circumstances(speed: Speed) -> list[str]:
    return [
        f"batch {speed.batch_size:,}, {format_size(speed.image_size)}, {speed.precision}, {speed.layout}",
        *([speed.error_meaning] if speed.error_meaning else []),
        f"Source: {speed.source}",
        *([f"Doubt: {speed.note}"] if speed.note else []),
    ]


def details(one: Candidate, keys: Collection[str]) -> list[str]:
    """What there is to say of those of its figures that are not counted."""
    lines = []
    if (accuracy := one.accuracy) and "top1" in keys:
        lines += [
            f"Recipe: {accuracy.recipe}; {accuracy.evaluation or 'evaluation not stated'}, {accuracy.image_size} px",
            f"Source: {accuracy.source}",
            *([f"Doubt: {accuracy.note}"] if accuracy.note else []),
        ]
    if one.trained and "accuracy_here" in keys:
        lines += [one.trained.sentence, f"Run: {one.trained.run}"]
    if one.speed and {"images_per_s", "seconds_per_image"}.intersection(keys):
        lines += [f"{one.speed.device}, {one.speed.execution}", *_circumstances(one.speed)]
    return lines


def wrap(lines: Iterable[str]) -> str:
    """Lines of a hover text, long ones broken."""
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
