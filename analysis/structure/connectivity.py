"""Who reads whom inside a block: features that are concatenated, the layers that read them, channels passed.

Everything follows from the layers' edges. A concatenation only joins: what it is made of stays the same feature,
however often it is joined again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeAlias

from analysis.ops import WEIGHTED_KINDS, op_kind
from archs.layer import INPUT, Layer

#: A module that stages repeat is a block of its own.
_MODULE = re.compile(r"(.*\bblocks\.(\d+))\.")


class Feature(NamedTuple):
    """What one layer of a block adds, or the block is given: one tensor, or those of branches side by side."""

    #: "input", or the number of the layer.
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
                yield Connection(self.features[index], reader, self.features[index].channels)

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
    for name, group in groupby(layers, key=_block_name):
        block = _block(name, tuple(group), layers)
        if block:
            found.append(block)
    return found


def _block_name(layer: Layer) -> str:
    module = _MODULE.match(layer.name)
    return f"{layer.stage}, module {int(module[2]) + 1}" if module else layer.stage


def _block(name: str, own: tuple[Layer, ...], layers: Sequence[Layer]) -> Block | None:
    """The block that some layers are, None where no input of theirs is concatenated."""
    flow = Flow(own, layers)
    given = [tensor for tensor in flow.leaves if tensor not in flow.own]
    if not given or len(given) == len(flow.leaves):
        return None
    features = [
        Feature("input" if number == 1 else f"input {number}", (tensor,), flow.channels(tensor))
        for number, tensor in enumerate(given, start=1)
    ]
    index = {tensor: number for number, tensor in enumerate(given)}
    made = [(*flow.upstream(tensor), tensor) for tensor in flow.leaves if tensor in flow.own]
    readers: list[Reader] = []
    # Branches side by side read the same: they are one layer.
    for sources, branches in groupby(made, key=lambda one: one[1]):
        group = list(branches)
        label, tensors = str(len(readers) + 1), tuple(tensor for *_, tensor in group)
        members = tuple(layer for steps, *_ in group for layer in steps)
        readers.append(Reader(label, "layer", members, flow.entries(members), _indices(sources, index)))
        index |= dict.fromkeys(tensors, len(features))
        features.append(Feature(label, tensors, sum(map(flow.channels, tensors))))
    readers += _others(flow, readers, index)
    return Block(name, own, tuple(features), tuple(readers))


def _others(flow: Flow, makers: Sequence[Reader], index: dict[str, int]) -> Iterator[Reader]:
    """What reads all features at the end, and what adds the block's input."""
    taken = {layer.name for reader in makers for layer in reader.layers}
    for first in flow.readers_behind(taken):
        slices = flow.slices(first)
        if slices:
            label = "aggregation" if first.name in flow.own else first.stage
            yield Reader(label, "last", (first,), ((first, slices),), _indices([t for t, _ in slices], index))
    for layer in flow.own.values():
        if layer.op == "add" and layer.name not in taken:
            added = [tensor for tensor in layer.inputs if tensor in index]
            if added:
                yield Reader("identity", "identity", (layer,), (), _indices(added, index))


def _indices(tensors: Sequence[str], index: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted({index[tensor] for tensor in tensors}))


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
        joined = [tensor for join in self._joins.values() for tensor in self._flat(join.name)]
        #: What concatenations join, each once, in execution order: the block's input comes first.
        known = {INPUT: -1} | {name: number for number, name in enumerate(self._layers)}
        self.leaves = sorted(set(joined) & known.keys(), key=known.__getitem__)

    def channels(self, tensor: str) -> int:
        """Channels of a tensor."""
        return self._shapes[tensor][1]

    def _flat(self, tensor: str) -> Iterator[str]:
        """What a tensor is joined of; itself where it is not."""
        if tensor not in self._joins:
            yield tensor
        else:
            for part in self._joins[tensor].inputs:
                yield from self._flat(part)

    def upstream(self, leaf: str) -> tuple[tuple[Layer, ...], tuple[str, ...]]:
        """The layers of the block that make a leaf from other leaves, in execution order, and those leaves."""
        steps, sources, waiting = set(), set(), [leaf]
        while waiting:
            name = waiting.pop()
            steps.add(name)
            for tensor in self.own[name].inputs:
                parts = set(self._flat(tensor))
                if parts <= set(self.leaves):
                    sources |= parts
                elif tensor in self.own and tensor not in steps:
                    waiting.append(tensor)
        ordered = tuple(layer for name, layer in self.own.items() if name in steps)
        return ordered, tuple(tensor for tensor in self.leaves if tensor in sources)

    def entries(self, members: Sequence[Layer]) -> tuple[tuple[Layer, Slices], ...]:
        """The weighted ones among some layers that read leaves, and what they read."""
        found = [(layer, self.slices(layer)) for layer in members if is_weighted(layer)]
        return tuple((layer, slices) for layer, slices in found if slices)

    def slices(self, layer: Layer) -> Slices:
        """The leaves behind the input of a layer, whatever keeps channels apart in between; empty where weights are."""
        tensor = layer.inputs[0]
        while True:
            parts = tuple(self._flat(tensor))
            if set(parts) <= set(self.leaves):
                return tuple((part, self.channels(part)) for part in parts)
            maker = self._layers.get(tensor)
            if maker is None or is_weighted(maker) or len(maker.inputs) != 1:
                return ()
            tensor = maker.inputs[0]

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
