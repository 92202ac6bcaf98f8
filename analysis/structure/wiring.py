"""What a block would cost if the same layers were connected in another way: densely, or aggregated once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from analysis.meter import cost_layers
from analysis.ops import as_maps, op_kind
from analysis.structure.connectivity import Block, Reader, blocks
from analysis.summary import Summary
from analysis.units import format_ratio, join
from archs.layer import CONSTANT, Layer, Shape

#: Each layer reads all features before it; each reads the one before it, and all are concatenated once.
PATTERNS = ("dense", "one-shot")
#: What a block that has neither pattern is wired as.
AS_IT_IS = "as it is"
#: What a wiring is compared by.
COSTS = ("connections", "macs", "memory_access_cost", "bytes_moved")


class Wiring(NamedTuple):
    """A block with its layers connected in one of `PATTERNS`."""

    connections: int
    macs: int
    memory_access_cost: int
    bytes_moved: int


def wiring(block: Block, pattern: str, dtype: str = "float32") -> Wiring:
    """The costs of a block's layers in one of `PATTERNS`, or as it is: what they make stays, what they read changes.

    Connections are those that end in its layers or in what reads features at the end; what costs that has, once it has
    read them, is the block's own in an OSA module, the transition's in a dense block.
    """
    inputs = len(block.features) - len(block.makers)
    layers, connections = [], 0
    copies = any(layer.op == "concat" and len(layer.inputs) == 1 for layer in block.layers)
    for number, maker in enumerate(block.makers):
        read = [block.features[index] for index in _sources(maker, inputs + number, inputs, pattern)]
        connections += len(read)
        shapes = [_with_channels(maker.layers[0].input_shapes[0], one.channels) for one in read]
        if len(read) > 1 or copies:
            layers.append(_concat(f"{block.name}.{number}", shapes))
        layers += _widened(maker.layers, sum(one.channels for one in read))
    kept = {layer.name for maker in block.makers for layer in maker.layers}
    rest = [layer for layer in block.layers if layer.name not in kept and layer.op != "concat"]
    shape = block.makers[0].layers[0].input_shapes[0]
    last = [block.features[index] for index in _last_sources(block, pattern)]
    joined = _concat(block.name, [_with_channels(shape, one.channels) for one in last])
    costs = cost_layers([*layers, joined, *rest], dtype)
    return Wiring(connections + len(last), *(sum(getattr(cost, key) for cost in costs) for key in COSTS[1:]))


def _sources(maker: Reader, end: int, inputs: int, pattern: str) -> Sequence[int]:
    """Indices of the features that a layer reads in a pattern, of so many before it, the block's inputs first."""
    if pattern == AS_IT_IS:
        return maker.sources
    return range(0 if pattern == "dense" or end == inputs else end - 1, end)


def _last_sources(block: Block, pattern: str) -> Sequence[int]:
    """Indices of the features that are read at the end."""
    last = next((reader for reader in block.readers if reader.kind == "last"), None)
    return last.sources if last and pattern == AS_IT_IS else range(len(block.features))


def _with_channels(shape: Shape, channels: int) -> Shape:
    return (shape[0], channels, *shape[2:])


def _concat(name: str, shapes: Sequence[Shape]) -> Layer:
    joined = _with_channels(shapes[0], sum(shape[1] for shape in shapes))
    return Layer(name, "concat", "", ("",) * len(shapes), tuple(shapes), joined)


def _widened(layers: Sequence[Layer], channels: int) -> Iterator[Layer]:
    """Layers that read some channels where they read others: convolutions make what they made, the rest follows."""
    made: dict[str, int] = {}
    for layer in layers:
        read = [made.get(tensor, channels) for tensor in layer.inputs if tensor != CONSTANT]
        depthwise = op_kind(layer) == "depthwise"
        keeps = op_kind(layer) in ("convolution 1×1", "convolution k×k", "linear")
        many = max(read)
        if layer.op == "index_select":
            many = many * layer.output_shape[1] // layer.input_shapes[0][1]
        made[layer.name] = layer.output_shape[1] if keeps else many
        *shapes, before = (as_maps(layer.op, shape) for shape in (*layer.input_shapes, layer.output_shape))
        yield layer._replace(
            input_shapes=(*map(_with_channels, shapes, read), *layer.input_shapes[len(read) :]),
            output_shape=_with_channels(before, made[layer.name]),
            groups=read[0] if depthwise else layer.groups,
            extra_params=layer.extra_params * made[layer.name] // before[1],
            extra_reads=layer.extra_reads * made[layer.name] // before[1],
        )


