"""Who reads whom inside a block: features that are concatenated, the layers that read them, channels passed.

Everything follows from the layers' edges. A concatenation only joins: what it is made of stays the same feature,
however often it is joined again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple, TypeAlias

from analysis.structure.joined import Flow, Slices, joins_channels
from archs.layer import Layer

#: A module that stages repeat is a block of its own.
_MODULE = re.compile(r"(.*\bblocks\.(\d+))\.")


#: The layers that make a tensor, the tensors that they read, the tensor.
Made: TypeAlias = tuple[tuple[Layer, ...], tuple[str, ...], str]


class Feature(NamedTuple):
    """What one layer of a block adds, or the block is given: one tensor, or those of branches side by side."""

    #: "input", "part 1" of an input that is split, or the number of the layer.
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
    joining = {module[1] for layer in layers if joins_channels(layer) and (module := _MODULE.match(layer.name))}
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
        Feature(_label(tensor, number), (tensor,), flow.channels(tensor))
        for number, tensor in enumerate(given, start=1)
    ]
    index = {tensor: number for number, tensor in enumerate(given)}
    made = [(*flow.upstream(tensor), tensor) for tensor in flow.leaves if tensor not in given]
    readers: list[Reader] = []
    for group in _abreast(made, flow):
        sources = group[0][1]
        label, tensors = str(len(readers) + 1), tuple(tensor for *_, tensor in group)
        members = tuple(layer for layer in own if any(layer in steps for steps, *_ in group))
        readers.append(Reader(label, "layer", members, flow.entries(members), _indices(sources, index)))
        index |= dict.fromkeys(tensors, len(features))
        features.append(Feature(label, tensors, sum(map(flow.channels, tensors))))
    if not any(len(set(_indices(flow.pieces(layer), index))) > 1 for layer in own if layer.op == "concat"):
        return None
    readers += _others(flow, readers, index)
    return Block(name, own, tuple(features), tuple(readers))


def _abreast(made: Sequence[Made], flow: Flow) -> Iterator[list[Made]]:
    """Branches side by side that read the same, and share layers or are read by the same: they are one layer."""
    group: list[Made] = []
    for one in made:
        if group and not _are_abreast(group[-1], one, flow):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _are_abreast(one: Made, other: Made, flow: Flow) -> bool:
    (steps, sources, tensor), (more, read, beside) = one, other
    return sources == read and (not set(steps).isdisjoint(more) or flow.read_by(tensor) == flow.read_by(beside))


def _label(tensor: str, number: int) -> str:
    """What is given: a part of what is split, or a whole tensor."""
    return f"part {number}" if tensor.endswith("]") else "input" if number == 1 else f"input {number}"


def _others(flow: Flow, makers: Sequence[Reader], index: dict[str, int]) -> Iterator[Reader]:
    """What reads all features at the end, and what adds the block's input."""
    taken = {layer.name for reader in makers for layer in reader.layers}
    behind = [(layer, read) for layer in flow.readers_behind(taken) if (read := flow.slices(layer))]
    for (label, read), side_by_side in groupby(behind, key=lambda one: (flow.label(one[0]), one[1])):
        last = tuple(layer for layer, _ in side_by_side)
        yield Reader(label, "last", last, flow.entries(last), _indices([tensor for tensor, _ in read], index))
    for layer in flow.own.values():
        if layer.op == "add" and layer.name not in taken:
            added = [tensor for tensor in flow.reads(layer) if tensor in index]
            if added:
                yield Reader("identity", "identity", (layer,), (), _indices(added, index))


def _indices(tensors: Sequence[str], index: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted({index[tensor] for tensor in tensors}))
