"""What concatenations join and splits part inside a block, and who reads it.

A tensor is named as the layer that makes it; a part of its channels, which is a view, `name[first:end]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from analysis.ops import WEIGHTED_KINDS, as_maps, op_kind
from archs.layer import INPUT, Layer

#: A layer of a member of a numbered list: the list, and the number.
_MEMBER = re.compile(r"(.*)\.(\d+)\.")


def _whole(tensor: str) -> str:
    """The tensor that one is a part of, itself if it is none."""
    return tensor.partition("[")[0]


#: Tensors, with their channels, in the order in which they are joined.
Slices: TypeAlias = tuple[tuple[str, int], ...]


def is_weighted(layer: Layer) -> bool:
    """Whether a layer mixes channels by weights: a convolution or a fully connected layer."""
    return op_kind(layer) in WEIGHTED_KINDS


#: Behind them, weights don't tell which feature they read.
_REORDERING = ("index_select", "channel_shuffle")


def joins_channels(layer: Layer) -> bool:
    """Whether a layer concatenates maps along their channels, not tokens or positions."""
    shapes = (layer.output_shape, *layer.input_shapes)
    maps = layer.op == "concat" and all(len(shape) == 4 for shape in shapes)
    return maps and layer.output_shape[1] == sum(shape[1] for shape in layer.input_shapes)


class Flow:
    """The layers of a block between those of the network."""

    def __init__(self, own: Sequence[Layer], layers: Sequence[Layer]) -> None:
        self.own = {layer.name: layer for layer in own}
        self._layers = {layer.name: layer for layer in layers}
        self._shapes = {layer.name: as_maps(layer.op, layer.output_shape) for layer in layers}
        self._shapes[INPUT] = layers[0].input_shapes[0]
        self._joins = {layer.name: layer for layer in own if joins_channels(layer)}
        self._order = {INPUT: -1} | {name: number for number, name in enumerate(self._layers)}
        joined = [tensor for join in self._joins.values() for tensor in self._flat(join.name)]
        #: What concatenations join, each once, in execution order: the block's input comes first.
        self.leaves = self._sorted(tensor for tensor in joined if _whole(tensor) in self._order)
        self.given = [tensor for tensor in self.leaves if _whole(tensor) not in self.own]
        if self.leaves and not self.given:
            self._find_input()
        self.leaves = self._sorted((*self.leaves, *self._left_out()))
        self._read = {
            name: {part for tensor in self.reads(layer) for part in self._flat(tensor)}
            for name, layer in self.own.items()
            if name not in self._joins
        }

    def _left_out(self) -> Iterator[str]:
        """What the other members of a numbered list make, where several are joined: they are layers as well."""
        members: dict[str, dict[str, str]] = {}
        for name in self.own:
            if match := _MEMBER.match(name):
                members.setdefault(match[1], {})[match[2]] = name
        for made in map(dict.values, members.values()):
            if len(set(made) & set(self.leaves)) > 1:
                yield from made

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

    def label(self, last: Layer) -> str:
        """What the layer is called that reads all features at the end."""
        return "aggregation" if last.name in self.own else last.stage

    def pieces(self, join: Layer) -> list[str]:
        """The leaves that a layer joins."""
        return [tensor for tensor in self._flat(join.name) if tensor in self.leaves]

    def read_by(self, leaf: str) -> frozenset[str]:
        """The layers of the block that read a leaf, concatenations aside."""
        return frozenset(name for name, parts in self._read.items() if leaf in parts)

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
