"""How strongly the layers of a block weigh the features that they read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.ops import op_kind
from analysis.structure.connectivity import Block, Reader, blocks
from analysis.targets import resolve_target
from analysis.units import format_ratio, format_share, join
from archs.layer import Layer

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


def input_weighed_least(found: Sequence[BlockReuse]) -> tuple[int, int]:
    """Of the layers behind the first block that read several features: how many weigh the block's input least; all."""
    columns = [
        {source: value for (source, reader), value in strengths.items() if reader == number}
        for block, strengths in found[1:]
        for number, reader in enumerate(block.readers)
        if reader.kind == "layer"
    ]
    columns = [column for column in columns if len(column) > 1]
    return sum(min(column, key=lambda source: column[source]) == 0 for column in columns), len(columns)


def leanings(found: Sequence[BlockReuse]) -> list[float]:
    """Of what reads all features at the end of each block: the weight of the later half ÷ that of the shallow half."""
    leaning = []
    for block, strengths in found:
        last = next((n for n, reader in enumerate(block.readers) if reader.kind == "last"), None)
        column = [strengths[place] for place in sorted(strengths) if place[1] == last]
        if half := len(column) // 2:
            leaning.append(sum(column[-half:]) / sum(column[:half]))
    return leaning


def training_finding(name: str, before: Sequence[BlockReuse], after: Sequence[BlockReuse]) -> str:
    """What training made of a network's connections, by what the papers saw in theirs: dense, or aggregated once.

    Source: DenseNet, arXiv:1608.06993, section 5; VoVNet, arXiv:1904.09730, section 3.
    """
    random, learned = leanings(before), leanings(after)
    least, layers = input_weighed_least(after)
    if layers:
        last, untrained = (format_ratio(found[-1]) for found in (learned, random))
        return (
            f"{name}: trained, the classifier weighs the later features of its block {last} as much as the early ones "
            f"({untrained} as initialised), and {least or 'none'} of the {layers} layers behind the first block weigh "
            "the block's input least. The DenseNet paper saw the classifier lean to the later ones and all layers "
            "weigh the input least, on CIFAR-10 and without compression."
        )
    shallow = sum(leaning < 1 for leaning in learned)
    most, untrained = (format_ratio(1 / min(found)) for found in (learned, random))
    return (
        f"{name}: trained, the end of {shallow} of {len(learned)} blocks weighs the shallow features more, up to "
        f"{most} ({untrained} as initialised). The VoVNet paper saw it in blocks of 12 layers, on CIFAR-10."
    )


def _source(label: str) -> str:
    return f"layer {label}" if label.isdecimal() else f"the block's {label}"
