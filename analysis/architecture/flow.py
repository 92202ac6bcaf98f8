"""The edges inside a block, with concatenations resolved to what they join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from analysis.kinds import WEIGHTED_KINDS, op_kind
from archs.layer import INPUT, Layer

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
