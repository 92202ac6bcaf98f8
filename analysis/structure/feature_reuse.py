"""What a block's wiring does: how strongly its layers weigh the features that they read, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.meter import cost_layers
from analysis.ops import op_kind
from analysis.structure.connectivity import Block, Reader, blocks
from analysis.summary import Summary
from analysis.targets import resolve_target
from analysis.units import format_ratio, format_share, join
from archs.layer import Layer, Shape

if TYPE_CHECKING:
    from torch import Tensor


class BlockReuse(NamedTuple):
    """A block, and the mean absolute weight between each feature and each reader that has weights for it."""

    block: Block
    #: By (index of the feature, index of the reader).
    strengths: Mapping[tuple[int, int], float]

    def rows(self) -> list[dict[str, Any]]:
        """One record a connection with weights."""
        features, readers = self.block.features, self.block.readers
        return [
            {
                "block": self.block.name,
                "source": features[source].label,
                "reader": readers[reader].label,
                "tensors": ", ".join(features[source].tensors),
                "weights": ", ".join(f"{layer.name}.weight" for layer, _ in readers[reader].entries),
                "channels": features[source].channels,
                "strength": strength,
            }
            for (source, reader), strength in self.strengths.items()
        ]


def reuse(model: Any) -> tuple[BlockReuse, ...]:
    """The mean absolute weight of every connection inside the blocks of a module; empty where it has no such block.

    For a layer that reads a concatenation, its weights (co, ci, kh, kw) fall into slices along ci, one for each feature
    s: the mean of |weight| over a slice is the average L1 norm of the filters that connect s with the layer, normalised
    by the number of feature maps of s and the size of the kernel. Branches that read side by side count as one layer.
    The last reader is the transition, the classifier or the aggregation.

    Source: DenseNet, arXiv:1608.06993, section 5 and Figure 5; VoVNet, arXiv:1904.09730, section 2.2 and Figure 2.

    Args:
        model: an `nn.Module` with weights.

    Raises:
        DenseScopeError: it is no module, or cannot be traced.
    """
    target = resolve_target(model)
    weights = {name: tensor.detach() for name, tensor in target.without_weights().named_parameters()}
    found = []
    for block in blocks(target.own_layers()):
        strengths = {
            (source, number): strength
            for number, reader in enumerate(block.readers)
            for source, strength in _strengths(block, reader, weights).items()
        }
        found += [BlockReuse(block, strengths)] if strengths else []
    return tuple(found)


def _strengths(block: Block, reader: Reader, weights: Mapping[str, Tensor]) -> dict[int, float]:
    """The mean absolute weight that a reader has for each feature, by the feature's index."""
    index = {tensor: number for number, feature in enumerate(block.features) for tensor in feature.tensors}
    sums: dict[int, tuple[float, int]] = {}
    for layer, slices in reader.entries:
        weight = weights.get(f"{layer.name}.weight")
        if weight is None:
            continue
        axis = _axis(layer)
        if sum(channels for _, channels in slices) != weight.shape[axis]:
            continue  # positions have been flattened into channels
        magnitudes, start = weight.double().abs(), 0
        for tensor, channels in slices:
            part = magnitudes.narrow(axis, start, channels)
            start += channels
            total, count = sums.get(index[tensor], (0.0, 0))
            sums[index[tensor]] = total + float(part.sum()), count + part.numel()
    return {source: total / count for source, (total, count) in sums.items()}


def _axis(layer: Layer) -> int:
    """The axis of the input channels in a layer's weights; a depthwise one's are its output channels too."""
    return 0 if op_kind(layer) == "depthwise" else 1


def shares_read(layers: Sequence[Layer]) -> tuple[BlockReuse, ...]:
    """As `reuse`, by the wiring alone: which share of the channels that each reader reads comes from which feature."""
    found = []
    for block in blocks(layers):
        shares: dict[tuple[int, int], float] = {}
        for number, reader in enumerate(block.readers):
            channels = {source: block.features[source].channels for source in reader.sources}
            if reader.entries:
                whole = sum(channels.values())
                shares |= {(source, number): own / whole for source, own in channels.items()}
        found += [BlockReuse(block, shares)] if shares else []
    return tuple(found)


