"""Where a network's cost goes, by operation, stage and layer; what changes in it; what a counter makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.quantities import QUANTITIES
from analysis.structure.table import COSTS
from analysis.units import (
    format_change,
    format_difference,
    format_exact,
    format_quantity,
    format_share,
    format_si,
    format_signed,
)
from views.theme import Theme, text_on

if TYPE_CHECKING:
    import pandas as pd


KIND_QUANTITIES = ("macs", "bytes_moved")
HEIGHT = 340
#: Levels of a treemap that are drawn at once: the network, its stages, their kinds of operation.
SHOWN_DEPTH = 3
#: Kinds of operation with a smaller share are too narrow for a text.
LEAST_SHARE = 0.035
#: Room for the figures behind the longest bar; of bytes, on a phone too.
SHARE_ROOM, BYTES_ROOM = 1.3, 1.75
#: How far a panel of changes goes beyond its longest bar, so that the figure at its end has room.
CHANGE_ROOM = 1.9


class Panel(NamedTuple):
    """Bars from one column, what is written at their ends, and the title of their axis."""

    values: Sequence[float]
    texts: Sequence[str]
    hovers: Sequence[str]
    colours: Sequence[str]
    title: dict[str, Any]
    span: tuple[float, float]


def panels_of_bars(names: Sequence[str], panels: Sequence[Panel], theme: Theme, height: int, gap: float) -> go.Figure:
    """Panels side by side over the same names, a bar a name."""
    figure = make_subplots(1, len(panels), shared_yaxes=True, horizontal_spacing=gap)
    for column, panel in enumerate(panels, start=1):
        figure.add_bar(
            orientation="h",
            x=panel.values,
            y=names,
            text=panel.texts,
            textposition="outside",
            cliponaxis=False,
            marker={"color": panel.colours},
            hovertext=panel.hovers,
            hoverinfo="text",
            row=1,
            col=column,
        )
        axis = {"title": panel.title, "range": panel.span, "showticklabels": False, "showgrid": False}
        figure.update_xaxes(**axis, row=1, col=column)
    figure.update_yaxes(categoryorder="array", categoryarray=list(names)[::-1], showgrid=False, ticksuffix="  ")
    return figure.update_layout(template=theme.template, height=height, showlegend=False, bargap=0.3)


def kind_bars(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """The share of each kind of operation in MACs and in memory traffic, side by side; `frame` as `Summary.by_kind`."""
    kinds, panels = list(frame["kind"]), []
    for key, word in zip(KIND_QUANTITIES, ("MACs", "traffic"), strict=True):
        values, total = list(frame[key]), int(frame[key].sum())
        shares = [value / total for value in values]
        hovers = [
            f"<b>{kind}</b>, {layers} layers<br>{QUANTITIES[key].label}: {format_exact(key, value)}"
            for kind, layers, value in zip(kinds, frame["layers"], values, strict=True)
        ]
        title = {"text": f"of {format_quantity(key, total)} {word}", "standoff": 6}
        colours = [theme.kinds[kind] for kind in kinds]
        texts, span = [format_share(share) for share in shares], (0, SHARE_ROOM * max(shares))
        panels.append(Panel(shares, texts, hovers, colours, title, span))
    return panels_of_bars(kinds, panels, theme, HEIGHT, 0.06)


def saved_kinds(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """Bytes of each kind of saved memory, one column of bars a mode on the same scale (of `kinds`)."""
    kinds, modes = list(frame["kind"]), [column for column in frame if column != "kind"]
    most = frame[modes].max().max()
    panels = []
    for mode in modes:
        values = list(frame[mode])
        hovers = [f"<b>{kind}</b>, {mode}<br>{value:,} B" for kind, value in zip(kinds, values, strict=True)]
        title = {"text": f"{mode}: {format_si(int(sum(values)), 'B')}", "standoff": 6}
        texts, colours = [format_si(int(value), "B") for value in values], [theme.memory_colour(kind) for kind in kinds]
        panels.append(Panel(values, texts, hovers, colours, title, (0, BYTES_ROOM * most)))
    return panels_of_bars(kinds, panels, theme, 50 + 30 * len(frame), 0.06)


def stage_changes(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """One panel a cost, one bar a stage: to the right what comes on top, to the left what falls away."""
    panels = []
    for key in COSTS:
        values = list(frame[key])
        hovers = [_change_hover(key, row) for row in frame.to_dict("records")]
        title = {"text": f"{QUANTITIES[key].label}<br>{format_signed(key, int(sum(values)))}"}
        texts, colours = [format_signed(key, value) for value in values], [theme.muted] * len(values)
        panels.append(Panel(values, texts, hovers, colours, title, _range(values)))
    figure = panels_of_bars(list(frame["stage"]), panels, theme, 70 + 28 * len(frame), 0.03)
    figure.update_xaxes(zeroline=True, zerolinecolor=theme.muted, side="top")
    return figure.update_layout(bargap=0.35)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Room for a figure at either end that has bars."""
    low, high = min(0, *values), max(0, *values)
    longest = max(-low, high) or 1
    room = (CHANGE_ROOM - 1) * longest
    return low - room * (low < 0) - 0.1 * longest, high + room * (high > 0 or not low)


