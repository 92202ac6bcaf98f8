"""Inference: which tensors are alive as each layer runs, and where they take most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from analysis.costs import element_bytes
from analysis.memory.budget import buffer_bytes, largest_batch, weight_bytes
from analysis.memory.storages import Storage, Storages
from analysis.summary import Summary
from archs.layer import Layer


class Moment(NamedTuple):
    """One layer as it runs."""

    layer: Layer
    #: Bytes of its output, 0 where it overwrites its input.
    allocated_bytes: int
    #: Bytes of all tensors alive, inputs and output of the layer among them; no weights.
    live_bytes: int


@dataclass(frozen=True, kw_only=True)
class InferenceMemory:
    """The tensors of one forward pass, each freed after its last reader: what the network needs.

    Not counted: the kernels' workspace, and tensors that a program's own variables hold beyond their last reader.
    """

    summary: Summary = field(repr=False)
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
        return self.peak.live_bytes

    @property
    def peak_layer(self) -> str:
        """Name of the layer at the peak."""
        return self.peak.layer.name

    @property
    def fixed_bytes(self) -> int:
        """What the batch does not change."""
        return self.weight_bytes + self.buffer_bytes

    @property
    def total_bytes(self) -> int:
        """Weights, buffers and the peak of the tensors."""
        return self.fixed_bytes + self.peak_bytes

    def largest_batch(self, budget_bytes: float) -> int:
        """The largest batch whose total fits. Raises: ConfigError: the budget is not a positive number."""
        return largest_batch(budget_bytes, self.fixed_bytes, self.peak_bytes, self.summary.batch_size)

    def alive_at(self, index: int) -> tuple[Storage, ...]:
        """The tensors that are alive as one layer runs, in the order of allocation."""
        return tuple(tensor for tensor in self.tensors if tensor.first <= index <= tensor.last)

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


def inference_memory(summary: Summary, *, inplace_relu: bool = True) -> InferenceMemory:
    """The memory of a forward pass. Raises: UnfollowedOpError: a tensor comes from nowhere."""
    layers = [cost.layer for cost in summary.layers]
    tensors = tuple(Storages(layers, element_bytes(summary.dtype), inplace_relu=inplace_relu))
    return InferenceMemory(
        summary=summary,
        weight_bytes=weight_bytes(summary),
        buffer_bytes=buffer_bytes(summary),
        timeline=tuple(_timeline(layers, tensors)),
        tensors=tensors,
    )


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
