"""Memory along the depth: what is alive as each layer runs, how long tensors are held, what has been saved so far."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from analysis.units import format_si
from views.charts import evidence
from views.charts.axes import BELOW, Band, axis, band_marks, bands, draw_bands
from views.charts.panels import GHOST, domain, on, x_axis
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd


HEIGHT, PANEL_HEIGHT = 360, 270
#: Room above the highest point for the words beside it.
HEADROOM = 1.22
_LEGEND = BELOW | {"traceorder": "normal"}


def timeline(frame: pd.DataFrame, kinds: Sequence[str], theme: Theme, ghost: pd.DataFrame | None = None) -> go.Figure:
    """Live bytes as each layer runs, stacked by kind of tensor, the peak marked; `kinds` are the columns to stack.

    `ghost`: another network's, drawn over it as a line (`views.charts.panels.behind`).
    """
    marks, note = _peak(frame, theme)
    data = [*_stack(1, frame, kinds, theme, set()), _total(1, frame["live_bytes"], _live_hovers(frame)), marks]
    highest = frame["live_bytes"].max()
    if ghost is not None:
        data.append(_ghost_line(ghost, theme))
        highest = max(highest, ghost["live_bytes"].max())
    layout = _layout(frame, HEADROOM * highest, ["Live tensors"], theme)
    return go.Figure(data, layout | {"height": HEIGHT, "annotations": [*layout["annotations"], note]})


def saved(frames: Mapping[str, pd.DataFrame], kinds: Sequence[str], theme: Theme) -> go.Figure:
    """Bytes saved so far, stacked by kind, one panel a mode on the same scale; `kinds` are the columns."""
    data: list[dict[str, Any]] = []
    seen: set[str] = set()
    for row, frame in enumerate(frames.values(), start=1):
        data += [*_stack(row, frame, kinds, theme, seen), _total(row, frame["saved_bytes"], _saved_hovers(frame))]
    most = max(frame["saved_bytes"].max() for frame in frames.values())
    layout = _layout(next(iter(frames.values())), 1.05 * most, [f"Saved, {mode}" for mode in frames], theme)
    return go.Figure(data, layout | {"height": 70 + PANEL_HEIGHT * len(frames)})


def _stack(
    row: int, frame: pd.DataFrame, kinds: Sequence[str], theme: Theme, seen: set[str]
) -> Iterator[dict[str, Any]]:
    """One filled step line a kind that there is, on top of each other; those seen before have no legend again."""
    for rank, kind in enumerate(kinds):
        if kind not in frame:
            continue
        yield {
            "type": "scatter",
            "x": frame["number"].tolist(),
            "y": frame[kind].tolist(),
            "name": kind,
            "legendgroup": kind,
            "legendrank": rank,
            "showlegend": kind not in seen,
            "stackgroup": f"stack {row}",
            "mode": "lines",
            "line": {"shape": "hvh", "width": 0, "color": theme.memory_colour(kind)},
            "fillcolor": theme.memory_colour(kind),
            "hoverinfo": "skip",
            **on(row),
        }
        seen.add(kind)


def _total(row: int, values: pd.Series[int], hovers: list[str]) -> dict[str, Any]:
    """The upper edge, unseen, which tells on hover what is below it."""
    return {
        "type": "scatter",
        "x": list(range(1, len(values) + 1)),
        "y": values.tolist(),
        "mode": "lines",
        "line": {"shape": "hvh", "color": evidence.CLEAR},
        "hovertext": hovers,
        "hoverinfo": "text",
        "showlegend": False,
        **on(row),
    }


def _ghost_line(ghost: pd.DataFrame, theme: Theme) -> dict[str, Any]:
    return {
        "type": "scatter",
        "x": ghost["number"].tolist(),
        "y": ghost["live_bytes"].tolist(),
        "name": GHOST,
        "mode": "lines",
        "line": {"shape": "hvh", "color": theme.text, "width": 1, "dash": "dot"},
        "hoverinfo": "skip",
        **on(1),
    }


def _live_hovers(frame: pd.DataFrame) -> list[str]:
    columns = ("name", "stage", "live_bytes", "allocated_bytes", "tensors", "largest")
    return [
        f"<b>{name}</b><br>{stage}<br>{live:,} B alive, {allocated:,} B of them new<br>"
        f"{tensors} tensors{', the largest' if tensors > 1 else ''}:<br>{largest.replace(', ', '<br>')}"
        for name, stage, live, allocated, tensors, largest in zip(*(frame[key] for key in columns), strict=True)
    ]


def _saved_hovers(frame: pd.DataFrame) -> list[str]:
    columns = ("name", "stage", "saved_here", "saved_bytes")
    return [
        f"<b>{name}</b><br>{stage}<br>saves {here:,} B<br>{so_far:,} B saved so far"
        for name, stage, here, so_far in zip(*(frame[key] for key in columns), strict=True)
    ]


def _peak(frame: pd.DataFrame, theme: Theme) -> tuple[dict[str, Any], dict[str, Any]]:
    """A mark where most is alive, and the words beside it."""
    row = frame.loc[frame["live_bytes"].idxmax()]
    number, live = int(row["number"]), int(row["live_bytes"])
    side = "right" if number > len(frame) / 2 else "left"
    note = {
        "x": number,
        "y": live,
        "text": f"<b>peak {format_si(live, 'B')}</b><br>{'.'.join(row['name'].split('.')[-2:])}",
        "xanchor": side,
        "align": side,
        "ax": -14 if side == "right" else 14,
        "ay": -18,
        "yanchor": "middle",
        "arrowcolor": theme.muted,
        "arrowwidth": 1,
        "arrowhead": 0,
        "font": {"size": 12, "color": theme.text},
    }
    mark = {"type": "scatter", "x": [number], "y": [live], "mode": "markers", "hoverinfo": "skip", "showlegend": False}
    return mark | {"marker": {"size": 8, "color": theme.text}, **on(1)}, note


def _layout(frame: pd.DataFrame, top: float, titles: Sequence[str], theme: Theme) -> dict[str, Any]:
    """Axes of all panels on one scale, stage bands and legend."""
    shapes, names = band_marks(list(bands(frame)), theme)
    scale, rows = axis([top], lambda value: format_si(value, "B"), "") | {"range": (0, top)}, len(titles)
    return {
        "template": theme.template,
        "shapes": shapes,
        "annotations": names,
        "hovermode": "x",
        "hoverdistance": -1,
        "legend": _LEGEND,
        "margin": {"t": 26},
        **{
            f"yaxis{row}": scale | {"title": {"text": title}, "domain": domain(row, rows, 0.06), "anchor": f"x{row}"}
            for row, title in enumerate(titles, start=1)
        },
        **{f"xaxis{row}": x_axis(row, len(frame), rows) for row in range(1, rows + 1)},
    }


#: Pixels: of a bar with its name, of the whole at the least and at most.
LIFE, LEAST, MOST = 17, 220, 640
#: Names stand beside the bars up to so many.
MOST_NAMED = 36
#: Share of its row that a bar takes: the least, and that of the largest tensor.
THIN, THICK = 0.35, 0.95


def gantt(
    frame: pd.DataFrame,
    spans: Sequence[Band],
    kinds: Sequence[str],
    theme: Theme,
    *,
    width: int,
    length: int = 0,
    most: int = 0,
) -> go.Figure:
    """The bars, the first tensor at the top.

    Args:
        frame: `analysis.structure.along_depth.lives`, one row a bar.
        spans: the stages that the axis spans.
        kinds: in the order of the legend.
        width: pixels that it spans at the least.
        length, most: layers and bytes of the largest beside it, so that the eye can compare.
    """
    frame = frame.assign(row=range(len(frame)))
    low, high = spans[0].first - 0.5, spans[-1].last + 0.5
    most = max(most, frame["nbytes"].max())
    groups = [(kind, frame[frame["kind"] == kind]) for kind in kinds if (frame["kind"] == kind).any()]
    figure = go.Figure([_lives(lives, kind, (low, high), most, theme) for kind, lives in groups])
    named = len(frame) <= MOST_NAMED
    figure.update_yaxes(
        range=(len(frame) - 0.5, -0.5),
        showgrid=False,
        zeroline=False,
        tickvals=frame["row"] if named else [],
        ticktext=[short_name(name) for name in frame["name"]] if named else [],
        title={"text": "" if named else f"{len(frame)} tensors, in order of allocation"},
    )
    span = max(high - low, length)
    draw_bands(figure, list(spans), theme, width, (high - low) / span)
    figure.update_xaxes(
        range=(low, low + span),
        showgrid=False,
        zeroline=False,
        title={"text": "Layers in execution order"},
    )
    height = 110 + min(MOST, max(LEAST, LIFE * len(frame)))
    figure.update_layout(template=theme.template, height=height, barmode="overlay", bargap=0, hovermode="closest")
    return figure.update_layout(legend=_LEGEND, margin={"t": 26})


def _lives(lives: pd.DataFrame, kind: str, span: tuple[float, float], most: int, theme: Theme) -> dict[str, Any]:
    """The bars of one kind, as far as the axis spans; the more bytes, the thicker."""
    low, high = span
    start = lives["first"].clip(lower=low + 0.5) - 0.5
    return {
        "type": "bar",
        "orientation": "h",
        "y": lives["row"],
        "base": start,
        "x": lives["last"].clip(upper=high - 0.5) + 0.5 - start,
        "width": THIN + (THICK - THIN) * (lives["nbytes"] / most) ** 0.5,
        "name": kind,
        "marker": {"color": theme.memory_colour(kind), "line": {"width": 0}},
        "hovertext": [_life_hover(life) for life in lives.to_dict("records")],
        "hoverinfo": "text",
    }


def short_name(name: str) -> str:
    """The last parts of a name, from one that is no number."""
    parts = name.split(".")
    start = max(0, len(parts) - 2)
    while start and parts[start].isdecimal():
        start -= 1
    return ".".join(parts[start:])


def _life_hover(life: dict[str, object]) -> str:
    return (
        f"<b>{life['name']}</b><br>{life['stage']}, made by {life['kind']}<br>{life['nbytes']:,} B "
        f"({format_si(int(str(life['nbytes'])), 'B')})<br>held from layer {life['first']} to {life['last']}: "
        f"{life['held']} layers"
    )
