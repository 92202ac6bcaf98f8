"""The architecture table of the papers, for any network, and what changes in it from one network to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any, NamedTuple

from analysis.depth import depth_terms
from analysis.meter import LayerCost
from analysis.ops import as_maps
from analysis.structure.notation import layer_text, parts
from analysis.summary import Summary, layer_row
from archs.layer import Layer, Pair


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
        _size(as_maps(last.layer.op, last.layer.output_shape)),
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


#: What can become of a layer.
STATUSES = ("added", "removed", "resized", "same")
#: The costs whose differences are told.
COSTS = ("params", "macs", "memory_access_cost", "bytes_moved")


@dataclass(frozen=True)
class Change:
    """A layer of one network, of the other, or of both."""

    stage: str
    before: LayerCost | None
    after: LayerCost | None

    @property
    def name(self) -> str:
        """The layer's dotted name; both have the same where both are there."""
        return self._layers()[-1].name

    @property
    def status(self) -> str:
        """One of `STATUSES`."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "same" if _form(self.before.layer) == _form(self.after.layer) else "resized"

    def difference(self, key: str) -> int:
        """What the change adds to a quantity of the meter."""
        return _value(self.after, key) - _value(self.before, key)

    def _layers(self) -> list[Layer]:
        return [cost.layer for cost in (self.before, self.after) if cost]


def _value(cost: LayerCost | None, key: str) -> int:
    return getattr(cost, key) if cost else 0


def _form(layer: Layer) -> Layer:
    """A layer without its name, its stage, and the names of those that it reads."""
    return layer._replace(name="", stage="", inputs=())


def changes(before: Summary, after: Summary) -> list[Change]:
    """Every layer of both networks, stage by stage, in execution order; their differences add up to the totals'.

    Layers of the same stage and name are the same layer; of several orders the one that keeps most of them is taken.
    """
    stages = merged([[cost.layer.stage for cost in summary.layers] for summary in (before, after)])
    return [change for stage in stages for change in _of_stage(stage, _within(stage, before), _within(stage, after))]


def _within(stage: str, summary: Summary) -> list[LayerCost]:
    return [cost for cost in summary.layers if cost.layer.stage == stage]


def _of_stage(stage: str, before: Sequence[LayerCost], after: Sequence[LayerCost]) -> Iterator[Change]:
    one, other = ([cost.layer.name for cost in costs] for costs in (before, after))
    for tag, start, end, other_start, other_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            for pair in zip(before[start:end], after[other_start:other_end], strict=True):
                yield Change(stage, *pair)
        else:
            yield from (Change(stage, cost, None) for cost in before[start:end])
            yield from (Change(stage, None, cost) for cost in after[other_start:other_end])


def change_rows(found: Iterable[Change]) -> list[dict[str, Any]]:
    """One record a layer, plain values."""
    return [
        {
            "stage": change.stage,
            "name": change.name,
            "status": change.status,
            "before": _text(change.before),
            "after": _text(change.after),
            **{key: change.difference(key) for key in COSTS},
        }
        for change in found
    ]


def stage_rows(found: Sequence[Change]) -> list[dict[str, Any]]:
    """One record a stage: how many layers of it were added, removed and resized, and what that costs.

    The share of a cost is that of the stage's own cost before, None where it had none.
    """
    return [
        _stage_row(stage, [c for c in found if c.stage == stage]) for stage in dict.fromkeys(c.stage for c in found)
    ]


def total_row(found: Sequence[Change]) -> dict[str, Any]:
    """The record of all stages together."""
    return _stage_row("total", found)


def _stage_row(stage: str, found: Sequence[Change]) -> dict[str, Any]:
    row: dict[str, Any] = {"stage": stage}
    row |= {status: sum(change.status == status for change in found) for status in STATUSES[:-1]}
    for key in COSTS:
        before = sum(_value(change.before, key) for change in found)
        row[key] = sum(change.difference(key) for change in found)
        row[f"{key}_share"] = row[key] / before if before else None
    return row


def _text(cost: LayerCost | None) -> str:
    return layer_words(cost.layer) if cost else ""


def layer_words(layer: Layer) -> str:
    """A layer in words, and the shapes that it reads and makes."""
    words = layer_text(layer, channels=False) or layer.op.replace("_", " ")
    more = f" + {len(layer.input_shapes) - 1} more" if len(layer.input_shapes) > 1 else ""
    return f"{words}: {_shape(layer.input_shapes[0])}{more} → {_shape(layer.output_shape)}"


def _shape(shape: Sequence[int]) -> str:
    """Channels × height × width."""
    return "×".join(map(str, shape[1:]))
