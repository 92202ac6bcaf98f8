"""How long tensors are held at inference: by PyTorch's modules, or as little as their readers allow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from analysis.memory.heads import kept_by_locals, opened, outputs_of_plan, overwrites
from analysis.memory.storages import last_reads
from analysis.summary import Summary
from archs.layer import INPUT, Layer
from detectors import BackboneConfig

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
        by_rule = minimal if lifetimes == "minimal" else eager
        return by_rule(layers, summary.target.detector, inplace_relu=inplace_relu)
    held = recorded(summary)
    return held._replace(last=last_reads(layers)) if lifetimes == "minimal" else held


def outputs_of(summary: Summary) -> tuple[str, ...]:
    """Names of the layers that make what the network returns."""
    if summary.trace:
        return summary.trace.outputs
    return outputs_of_plan([cost.layer for cost in summary.layers], summary.target.detector)


def minimal(layers: Sequence[Layer], detector: BackboneConfig | None = None, *, inplace_relu: bool = True) -> Lifetimes:
    """Every tensor is freed after its last reader.

    Raises: UnfollowedOpError: a layer reads what no layer before it has made.
    """
    last = last_reads(layers)
    owner = {INPUT: INPUT}
    for index, layer in enumerate(layers):
        owner[layer.name] = layer.name
        if layer.op == "write" and len(layer.inputs) > 1:
            owner[layer.name] = owner[layer.inputs[1]]
        elif inplace_relu and overwrites(layer, detector) and last[layer.inputs[0]] == index:
            owner[layer.name] = owner[layer.inputs[0]]
    return Lifetimes(owner, last)


def eager(layers: Sequence[Layer], detector: BackboneConfig | None = None, *, inplace_relu: bool = True) -> Lifetimes:
    """Every tensor is held until the modules that were called with it return.

    While `module(x)` runs, Python holds `x` for the caller, though the first layer inside may be the last to read it.
    Which modules there are is told by the layers' dotted names; one that runs several times returns each time.

    Raises: UnfollowedOpError: a layer reads what no layer before it has made.
    """
    owner, last_read = minimal(layers, detector, inplace_relu=inplace_relu)
    not_called = opened(detector)
    paths = {INPUT: ("",)} | {layer.name: tuple(layer.name.split(".")) for layer in layers}
    returns = _returns([paths[layer.name] for layer in layers])
    last = dict.fromkeys(last_read, -1)
    for layer, ends in zip(layers, returns, strict=True):
        for tensor in last_read.keys() & set(layer.inputs):
            path = paths[layer.name]
            depth = _depth_of_call(paths[tensor], path)
            while path[: depth + 1] in not_called:
                depth += 1
            last[tensor] = max(last[tensor], ends[depth])
    for tensor, until in kept_by_locals(layers, detector):
        last[tensor] = max(last.get(tensor, -1), until)
    return Lifetimes(owner, last)


def _returns(paths: Sequence[tuple[str, ...]]) -> list[list[int]]:
    """For each layer, and each module around it from the outermost, the last layer before that returns."""
    returns = [[index] * len(path) for index, path in enumerate(paths)]
    for index in reversed(range(len(paths) - 1)):
        for depth, (part, following) in enumerate(zip(paths[index], paths[index + 1], strict=False)):
            if part != following:
                break
            returns[index][depth] = returns[index + 1][depth]
    return returns


def _depth_of_call(maker: tuple[str, ...], reader: tuple[str, ...]) -> int:
    """Which module around a reader is the outermost that the maker is not in: what its output was handed to."""
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(maker[:-1], reader, strict=False))
    return len(list(shared))


def recorded(summary: Summary) -> Lifetimes:
    """Every tensor is held as long as the module itself does, seen in a trace of it. Raises: TraceError."""
    assert summary.trace is not None
    owners, last, end = summary.trace.owners, summary.trace.last_held, len(summary.layers) - 1
    return Lifetimes(owners, {name: last.get(owner, end) for name, owner in owners.items()})
