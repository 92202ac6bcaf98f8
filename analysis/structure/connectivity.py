"""Who reads whom inside a block: features that are concatenated, the layers that read them, channels passed.

Everything follows from the layers' edges. A concatenation only joins: what it is made of stays the same feature,
however often it is joined again. A split only parts: `tensor[0:64]` are those channels of a tensor.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeAlias

from analysis.ops import WEIGHTED_KINDS, op_kind
from archs.layer import INPUT, Layer

#: A module that stages repeat is a block of its own.
_MODULE = re.compile(r"(.*\bblocks\.(\d+))\.")
#: Behind them, weights don't tell which feature they read.
_REORDERING = ("index_select", "channel_shuffle")


class Feature(NamedTuple):
    """What one layer of a block adds, or the block is given: one tensor, or those of branches side by side."""

    #: "input", "channels 1–64" of an input that is split, or the number of the layer.
    label: str
    tensors: tuple[str, ...]
    channels: int


class Reader(NamedTuple):
    """What reads features: a layer of the block that makes one more, what reads all of them behind it, an addition."""

    label: str
    #: "layer", "last" or "identity".
    kind: str
    #: From its sources to what it makes, in execution order.
    layers: tuple[Layer, ...]
    #: The weighted ones among them that read features, and these tensors with their channels, in the weights' order.
    entries: tuple[tuple[Layer, Slices], ...]
    #: Indices of the features that it reads.
    sources: tuple[int, ...]


class Connection(NamedTuple):
    """A feature that is read."""

    source: Feature
    reader: Reader
    #: Channels that are read.
    channels: int


@dataclass(frozen=True)
class Block:
    """A block whose features are concatenated."""

    name: str
    #: Of the block, in execution order.
    layers: tuple[Layer, ...]
    #: Its input first.
    features: tuple[Feature, ...]
    #: The layers that make the other features, in the same order, then the others.
    readers: tuple[Reader, ...]

    @property
    def makers(self) -> tuple[Reader, ...]:
        """The layers of the block that make a feature: L of them."""
        return tuple(reader for reader in self.readers if reader.kind == "layer")

    def connections(self) -> Iterator[Connection]:
        """Every connection, by reader."""
        for reader in self.readers:
            for index in reader.sources:
                yield Connection(self.features[index], reader, self.channels_read(index, reader))

    def channels_read(self, index: int, reader: Reader) -> int:
        """How many channels of a feature a reader reads: all, unless some of its tensors are not for this one."""
        own = self.features[index].tensors
        read = {tensor: channels for _, slices in reader.entries for tensor, channels in slices if tensor in own}
        return sum(read.values()) or self.features[index].channels

    def count(self, kind: str = "layer") -> int:
        """How many connections end in readers of a kind: L(L+1)/2 in layers of a dense block, L in those of an OSA."""
        return sum(len(reader.sources) for reader in self.readers if reader.kind == kind)


def blocks(layers: Sequence[Layer]) -> list[Block]:
    """The blocks of a network that hand their input on by concatenation, in execution order; none of other networks.

    >>> from archs import plan_layers
    >>> [block.count() for block in blocks(plan_layers("densenet121"))]
    [21, 78, 300, 136]
    >>> [block.count() for block in blocks(plan_layers("vovnet39"))]
    [5, 5, 5, 5, 5, 5]
    """
    found = []
    joining = {module[1] for layer in layers if _joins_channels(layer) and (module := _MODULE.match(layer.name))}
    for name, group in groupby(layers, key=lambda layer: _block_name(layer, joining)):
        block = _block(name, tuple(group), layers)
        if block:
            found.append(block)
    return found


def _block_name(layer: Layer, joining: Collection[str]) -> str:
    """A module that concatenates is a block of its own; else its stage is."""
    module = _MODULE.match(layer.name)
    return f"{layer.stage}, module {int(module[2]) + 1}" if module and module[1] in joining else layer.stage


def _block(name: str, own: tuple[Layer, ...], layers: Sequence[Layer]) -> Block | None:
    """The block that some layers are, None where no input of theirs is concatenated."""
    flow = Flow(own, layers)
    own, given = tuple(flow.own.values()), flow.given
    if not given or len(given) == len(flow.leaves):
        return None
    features = [
        Feature(flow.part(tensor) or ("input" if number == 1 else f"input {number}"), (tensor,), flow.channels(tensor))
        for number, tensor in enumerate(given, start=1)
    ]
    index = {tensor: number for number, tensor in enumerate(given)}
    made = [(*flow.upstream(tensor), tensor) for tensor in flow.leaves if tensor not in given]
    readers: list[Reader] = []
    # Branches side by side read the same: they are one layer.
    for sources, branches in groupby(made, key=lambda one: one[1]):
        group = list(branches)
        label, tensors = str(len(readers) + 1), tuple(tensor for *_, tensor in group)
        members = tuple(layer for layer in own if any(layer in steps for steps, *_ in group))
        readers.append(Reader(label, "layer", members, flow.entries(members), _indices(sources, index)))
        index |= dict.fromkeys(tensors, len(features))
        features.append(Feature(label, tensors, sum(map(flow.channels, tensors))))
    if not any(len(set(_indices(flow.pieces(layer), index))) > 1 for layer in own if layer.op == "concat"):
        return None
    readers += _others(flow, readers, index)
    return Block(name, own, tuple(features), tuple(readers))


def _others(flow: Flow, makers: Sequence[Reader], index: dict[str, int]) -> Iterator[Reader]:
    """What reads all features at the end, and what adds the block's input."""
    taken = {layer.name for reader in makers for layer in reader.layers}
    for first in flow.readers_behind(taken):
        slices = flow.slices(first)
        if slices:
            label = "aggregation" if first.name in flow.own else first.stage
            yield Reader(label, "last", (first,), flow.entries((first,)), _indices([t for t, _ in slices], index))
    for layer in flow.own.values():
        if layer.op == "add" and layer.name not in taken:
            added = [tensor for tensor in flow.reads(layer) if tensor in index]
            if added:
                yield Reader("identity", "identity", (layer,), (), _indices(added, index))


