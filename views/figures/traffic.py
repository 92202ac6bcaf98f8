"""Where a network's cost goes: by kind of operation, and by stage, layer and operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from analysis.quantities import QUANTITIES
from analysis.units import format_quantity, format_share
from views.notation import format_exact
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