def _change_hover(key: str, row: dict[str, object]) -> str:
    value, share = row[key], row[f"{key}_share"]
    assert isinstance(value, int)
    exact = f"{'−' if value < 0 else '+'}{format_exact(key, abs(value))}"
    known = isinstance(share, float) and share == share
    return f"<b>{row['stage']}</b><br>{QUANTITIES[key].label}: {exact}{f' ({format_change(share)})' if known else ''}"


def treemap(frame: pd.DataFrame, key: str, name: str, theme: Theme) -> go.Figure:
    """Areas for stage, kind of operation and layer of a network: of `Summary.to_frame()`, in the quantity `key`."""
    nodes = _nodes(frame[frame[key] > 0], key, name, theme)
    total = nodes[name]["value"]
    labels = [f"{node['label']} {format_share(node['value'] / total)}" for node in nodes.values()]
    texts = [_text(label, node, total) for label, node in zip(labels, nodes.values(), strict=True)]
    return go.Figure(
        {
            "type": "treemap",
            "ids": list(nodes),
            "labels": labels,
            "texttemplate": texts,
            "textfont": {"size": 12, "color": [text_on(node["colour"]) for node in nodes.values()]},
            "parents": [node["parent"] for node in nodes.values()],
            "values": [node["value"] for node in nodes.values()],
            "customdata": [format_exact(key, node["value"]) for node in nodes.values()],
            "branchvalues": "total",
            "maxdepth": SHOWN_DEPTH,
            "hovertemplate": f"<b>%{{id}}</b><br>{QUANTITIES[key].label}: %{{customdata}}<br>%{{label}}<extra></extra>",
            "marker": {
                "colors": [node["colour"] for node in nodes.values()],
                "line": {"width": 0.5, "color": theme.paper},
                "pad": {"t": 20, "l": 2, "r": 2, "b": 2},
            },
            "pathbar": {"visible": True, "thickness": 20},
        },
        {"template": theme.template, "height": HEIGHT},
    )


def _text(label: str, node: Mapping[str, Any], total: int) -> str:
    """What stands in a rectangle: the name of a stage, or a kind or layer word by word where there is room."""
    if node["is_stage"]:
        return label
    return label.replace("convolution", "conv").replace(" ", "<br>") if node["value"] >= LEAST_SHARE * total else ""


def _nodes(frame: pd.DataFrame, key: str, name: str, theme: Theme) -> dict[str, dict[str, Any]]:
    """Every rectangle by its id; the ids of layers are their names."""
    nodes: dict[str, dict[str, Any]] = {}

    def grow(node: str, label: str, parent: str, value: int, colour: str, *, is_stage: bool = False) -> None:
        entry = {"label": label, "parent": parent, "value": 0, "colour": colour, "is_stage": is_stage}
        nodes.setdefault(node, entry)["value"] += value

    for row in frame.to_dict("records"):
        stage, kind, value = row["stage"], row["kind"], row[key]
        branch = f"{stage} (stage)"  # the stages of a traced network may be called like its layers
        within = f"{stage}: {kind}"
        grow(name, name, "", value, theme.band, is_stage=True)
        grow(branch, stage, name, value, theme.grid, is_stage=True)
        grow(within, kind, branch, value, theme.kinds[kind])
        grow(row["name"], ".".join(row["name"].split(".")[-2:]), within, value, theme.kinds[kind])
    return nodes