def _indices(tensors: Sequence[str], index: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted({index[tensor] for tensor in tensors}))


def _whole(tensor: str) -> str:
    """The tensor that one is a part of, itself if it is none."""
    return tensor.partition("[")[0]


#: Tensors, with their channels, in the order in which they are joined.
Slices: TypeAlias = tuple[tuple[str, int], ...]


def is_weighted(layer: Layer) -> bool:
    """Whether a layer mixes channels by weights: a convolution or a fully connected layer."""
    return op_kind(layer) in WEIGHTED_KINDS


def _joins_channels(layer: Layer) -> bool:
    """Whether a layer concatenates maps along their channels, not tokens or positions."""
    shapes = (layer.output_shape, *layer.input_shapes)
    maps = layer.op == "concat" and all(len(shape) == 4 for shape in shapes)
    return maps and layer.output_shape[1] == sum(shape[1] for shape in layer.input_shapes)


class Flow:
    """The layers of a block between those of the network."""

    def __init__(self, own: Sequence[Layer], layers: Sequence[Layer]) -> None:
        self.own = {layer.name: layer for layer in own}
        self._layers = {layer.name: layer for layer in layers}
        self._shapes = {layer.name: layer.output_shape for layer in layers} | {INPUT: layers[0].input_shapes[0]}
        self._joins = {layer.name: layer for layer in own if _joins_channels(layer)}
        self._order = {INPUT: -1} | {name: number for number, name in enumerate(self._layers)}
        joined = [tensor for join in self._joins.values() for tensor in self._flat(join.name)]
        #: What concatenations join, each once, in execution order: the block's input comes first.
        self.leaves = self._sorted(tensor for tensor in joined if _whole(tensor) in self._order)
        self.given = [tensor for tensor in self.leaves if _whole(tensor) not in self.own]
        if self.leaves and not self.given:
            self._find_input()

    def _find_input(self) -> None:
        """What is split, where all behind it reads nothing from before; else what the layers read from outside."""
        split = _whole(self.leaves[0])
        behind = {name: layer for name, layer in self.own.items() if self._order[name] > self._order[split]}
        read = [tensor for layer in behind.values() for tensor in self.reads(layer) if _whole(tensor) not in behind]
        if {_whole(tensor) for tensor in read} == {split}:
            self.own, self.given = behind, self._sorted(read)
        else:
            read = [tensor for layer in self.own.values() for tensor in self.reads(layer)]
            self.given = self._sorted(tensor for tensor in read if _whole(tensor) not in self.own)
        self.leaves = self._sorted((*self.given, *self.leaves))

    def _sorted(self, tensors: Iterable[str]) -> list[str]:
        """Each once, in execution order."""
        return sorted(set(tensors), key=lambda tensor: (self._order.get(_whole(tensor), -1), self._range(tensor)))

    def reads(self, layer: Layer) -> list[str]:
        """The tensors that a layer reads; of what is split, which part of it."""
        firsts = layer.offsets or (None,) * len(layer.inputs)
        return [
            tensor if first is None else self._part(tensor, first, first + shape[1])
            for tensor, shape, first in zip(layer.inputs, layer.input_shapes, firsts, strict=True)
        ]

    def _part(self, tensor: str, first: int, end: int) -> str:
        return tensor if (first, end) == (0, self._shapes[tensor][1]) else f"{tensor}[{first}:{end}]"

    def _range(self, tensor: str) -> tuple[int, int]:
        """The channels of the whole that a tensor is."""
        whole, _, part = tensor.partition("[")
        first, _, end = part.removesuffix("]").partition(":")
        return (int(first), int(end)) if part else (0, self._shapes.get(whole, (0, 0))[1])

    def part(self, tensor: str) -> str:
        """Which channels of the whole a tensor is, in words; empty if it is all of them."""
        first, end = self._range(tensor)
        return f"channels {first + 1}–{end}" if tensor.endswith("]") else ""

    def channels(self, tensor: str) -> int:
        """Channels of a tensor."""
        first, end = self._range(tensor)
        return end - first

    def _flat(self, tensor: str) -> Iterator[str]:
        """What a tensor is joined of; itself where it is not."""
        whole = _whole(tensor)
        if whole not in self._joins:
            yield tensor
            return
        (first, end), start = self._range(tensor), 0
        for piece in self.reads(self._joins[whole]):
            offset, stop = self._range(piece)
            low, high = max(first - start, 0) + offset, min(end - start + offset, stop)
            if low < high:
                yield from self._flat(self._part(_whole(piece), low, high))
            start += stop - offset

    def pieces(self, join: Layer) -> list[str]:
        """The leaves that a layer joins."""
        return [tensor for tensor in self._flat(join.name) if tensor in self.leaves]

    def upstream(self, leaf: str) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
        """The layers of the block that make a leaf from other leaves, in execution order, and those leaves."""
        steps, sources, waiting = set(), set(), [_whole(leaf)]
        while waiting:
            name = waiting.pop()
            steps.add(name)
            for tensor in self.reads(self.own[name]):
                parts, whole = set(self._flat(tensor)), _whole(tensor)
                if parts <= set(self.leaves):
                    sources |= parts
                elif whole in self.own and whole not in steps:
                    waiting.append(whole)
        ordered = tuple(layer for name, layer in self.own.items() if name in steps)
        return ordered, tuple(tensor for tensor in self.leaves if tensor in sources)

    def entries(self, members: Sequence[Layer]) -> tuple[tuple[Layer, Slices], ...]:
        """The weighted ones among some layers that read leaves in the order of their weights, and what they read."""
        found = [(layer, self.slices(layer, ordered=True)) for layer in members if is_weighted(layer)]
        return tuple((layer, slices) for layer, slices in found if slices)

    def slices(self, layer: Layer, *, ordered: bool = False) -> Slices:
        """The leaves behind the input of a layer; empty where weights are between, or, if ordered, another order."""
        tensor = self.reads(layer)[0]
        while True:
            parts = tuple(self._flat(tensor))
            if set(parts) <= set(self.leaves):
                return tuple((part, self.channels(part)) for part in parts)
            maker = self._layers.get(tensor)
            if maker is None or is_weighted(maker) or len(maker.inputs) != 1 or (ordered and maker.op in _REORDERING):
                return ()
            tensor = self.reads(maker)[0]

    def readers_behind(self, taken: set[str]) -> Iterator[Layer]:
        """The first weighted layers behind the concatenations, those that are taken aside."""
        reached = set(self._joins)
        for layer in self._layers.values():
            if layer.name in taken or layer.name in reached or not reached & set(layer.inputs):
                continue
            if is_weighted(layer):
                yield layer
            elif len(layer.inputs) == 1:
                reached.add(layer.name)
