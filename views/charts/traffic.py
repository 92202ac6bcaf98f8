"""Where a network's cost goes, by operation, stage and layer; and from our figure to a counter's."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.quantities import QUANTITIES
from analysis.units import format_change, format_difference, format_exact, format_quantity, format_share, format_si
from views.theme import Theme

if TYPE_CHECKING:
    import pandas as pd


KIND_QUANTITIES = ("macs", "bytes_moved")
HEIGHT = 380


def kind_bars(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """The share of each kind of operation in MACs and in memory traffic, side by side.

    Args:
        frame: `Summary.by_kind()`.
        theme: what it is drawn with.
    """
    figure = make_subplots(1, 2, shared_yaxes=True, horizontal_spacing=0.06)
    for column, key in enumerate(KIND_QUANTITIES, start=1):
        shares = frame[key] / frame[key].sum()
        figure.add_bar(
            orientation="h",
            x=shares,
            y=frame["kind"],
            text=[format_share(share) for share in shares],
            textposition="outside",
            cliponaxis=False,
            marker={"color": [theme.kinds[kind] for kind in frame["kind"]]},
            hovertext=[
                f"<b>{kind}</b>, {layers} layers<br>{QUANTITIES[key].label}: {format_exact(key, value)}"
                for kind, layers, value in zip(frame["kind"], frame["layers"], frame[key], strict=True)
            ],
            hoverinfo="text",
            row=1,
            col=column,
        )
        figure.update_xaxes(
            title={"text": f"of {format_quantity(key, int(frame[key].sum()))}{_unit_word(key)}", "standoff": 6},
            range=(0, 1.3 * max(shares)),
            showticklabels=False,
            showgrid=False,
            row=1,
            col=column,
        )
    figure.update_yaxes(categoryorder="array", categoryarray=list(frame["kind"])[::-1], showgrid=False, ticksuffix="  ")
    return figure.update_layout(template=theme.template, height=HEIGHT, showlegend=False, bargap=0.3)


def _unit_word(key: str) -> str:
    """What a count counts, where its unit does not say it."""
    return " MACs" if key == "macs" else " traffic"


def treemap(frame: pd.DataFrame, key: str, name: str, theme: Theme) -> go.Figure:
    """Areas for stage, layer and operation.

    Args:
        frame: `Summary.to_frame()`.
        key: the quantity that areas stand for.
        name: of the network.
        theme: what it is drawn with.
    """
    nodes = _nodes(frame[frame[key] > 0], key, name, theme)
    total = nodes[name]["value"]
    return go.Figure(
        go.Treemap(
            ids=list(nodes),
            labels=[node["label"] for node in nodes.values()],
            parents=[node["parent"] for node in nodes.values()],
            values=[node["value"] for node in nodes.values()],
            text=[format_share(node["value"] / total) for node in nodes.values()],
            customdata=[format_exact(key, node["value"]) for node in nodes.values()],
            branchvalues="total",
            textinfo="label+text",
            hovertemplate=f"<b>%{{id}}</b><br>{QUANTITIES[key].label}: %{{customdata}}<br>%{{text}}<extra></extra>",
            marker={
                "colors": [node["colour"] for node in nodes.values()],
                "line": {"width": 0.5, "color": theme.paper},
                "pad": {"t": 20, "l": 2, "r": 2, "b": 2},
            },
            pathbar={"visible": True, "thickness": 20},
        ),
        {"template": theme.template, "height": HEIGHT},
    )


def _nodes(frame: pd.DataFrame, key: str, name: str, theme: Theme) -> dict[str, dict[str, Any]]:
    """Every rectangle by its id; the ids of operations are the names of the layers."""
    nodes: dict[str, dict[str, Any]] = {}

    def grow(node: str, label: str, parent: str, value: int, colour: str) -> None:
        entry = nodes.setdefault(node, {"label": label, "parent": parent, "value": 0, "colour": colour})
        entry["value"] += value

    for row in frame.to_dict("records"):
        stage, value = row["stage"], row[key]
        module, _, op = row["name"].rpartition(".")
        branch = f"{stage} (stage)"  # the stages of a traced network may be called like its layers
        layer = f"{stage}: {module or 'top level'}"
        grow(name, name, "", value, theme.band)
        grow(branch, stage, name, value, theme.grid)
        grow(layer, _module_label(module) or stage, branch, value, theme.band)
        grow(row["name"], op, layer, value, theme.kinds[row["kind"]])
    return nodes


def _module_label(module: str) -> str:
    """The last part of a dotted path, with the part before it where it is but a number.

    >>> _module_label("stages.0.blocks.0.conv_mid.1"), _module_label("features.denseblock1.denselayer2")
    ('conv_mid 1', 'denselayer2')
    """
    *head, last = module.split(".")
    return f"{head[-1]} {last}" if last.isdigit() and head else last


BAR_HEIGHT, FRAME_HEIGHT = 27, 38
#: Room for the figures right and left of the bars, as a share of the distance that the bars cover.
WIDE_ROOM, NARROW_ROOM = 0.4, 0.35
#: Pixels that the longest name of a step takes.
LABELS_WIDTH = 160
#: What the name of a step ends with that counts an operation a second time.
AGAIN = " again"
#: The kind of operation that a step belongs to, by a part of its name; the first that fits.
_KINDS = {
    "norm": "normalisation",
    "pooling": "pooling",
    "convolution": "convolution k×k",
    "linear": "linear",
    "matmul": "matrix product",
    "attention": "matrix product",
    "lu": "activation",  # ReLU, GELU, SiLU …
    "swish": "activation",
    "sigmoid": "activation",
    "softmax": "activation",
}


def waterfall(steps: pd.DataFrame, counter: str, theme: Theme) -> go.Figure:
    """Bars that start where the one above ends; the position is the distance from our figure.

    Args:
        steps: the rows of one counter of `analysis.crosscheck.waterfall`: ours, each step, reported.
        counter: its name.
        theme: what it is drawn with.
    """
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
            text=[_total(ours, unit), *map(format_difference, values[1:-1]), _total(reported, unit)],
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
    return _frame(figure, ends, f"beyond our {_total(ours, unit)}: {change}", theme)


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


def _total(value: int, unit: str) -> str:
    return f"{format_si(value)} {unit}"


def step_kind(step: str) -> str:
    """The kind of operation whose colour a step has.

    >>> step_kind("ReLU again"), step_kind("missed linear"), step_kind("bias")
    ('activation', 'linear', 'arithmetic')
    """
    return next((kind for part, kind in _KINDS.items() if part in step.lower()), "arithmetic")
