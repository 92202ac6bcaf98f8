"""The pieces of memory behind a network's tensors, what lies there whatever the batch, and what the batch adds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, NamedTuple

from analysis.meter import element_bytes
from analysis.saved import INDEX_BYTES
from analysis.summary import Summary
from archs import checks
from archs.errors import ConfigError, DenseScopeError
from archs.layer import CONSTANT, INPUT, Layer


class UnfollowedOpError(DenseScopeError, NotImplementedError):
    """The tensors of a layer cannot be followed."""

    def __init__(self, layer: Layer, reason: str) -> None:
        super().__init__(f"The memory of layer {layer.name!r} cannot be followed: {layer.op!r} {reason}.")
        self.op, self.layer = layer.op, layer.name


class Storage(NamedTuple):
    """One piece of memory, from the layer that allocates it to the last as which it is held."""

    #: The layer that allocates it, `INPUT` for the image.
    name: str
    nbytes: int
    #: Indices of layers; −1 for the image, which is there before the first.
    first: int
    last: int


def last_reads(layers: Sequence[Layer]) -> dict[str, int]:
    """For every tensor that is read, the index of its last reader.

    Raises: UnfollowedOpError: a layer reads what no layer before it has made.
    """
    made, last = {INPUT, CONSTANT}, {}
    for index, layer in enumerate(layers):
        for tensor in layer.inputs:
            if tensor not in made:
                raise UnfollowedOpError(layer, f"reads {tensor!r}, which no layer before it makes")
            last[tensor] = index
        made.add(layer.name)
    last.pop(CONSTANT, None)
    return last


def weight_bytes(summary: Summary) -> int:
    """Bytes of the parameters, whether the forward pass of a module reaches them or not."""
    module = summary.target.module
    params = summary.params if module is None else sum(parameter.numel() for parameter in module.parameters())
    return params * element_bytes(summary.dtype)


def buffer_bytes(summary: Summary) -> int:
    """Bytes of a module's buffers; by plan of the running mean, the running variance and the batch counter (int64) of
    every batch norm, and of indices (int64)."""
    size, module = element_bytes(summary.dtype), summary.target.module
    if module is not None:
        sizes = (
            (buffer.numel(), size if buffer.is_floating_point() else buffer.element_size())
            for buffer in module.buffers()
        )
        return sum(numel * nbytes for numel, nbytes in sizes)
    layers = [cost.layer for cost in summary.layers]
    norms, indices = (
        [layer.output_shape[1] for layer in layers if layer.op == op] for op in ("batch_norm", "index_select")
    )
    return sum(2 * size * channels + INDEX_BYTES for channels in norms) + INDEX_BYTES * sum(indices)


def input_bytes(summary: Summary) -> int:
    """Bytes of what the network is given."""
    size = element_bytes(summary.dtype)
    if summary.trace is None:
        return size * sum(map(prod, summary.input_shapes))
    from analysis.trace.stand_in import tensors_in

    tensors = tensors_in(tuple(summary.trace.inputs))
    return sum(one.numel() * (size if one.is_floating_point() else one.element_size()) for one in tensors)


def inputs_of(summary: Summary, times: int = 1) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that a module is run with, tensors without data; of a batch so many times as large."""
    from torch import Tensor
    from torch.utils._pytree import tree_map_only

    def grown(tensor: Tensor) -> Tensor:
        batch, *sides = tensor.shape or (0,)
        return tensor.new_empty((times * batch, *sides)) if batch == summary.batch_size else tensor

    assert summary.trace is not None
    args, kwargs = summary.trace.inputs
    grown_args, grown_kwargs = tree_map_only(Tensor, grown, (args, kwargs))
    return grown_args, grown_kwargs


@dataclass(frozen=True)
class Footprint:
    """What a network holds at most in one mode, by its batch: the highest of some lines, one a moment."""

    mode: str
    #: Of each moment: what the batch does not change, and what a batch of `batch_size` adds.
    lines: tuple[tuple[int, int], ...]
    batch_size: int

    def total_bytes(self, batch_size: int) -> int:
        """Everything that is held at some batch."""
        images = checks.integer("batch_size", batch_size, 0, 2**63 - 1)
        return max(fixed + batch * images // self.batch_size for fixed, batch in self.lines)

    def largest_batch(self, budget_bytes: float) -> int:
        """The largest batch whose total fits, 0 if not one image does.

        >>> Footprint("training", lines=((200, 300), (600, 20)), batch_size=2).largest_batch(1000)
        5

        Raises: ConfigError: the budget is not a positive number.
        """
        budget = checks.real(budget_bytes)
        if budget is None or not 0 < budget < float("inf"):
            raise ConfigError("budget_bytes", budget_bytes, "a positive number of bytes")
        return max(0, min((int(budget) - fixed) * self.batch_size // batch for fixed, batch in self.lines))


def highest(lines: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """The lines that are not below another at every batch.

    >>> highest([(1, 5), (2, 5), (3, 4), (1, 2)])
    ((2, 5), (3, 4))
    """
    found: list[tuple[int, int]] = []
    for fixed, batch in sorted(set(lines), key=lambda line: (-line[1], -line[0])):
        if not found or fixed > found[-1][0]:
            found.append((fixed, batch))
    return tuple(found)