BAR_HEIGHT, FRAME_HEIGHT = 27, 38
#: Room for the figures right and left of the bars, as a share of the distance that the bars cover.
WIDE_ROOM, NARROW_ROOM = 0.6, 0.35
#: Pixels that the longest name of a step takes.
LABELS_WIDTH = 140
#: What the name of a step ends with that counts an operation a second time.
AGAIN = " again"
#: The kind of operation that a step belongs to, by the parts of its name; the first that fits.
_KINDS = {
    "normalisation": ("norm",),
    "pooling": ("pooling",),
    "convolution k×k": ("convolution",),
    "linear": ("linear",),
    "matrix product": ("matmul", "attention"),
    "activation": ("lu", "swish", "sigmoid", "softmax"),  # ReLU, GELU, SiLU …
}


def waterfall(steps: pd.DataFrame, counter: str, theme: Theme) -> go.Figure:
    """Bars that start where the one above ends, at their distance from our figure: one counter's `steps`."""
    (_, ours), *changes, (_, reported) = in_order(steps)
    unit, distance = steps["unit"].iloc[0], reported - ours
    ends = [0, *accumulate(value for _, value in changes)]
    labels = ["DenseScope", *(step for step, _ in changes), counter]
    values = [ours, *(value for _, value in changes), reported]
    figure = go.Figure(
        go.Bar(
            orientation="h",
            y=labels,
            base=[0, *ends[:-1], 0],
            x=[0, *values[1:-1], distance],
            text=[f"{format_si(ours)} {unit}", *map(format_difference, values[1:-1]), f"{format_si(reported)} {unit}"],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [theme.muted, *(theme.kinds[step_kind(step)] for step, _ in changes), theme.muted]},
            hovertext=[f"<b>{label}</b><br>{value:,} {unit}" for label, value in zip(labels, values, strict=True)],
            hoverinfo="text",
        ),
        {"template": theme.template, "height": FRAME_HEIGHT + BAR_HEIGHT * len(steps), "showlegend": False},
    )
    _join_bars(figure, ends, theme)
    change = f"{format_difference(distance)}, {format_change(distance / ours)}" if distance else "no difference"
    return _frame(figure, ends, f"beyond our {format_si(ours)} {unit}: {change}", theme)


def in_order(steps: pd.DataFrame) -> list[tuple[str, int]]:
    """Ours, the steps by weight (what is counted again right after what it repeats), and what is reported."""
    first, *changes, last = zip(steps["step"], steps["value"], strict=True)
    weights: dict[str, int] = {}
    for step, value in changes:
        origin = step.removesuffix(AGAIN)
        weights[origin] = weights.get(origin, 0) + abs(value)
    changes.sort(key=lambda change: (-weights[change[0].removesuffix(AGAIN)], change[0]))
    return [first, *changes, last]


def _join_bars(figure: go.Figure, ends: list[int], theme: Theme) -> None:
    """Lines from the end of each bar to the next."""
    for row, end in enumerate(ends[1:], start=1):
        figure.add_shape(type="line", x0=end, x1=end, y0=row, y1=row + 1, line={"color": theme.muted, "width": 1})


def _frame(figure: go.Figure, ends: list[int], title: str, theme: Theme) -> go.Figure:
    """Axes without ticks, since the figures stand beside the bars; the same margin for all counters."""
    low, high = min(ends), max(ends)
    room = (high - low) or 1
    figure.update_xaxes(
        range=(low - (NARROW_ROOM * room if low < 0 else 0), high + WIDE_ROOM * room),
        title={"text": title, "standoff": 4},
        showgrid=False,
        showticklabels=False,
        zerolinecolor=theme.muted,
    )
    figure.update_yaxes(autorange="reversed", showgrid=False, ticksuffix="  ", type="category", automargin=False)
    return figure.update_layout(bargap=0.35, margin={"l": LABELS_WIDTH, "b": 30})


def step_kind(step: str) -> str:
    """The kind of operation whose colour a step has.

    >>> step_kind("ReLU again"), step_kind("missed linear"), step_kind("bias")
    ('activation', 'linear', 'arithmetic')
    """
    return next((kind for kind, parts in _KINDS.items() if any(part in step.lower() for part in parts)), "arithmetic")
