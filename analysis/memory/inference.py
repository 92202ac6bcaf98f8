"""Inference: which tensors are alive as each layer runs, and where they take most."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from heapq import nlargest
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

from analysis.memory.lifetimes import Lifetimes, lifetimes_of, outputs_of
from analysis.memory.saved_tensors import rule_of
from analysis.memory.storages import Footprint, Storage, buffer_bytes, input_bytes, inputs_of, weight_bytes
from analysis.meter import element_bytes
from analysis.ops import KINDS, op_kind
from analysis.summary import Summary
from archs.layer import INPUT, Layer

#: Ops that make what training saves of them, the places of maxima or the statistics of rows, even if nobody asks.
MAKING_MORE = ("max_pool2d", "layer_norm", "group_norm")
#: Kinds of live tensors, in the order of every legend: the image, and the kinds of the layers that allocate the rest.
LIVE_KINDS = ("image", *KINDS)


class Moment(NamedTuple):
    """One layer as it runs."""

    layer: Layer
    #: Bytes of its output and of what it makes beside (`MAKING_MORE`), 0 where it overwrites its input.
    allocated_bytes: int
    #: Bytes of all tensors alive, inputs and output of the layer among them; no weights.
    live_bytes: int


class Alive(NamedTuple):
    """The tensors that are alive as one layer runs."""

    tensors: int
    #: The largest of them, the largest first.
    largest: tuple[Storage, ...]


@dataclass(frozen=True, kw_only=True)
class InferenceMemory:
    """The tensors of one forward pass without gradients.

    Not counted: the kernels' workspace, which depends on device and algorithm.
    """

    summary: Summary = field(repr=False)
    #: "eager" or "minimal": how long tensors are held.
    lifetimes: str
    weight_bytes: int
    #: Running statistics of the batch norms.
    buffer_bytes: int
    timeline: tuple[Moment, ...] = field(repr=False)
    #: Every tensor with its lifetime, the image among them.
    tensors: tuple[Storage, ...] = field(repr=False)

    @property
    def peak(self) -> Moment:
        """The first layer at which most bytes are alive."""
        return max(self.timeline, key=lambda moment: moment.live_bytes)

    @property
    def peak_bytes(self) -> int:
        """Most bytes of tensors alive at once; weights and buffers excluded."""
        return self.peak.live_bytes if self.timeline else sum(tensor.nbytes for tensor in self.tensors)

    @property
    def peak_layer(self) -> str:
        """Name of the layer at the peak."""
        return self.peak.layer.name if self.timeline else INPUT

    @property
    def fixed_bytes(self) -> int:
        """What the batch does not change."""
        return self.weight_bytes + self.buffer_bytes

    @property
    def total_bytes(self) -> int:
        """Weights, buffers and the peak of the tensors."""
        return self.fixed_bytes + self.peak_bytes

    @property
    def footprint(self) -> Footprint:
        """The total over the batch."""
        return Footprint("inference", ((self.fixed_bytes, self.peak_bytes),), self.summary.batch_size)

    def largest_batch(self, budget_bytes: float) -> int:
        """As `Footprint.largest_batch`."""
        return self.footprint.largest_batch(budget_bytes)

    def alive_at(self, index: int) -> tuple[Storage, ...]:
        """The tensors that are alive as one layer runs, in the order of allocation."""
        return tuple(tensor for tensor in self.tensors if tensor.first <= index <= tensor.last)

    def live_by_kind(self) -> dict[str, list[int]]:
        """Live bytes as each layer runs, for every kind of tensor that there is: that of the layer which allocates it.

        The kinds of one layer add up to its `Moment.live_bytes`.
        """
        kinds = {moment.layer.name: op_kind(moment.layer) for moment in self.timeline} | {INPUT: "image"}
        changes = {kind: [0] * (len(self.timeline) + 1) for kind in LIVE_KINDS}
        for tensor in self.tensors:
            change = changes[kinds[tensor.name]]
            change[max(tensor.first, 0)] += tensor.nbytes
            change[tensor.last + 1] -= tensor.nbytes
        return {kind: list(accumulate(change[:-1])) for kind, change in changes.items() if any(change)}

    def alive_at_each(self, most: int) -> Iterator[Alive]:
        """For every layer in execution order, how many tensors are alive as it runs, and the largest of them."""
        starting: dict[int, list[Storage]] = {}
        for tensor in self.tensors:
            starting.setdefault(max(tensor.first, 0), []).append(tensor)
        alive: list[Storage] = []
        for index in range(len(self.timeline)):
            alive = [tensor for tensor in alive if tensor.last >= index] + starting.get(index, [])
            yield Alive(len(alive), tuple(nlargest(most, alive, key=lambda tensor: tensor.nbytes)))

    def rows(self) -> list[dict[str, Any]]:
        """One row a layer."""
        return [
            {
                "name": layer.name,
                "stage": layer.stage,
                "op": layer.op,
                "allocated_bytes": allocated,
                "live_bytes": live,
            }
            for layer, allocated, live in self.timeline
        ]


def inference_memory(summary: Summary, lifetimes: str = "eager", *, inplace_relu: bool = True) -> InferenceMemory:
    """The memory of a forward pass, with one of `LIFETIMES`.

    Raises:
        UnfollowedOpError: a tensor comes from nowhere.
        TraceError: the lifetimes of a module cannot be traced.
    """
    layers = [cost.layer for cost in summary.layers]
    held = lifetimes_of(summary, lifetimes, inplace_relu=inplace_relu)
    tensors = tuple(_storages(summary, held))
    found = InferenceMemory(
        summary=summary,
        lifetimes=lifetimes,
        weight_bytes=weight_bytes(summary),
        buffer_bytes=buffer_bytes(summary),
        timeline=tuple(_timeline(layers, tensors)),
        tensors=tensors,
    )
    return _as_seen(found) if summary.target.planned is None and lifetimes == "eager" else found


def _as_seen(found: InferenceMemory) -> InferenceMemory:
    """The same, unless PyTorch itself holds more or less: then operation by operation, several to a layer."""
    from analysis.memory.naming import layer_running
    from analysis.memory.observed import observe_pass
    from analysis.trace.stand_in import stand_in

    summary = found.summary
    module = stand_in(summary.target.without_weights())
    seen = observe_pass(module, inputs_of(summary), summary.dtype)
    running = layer_running([cost.layer for cost in summary.layers], dict(module.named_modules()))
    layers = [running(path) for path in seen.moments]
    names = [layer.name for layer in layers] + [INPUT]
    tensors = tuple([Storage(names[first], nbytes, first, last) for nbytes, first, last in seen.pieces])
    as_seen = replace(found, timeline=tuple(_timeline(layers, tensors)), tensors=tensors)
    return found if as_seen.peak_bytes == found.peak_bytes else as_seen


def _storages(summary: Summary, held: Lifetimes) -> Iterator[Storage]:
    """Every storage, in the order of allocation.

    The image belongs to the caller and outlives the last layer, as does what the network returns.
    """
    layers, size = [cost.layer for cost in summary.layers], element_bytes(summary.dtype)
    end = len(layers) - 1
    last = {INPUT: end}
    for index, layer in enumerate(layers):
        owner = held.owner[layer.name]
        last[owner] = max(last.get(owner, -1), held.last.get(layer.name, index))
    for name in outputs_of(summary):
        last[held.owner[name]] = end
    yield Storage(INPUT, input_bytes(summary), -1, end)
    for index, layer in enumerate(layers):
        if held.owner[layer.name] == layer.name:
            yield Storage(layer.name, size * prod(layer.output_shape), index, last[layer.name])
        if layer.op in MAKING_MORE:
            yield Storage(layer.name, rule_of(layer).extra_bytes(layer, size), index, index)


def _timeline(layers: list[Layer], tensors: Iterable[Storage]) -> Iterable[Moment]:
    allocated, freed = [0] * (len(layers) + 1), [0] * (len(layers) + 1)
    for tensor in tensors:
        allocated[tensor.first] += tensor.nbytes  # the image's −1 is the extra place at the end
        freed[tensor.last] += tensor.nbytes
    live = allocated[-1]
    for index, layer in enumerate(layers):
        live += allocated[index]
        yield Moment(layer, allocated[index], live)
        live -= freed[index]
