"""The architecture table of the papers, for any network: DenseNet's Table 1, PeleeNet's, VoVNet's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from analysis.depth import depth_terms
from analysis.meter import LayerCost
from analysis.structure.notation import parts
from analysis.summary import Summary, layer_row
from archs.layer import Pair


class Line(NamedTuple):
    """One line of the table: neighbouring layers, in the notation of the family's paper."""

    #: The row of the paper's table that the line belongs to.
    stage: str
    #: Such as "[1×1 conv, 3×3 conv] × 6".
    text: str
    #: Height and width of the output; (1, 1) of a vector, None where it has neither.
    output_size: Pair | None
    in_channels: int
    out_channels: int
    params: int
    macs: int
    #: How many of its layers the depth counts.
    depth: int
    #: The layers, by name.
    layers: tuple[str, ...]


def table(summary: Summary) -> list[Line]:
    """A network's table; each layer stands in one line, so that lines add up to the network.

    >>> from analysis import summarize
    >>> [line.text for line in table(summarize("densenet121"))][:4]
    ['7×7 conv, stride 2', '3×3 max pool, stride 2', '[1×1 conv, 3×3 conv] × 6', '1×1 conv']
    """
    costs = {cost.layer.name: cost for cost in summary.layers}
    terms = depth_terms(summary.target, [cost.layer for cost in summary.layers])
    counted = {layer.name for term in terms for layer in term.layers}
    lines = []
    for stage, group in groupby(summary.layers, key=lambda cost: cost.layer.stage):
        for text, layers in parts([cost.layer for cost in group], summary.target.config):
            names = tuple(layer.name for layer in layers)
            lines.append(_line(stage, text, [costs[name] for name in names], len(counted.intersection(names))))
    return lines


def _line(stage: str, text: str, costs: Sequence[LayerCost], depth: int) -> Line:
    first, last = costs[0], costs[-1]
    return Line(
        stage,
        text,
        _size(last.layer.output_shape),
        layer_row(first)["in_channels"],
        layer_row(last)["out_channels"],
        sum(cost.params for cost in costs),
        sum(cost.macs for cost in costs),
        depth,
        tuple(cost.layer.name for cost in costs),
    )


def _size(shape: Sequence[int]) -> Pair | None:
    """Height and width of maps (N, C, H, W), (1, 1) of a vector (N, C), None of tokens."""
    return {2: (1, 1), 4: (shape[-2], shape[-1])}.get(len(shape))


class Abreast(NamedTuple):
    """A stage of several networks; a network without it has no lines."""

    stage: str
    lines: tuple[tuple[Line, ...], ...]


def abreast(tables: Iterable[Sequence[Line]]) -> list[Abreast]:
    """Tables side by side, row by row as in DenseNet's Table 1; stages in the order of the networks."""
    tables = [*tables]
    stages = merged([[line.stage for line in lines] for lines in tables])
    return [
        Abreast(stage, tuple(tuple(line for line in lines if line.stage == stage) for lines in tables))
        for stage in stages
    ]


def merged(orders: Sequence[Sequence[str]]) -> list[str]:
    """All names once: what a list adds stands in front of the name that it precedes there.

    >>> merged([["stem", "block 1", "head"], ["stem", "block 1", "block 2", "head"]])
    ['stem', 'block 1', 'block 2', 'head']
    """
    names: list[str] = []
    for order in orders:
        position = len(names)
        for name in reversed(order):
            if name in names:
                position = names.index(name)
            else:
                names.insert(position, name)
    return names


def table_rows(summary: Summary) -> list[dict[str, Any]]:
    """One record a line, plain values."""
    return [{"name": summary.name, **line._asdict(), "layers": line.layers} for line in table(summary)]
