"""Which layer's memory each tensor lies in, and how long it is held: by its readers, or by a program as written.

Tensors have the names of the layers that make them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from analysis.memory.storages import last_reads
from analysis.summary import Summary
from archs.layer import INPUT, Layer

#: As PyTorch's modules hold tensors under CPython; as little as the readers allow.
LIFETIMES = ("eager", "minimal")


class Lifetimes(NamedTuple):
    """How a network's tensors share memory, and when they are given up."""

    #: The layer that allocated the memory of each tensor, `INPUT` for the image.
    owner: dict[str, str]
    #: Index of the last layer as which each tensor is held; its own for those that are not listed.
    last: dict[str, int]


def lifetimes_of(summary: Summary, lifetimes: str, *, inplace_relu: bool = True) -> Lifetimes:
    """One of `LIFETIMES`, by rule for a layer plan, from a trace for a module, which overwrites what it overwrites."""
    layers = [cost.layer for cost in summary.layers]
    if summary.route == "plan":
        return (minimal if lifetimes == "minimal" else eager)(layers, inplace_relu=inplace_relu)
    held = recorded(summary)
    return held._replace(last=last_reads(layers)) if lifetimes == "minimal" else held


def minimal(layers: Sequence[Layer], *, inplace_relu: bool = True) -> Lifetimes:
    """Every tensor is freed after its last reader.

    Raises: UnfollowedOpError: a layer reads what no layer before it has made.
    """
    last = last_reads(layers)
    owner = {INPUT: INPUT}
    for index, layer in enumerate(layers):
        overwrites = inplace_relu and layer.op == "relu" and last[layer.inputs[0]] == index
        owner[layer.name] = owner[layer.inputs[0]] if overwrites else layer.name
    return Lifetimes(owner, last)


def eager(layers: Sequence[Layer], *, inplace_relu: bool = True) -> Lifetimes:
    """Every tensor is held until the modules that were called with it return.

    While `module(x)` runs, Python holds `x` for the caller, though the first layer inside may be the last to read it.
    Which modules there are is told by the layers' dotted names.

    Raises: UnfollowedOpError: a layer reads what no layer before it has made.
    """
    owner, last_read = minimal(layers, inplace_relu=inplace_relu)
    paths = {INPUT: ("",)} | {layer.name: tuple(layer.name.split(".")) for layer in layers}
    returns = {}
    for index, path in enumerate(paths[layer.name] for layer in layers):
        for depth in range(1, len(path) + 1):
            returns[path[:depth]] = index
    last = dict.fromkeys(last_read, -1)
    for layer in layers:
        for tensor in last_read.keys() & set(layer.inputs):
            called = _called(paths[tensor], paths[layer.name])
            last[tensor] = max(last[tensor], returns[called])
    return Lifetimes(owner, last)


def _called(maker: tuple[str, ...], reader: tuple[str, ...]) -> tuple[str, ...]:
    """The outermost module around a reader that the maker is not in: what its output was handed to."""
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(maker[:-1], reader, strict=False))
    return reader[: len(list(shared)) + 1]


def recorded(summary: Summary) -> Lifetimes:
    """Every tensor is held as long as the module itself does, seen in a trace of it. Raises: TraceError."""
    from analysis.trace import record

    target = summary.target
    channels = target.module_input.in_channels
    held = record(target.without_weights(), summary.image_size, summary.batch_size, channels).held
    names = (INPUT, *(cost.layer.name for cost in summary.layers))
    owner = {name: held.owner(name) for name in names}
    end, last = len(summary.layers) - 1, held.last_held()
    return Lifetimes(owner, {name: last.get(owner[name], end) for name in names})