def can_be_rewired(block: Block) -> bool:
    """Whether its layers may read more or less than they do: not where they read parts of tensors, or add to some."""
    read = {tensor for feature in block.features for tensor in feature.tensors}
    adding = (layer for maker in block.makers for layer in maker.layers if layer.op == "add")
    return not any(layer.offsets for layer in block.layers) and not any(read & {*layer.inputs} for layer in adding)


def wiring_rows(summary: Summary) -> list[dict[str, Any]]:
    """One record a block and wiring: its costs, and which it has; none of blocks that cannot be rewired."""
    rows = []
    for block in blocks([cost.layer for cost in summary.layers]):
        if not can_be_rewired(block):
            continue
        actual = actual_pattern(block)
        for pattern in dict.fromkeys((actual, *PATTERNS)):
            costs = wiring(block, pattern, summary.dtype)
            rows.append(
                {"block": block.name, "layers": len(block.makers), "wiring": pattern, "actual": pattern == actual}
                | costs._asdict()
            )
    return rows


def actual_pattern(block: Block) -> str:
    """Which of `PATTERNS` a block has; `AS_IT_IS` if its layers, or what reads them at the end, read anything else."""
    inputs = len(block.features) - len(block.makers)
    if any(reader.kind == "last" and len(reader.sources) < len(block.features) for reader in block.readers):
        return AS_IT_IS
    read = [(maker.sources, tuple(range(inputs + number))) for number, maker in enumerate(block.makers)]
    if len(read) > 1 and all(sources == earlier for sources, earlier in read):
        return "dense"
    if all(sources == (earlier if len(earlier) == inputs else earlier[-1:]) for sources, earlier in read):
        return "one-shot"
    return AS_IT_IS


#: How a sentence begins that tells of a pattern.
_WORDS = {"dense": "Densely connected", "one-shot": "Aggregated once"}


def wiring_finding(summary: Summary) -> str:
    """How a network's blocks are connected, and what another wiring of the same layers would change.

    >>> from analysis import summarize
    >>> print(wiring_finding(summarize("vovnet39")))
    vovnet39's 6 blocks have 66 connections. Densely connected, the same layers would have 126, ×2.63 the MACs, ×2.32 \
the memory access cost and ×2.06 the memory traffic.
    """
    rows, found = wiring_rows(summary), blocks([cost.layer for cost in summary.layers])
    if not found:
        return f"{summary.name} has no block that concatenates its input with what its layers add."
    if not rows:
        connections = sum(block.count() + block.count("last") for block in found)
        splits = any(layer.offsets for block in found for layer in block.layers)
        why = "split what they read" if splits else "add to what they read"
        apart = f"Their layers {why}, so that they cannot be wired in another way."
        return f"{summary.name}'s {len(found)} blocks have {connections:,} connections. {apart}"
    actual = [row for row in rows if row["actual"]]
    patterns = {row["wiring"] for row in actual}
    formula = ""
    if patterns == {"dense"}:
        length = max(row["layers"] for row in actual)
        formula = f", L(L+1)/2 = {length * (length + 1) // 2} of them between the layers of the longest (L = {length})"
    before = _sums(actual)
    others = {key: _sums([row for row in rows if row["wiring"] == key]) for key in PATTERNS if patterns != {key}}
    told = [f"{_WORDS[key]}, the same layers would have {_change(before, after)}." for key, after in others.items()]
    return " ".join(
        [f"{summary.name}'s {len(actual)} blocks have {before['connections']:,} connections{formula}.", *told]
    )


def _sums(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    return {key: sum(row[key] for row in rows) for key in COSTS}


def _change(before: dict[str, int], after: dict[str, int]) -> str:
    words = {"macs": "MACs", "memory_access_cost": "memory access cost", "bytes_moved": "memory traffic"}
    changes = join(f"{format_ratio(after[key] / before[key])} the {word}" for key, word in words.items())
    return f"{after['connections']:,}, {changes}"