#: Of networks whose layers read no concatenation, or read it by an index or in groups.
UNTOLD = "{} has no block whose weights fall into one slice for each feature that a layer reads."


def shares_finding(name: str, found: Sequence[BlockReuse]) -> str:
    """How much of what each block's last reader reads is the block's input, and how much each of its layers adds.

    >>> from archs import plan_layers
    >>> print(shares_finding("densenet121", shares_read(plan_layers("densenet121"))).replace("\u2009", " "))
    Of what is read at the end of densenet121's blocks, the block's input is 25 % (dense block 1), 25 % (dense block \
2), 25 % (dense block 3) and 50 % (dense block 4); a layer adds 3.1 % to 12 %.
    """
    inputs, layers = {}, []
    for block, shares in found:
        last = next((n for n, reader in enumerate(block.readers) if reader.kind == "last"), None)
        column = {source: share for (source, reader), share in shares.items() if reader == last}
        first = len(block.features) - len(block.makers)
        if 0 in column:
            inputs[block.name] = sum(share for source, share in column.items() if source < first)
        layers += [share for source, share in column.items() if source >= first]
    if not layers:
        return UNTOLD.format(name)
    told = [f"{format_share(share)} ({block})" for block, share in inputs.items()]
    given = f"the block's input is {join(told[-4:])}; " if told else ""
    low, high = (format_share(pick(layers)) for pick in (min, max))
    added = low if low == high else f"{low} to {high}"
    return f"Of what is read at the end of {name}'s blocks, {given}a layer adds {added}."


def reuse_finding(name: str, found: tuple[BlockReuse, ...]) -> str:
    """Which feature the last reader of each block weighs most, and how much more than the least."""
    told = []
    for block, strengths in found:
        number = next((n for n, reader in enumerate(block.readers) if reader.kind == "last"), None)
        column = {source: value for (source, reader), value in strengths.items() if reader == number}
        if number is None or len(column) < 2:
            continue
        most, least = (pick(column, key=lambda source: column[source]) for pick in (max, min))
        labels = [_source(block.features[source].label) for source in (most, least)]
        ratio = f"{column[most] / column[least]:.1f} times as much as" if column[least] else "and least"
        told.append(f"{block.readers[number].label} weighs {labels[0]} most, {ratio} {labels[1]} ({block.name})")
    if not told:
        return UNTOLD.format(name)
    return f"{name}: {join(told[-3:])}."


def _source(label: str) -> str:
    return f"layer {label}" if label.isdecimal() else f"the block's {label}"


#: Each layer reads all features before it; each reads the one before it, and all are concatenated once.
PATTERNS = ("dense", "one-shot")
#: What a wiring is compared by.
COSTS = ("connections", "macs", "memory_access_cost", "bytes_moved")


class Wiring(NamedTuple):
    """A block with its layers connected in one of `PATTERNS`."""

    connections: int
    macs: int
    memory_access_cost: int
    bytes_moved: int


def wiring(block: Block, pattern: str, dtype: str = "float32") -> Wiring:
    """The costs of a block's own layers in one of `PATTERNS`: what they make stays, what they read changes.

    Connections are those that end in its layers or in what reads all features at the end; what costs that has, once
    it has read them, is the block's own in an OSA module, the transition's in a dense block.
    """
    features, makers = block.features, block.makers
    inputs = len(features) - len(makers)
    layers, connections = [], len(features)
    for number, maker in enumerate(makers):
        end = inputs + number
        read = features[:end] if pattern == "dense" or end == inputs else features[end - 1 : end]
        connections += len(read)
        shapes = [_with_channels(maker.layers[0].input_shapes[0], one.channels) for one in read]
        if len(read) > 1:
            layers.append(_concat(f"{block.name}.{number}", shapes))
        layers += _widened(maker.layers, sum(one.channels for one in read))
    kept = {layer.name for maker in makers for layer in maker.layers}
    rest = [layer for layer in block.layers if layer.name not in kept and layer.op != "concat"]
    shape = makers[0].layers[0].input_shapes[0]
    joined = _concat(block.name, [_with_channels(shape, one.channels) for one in features])
    costs = cost_layers([*layers, joined, *rest], dtype)
    return Wiring(connections, *(sum(getattr(cost, key) for cost in costs) for key in COSTS[1:]))


