"""Memory along the depth of a network, by kind: what is alive as each layer runs, what has been kept so far."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import nlargest
from itertools import accumulate
from typing import NamedTuple

from analysis.memory.inference import InferenceMemory
from analysis.memory.saved_tensors import SAVED_KINDS
from analysis.memory.storages import Storage
from analysis.memory.training import TrainingMemory
from analysis.ops import KINDS, op_kind
from archs.layer import INPUT

#: Kinds of live tensors, in the order of every legend: the image, and the kinds of the layers that allocate the rest.
LIVE_KINDS = ("image", *KINDS)


class Alive(NamedTuple):
    """The tensors that are alive as one layer runs."""

    tensors: int
    #: The largest of them, the largest first.
    largest: tuple[Storage, ...]


def live_by_kind(memory: InferenceMemory) -> dict[str, list[int]]:
    """Live bytes as each layer runs, for every kind of tensor that there is: that of the layer which allocates it.

    The kinds of one layer add up to its `Moment.live_bytes`.
    """
    kinds = {moment.layer.name: op_kind(moment.layer) for moment in memory.timeline} | {INPUT: "image"}
    changes = {kind: [0] * (len(memory.timeline) + 1) for kind in LIVE_KINDS}
    for tensor in memory.tensors:
        change = changes[kinds[tensor.name]]
        change[max(tensor.first, 0)] += tensor.nbytes
        change[tensor.last + 1] -= tensor.nbytes
    return {kind: list(accumulate(change[:-1])) for kind, change in changes.items() if any(change)}


def alive_at_each(memory: InferenceMemory, most: int) -> Iterator[Alive]:
    """For every layer in execution order, how many tensors are alive as it runs, and the largest of them."""
    starting: dict[int, list[Storage]] = {}
    for tensor in memory.tensors:
        starting.setdefault(max(tensor.first, 0), []).append(tensor)
    alive: list[Storage] = []
    for index in range(len(memory.timeline)):
        alive = [tensor for tensor in alive if tensor.last >= index] + starting.get(index, [])
        yield Alive(len(alive), tuple(nlargest(most, alive, key=lambda tensor: tensor.nbytes)))


def kept_by_kind(memory: TrainingMemory) -> dict[str, list[int]]:
    """Bytes kept for the backward pass once each layer has run, for every kind that there is."""
    index = {layer.name: number for number, layer in enumerate(memory.layers)}
    sums = {kind: [0] * len(index) for kind in kinds_in_order(saved.kind for saved in memory.saved)}
    for saved in memory.saved:
        sums[saved.kind][index[saved.layer]] += saved.nbytes
    return {kind: list(accumulate(values)) for kind, values in sums.items() if any(values)}


def kinds_in_order(kinds: Iterable[str], order: Sequence[str] = SAVED_KINDS) -> list[str]:
    """Each of some kinds once, in the order of every legend."""
    return sorted(set(kinds), key=order.index)