def _with_channels(shape: Shape, channels: int) -> Shape:
    return (shape[0], channels, *shape[2:])


def _concat(name: str, shapes: Sequence[Shape]) -> Layer:
    joined = _with_channels(shapes[0], sum(shape[1] for shape in shapes))
    return Layer(name, "concat", "", ("",) * len(shapes), tuple(shapes), joined)


def _widened(layers: Sequence[Layer], channels: int) -> Iterator[Layer]:
    """Layers that read some channels where they read others: convolutions make what they made, the rest follows."""
    made: dict[str, int] = {}
    for layer in layers:
        read = [made.get(tensor, channels) for tensor in layer.inputs]
        depthwise = op_kind(layer) == "depthwise"
        keeps = op_kind(layer) in ("convolution 1×1", "convolution k×k", "linear")
        many = max(read)
        if layer.op == "index_select":
            many = many * layer.output_shape[1] // layer.input_shapes[0][1]
        made[layer.name] = layer.output_shape[1] if keeps else many
        yield layer._replace(
            input_shapes=tuple(map(_with_channels, layer.input_shapes, read)),
            output_shape=_with_channels(layer.output_shape, made[layer.name]),
            groups=read[0] if depthwise else layer.groups,
        )


def wiring_rows(summary: Summary) -> list[dict[str, Any]]:
    """One record a block and pattern: its costs in either wiring, and which it has; none where tensors are split."""
    rows = []
    for block in blocks([cost.layer for cost in summary.layers]):
        if any(layer.offsets for layer in block.layers):
            continue
        actual = actual_pattern(block)
        for pattern in PATTERNS:
            costs = wiring(block, pattern, summary.dtype)
            rows.append(
                {"block": block.name, "layers": len(block.makers), "wiring": pattern, "actual": pattern == actual}
                | costs._asdict()
            )
    return rows


def actual_pattern(block: Block) -> str:
    """Which of `PATTERNS` a block has; one whose layers read anything else has none of them."""
    inputs = len(block.features) - len(block.makers)
    if any(reader.kind == "last" and len(reader.sources) < len(block.features) for reader in block.readers):
        return "other"
    read = [(maker.sources, tuple(range(inputs + number))) for number, maker in enumerate(block.makers)]
    if len(read) > 1 and all(sources == earlier for sources, earlier in read):
        return "dense"
    if all(sources == (earlier if len(earlier) == inputs else earlier[-1:]) for sources, earlier in read):
        return "one-shot"
    return "other"


def wiring_finding(summary: Summary) -> str:
    """How a network's blocks are connected, and what the other wiring of the same layers would change.

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
        apart = "Their layers split what they read, so that they cannot be wired in another way."
        return f"{summary.name}'s {len(found)} blocks have {connections:,} connections. {apart}"
    actual = [row for row in rows if row["actual"]]
    if len(actual) < len(rows) / 2:
        return f"{summary.name}'s layers are neither densely connected nor aggregated once."
    other = [row for row in rows if not row["actual"]]
    before, after = ({key: sum(row[key] for row in some) for key in COSTS} for some in (actual, other))
    dense = actual[0]["wiring"] == "dense"
    words = {"macs": "MACs", "memory_access_cost": "memory access cost", "bytes_moved": "memory traffic"}
    changes = join(f"{format_ratio(after[key] / before[key])} the {word}" for key, word in words.items())
    formula = ""
    if dense:
        length = max(actual, key=lambda row: row["layers"])["layers"]
        formula = f", L(L+1)/2 = {length * (length + 1) // 2} of them between the layers of the longest (L = {length})"
    return (
        f"{summary.name}'s {len(actual)} blocks have {before['connections']:,} connections{formula}. "
        f"{'Aggregated once' if dense else 'Densely connected'}, the same layers would have "
        f"{after['connections']:,}, {changes}."
    )
