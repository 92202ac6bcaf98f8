"""What PyTorch's autograd keeps of each operation for the backward pass: one table, op -> tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import prod
from typing import NamedTuple

from analysis.memory.storages import CONSTANT, Storages, UnfollowedOpError
from archs.layer import Layer

#: Bytes of one index of a max pooling, an int64.
INDEX_BYTES = 8

#: Kinds of saved memory, in the order of every legend.
SAVED_KINDS = (
    "concat copy",
    "BN input",
    "ReLU output",
    "conv input",
    "pooling input",
    "pooling index",
    "activation input",
    "product operand",
    "linear input",
    "dropout mask",
    "BN statistics",
)


class Saved(NamedTuple):
    """One piece of memory that is kept from the forward to the backward pass."""

    #: The layer that made the tensor, or the one that keeps it for figures of its own.
    tensor: str
    #: The first layer that keeps it.
    layer: str
    stage: str
    #: One of `SAVED_KINDS`.
    kind: str
    nbytes: int


class Rule(NamedTuple):
    """What one op keeps; weights are not listed, they are there anyway."""

    inputs: bool = False
    output: bool = False
    #: The kind of what it keeps, unless the layer that made it tells more.
    kind: str = ""
    #: What else it keeps, with the kind: bytes of a layer at so many bytes an element.
    extra_kind: str = ""
    extra_bytes: Callable[[Layer, int], int] | None = None


def _statistics(layer: Layer, element_bytes: int) -> int:
    """Mean and inverse standard deviation of the batch, one of each a channel."""
    return 2 * element_bytes * layer.output_shape[1]


def _indices(layer: Layer, _: int) -> int:
    """Where each maximum was."""
    return INDEX_BYTES * prod(layer.output_shape)


#: Checked against `torch.autograd.graph.saved_tensors_hooks` in tests/test_memory.py.
SAVES = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "conv_transpose2d"), Rule(inputs=True, kind="conv input")),
    "linear": Rule(inputs=True, kind="linear input"),
    "batch_norm": Rule(inputs=True, kind="BN input", extra_kind="BN statistics", extra_bytes=_statistics),
    "relu": Rule(output=True, kind="ReLU output"),
    "hardsigmoid": Rule(inputs=True, kind="activation input"),
    "max_pool2d": Rule(inputs=True, kind="pooling input", extra_kind="pooling index", extra_bytes=_indices),
    "avg_pool2d": Rule(inputs=True, kind="pooling input"),
    "mul": Rule(inputs=True, kind="product operand"),
    **dict.fromkeys(("concat", "add", "global_avg_pool"), Rule()),
}
#: Layers whose output is named after them, whichever layer keeps it.
_KIND_BY_MAKER = {"concat": "concat copy", "relu": "ReLU output"}


def saved_tensors(layers: Iterable[Layer], storages: Storages, element_bytes: int) -> Iterator[Saved]:
    """What is kept after a forward pass in training, every storage once, in the order of keeping.

    Raises: UnfollowedOpError: it is not known what an op keeps.
    """
    kept, ops = set(), {}
    for layer in layers:
        rule = SAVES.get(layer.op)
        if rule is None:
            raise UnfollowedOpError(layer, "has no rule that says what it keeps for the backward pass")
        ops[layer.name] = layer.op
        for tensor in _tensors(layer, rule):
            if storages.owner(tensor) not in kept:
                kept.add(storages.owner(tensor))
                kind = _KIND_BY_MAKER.get(ops.get(tensor, ""), rule.kind)
                yield Saved(tensor, layer.name, layer.stage, kind, storages.nbytes(tensor))
        if rule.extra_bytes is not None:
            extra = rule.extra_bytes(layer, element_bytes)
            yield Saved(layer.name, layer.name, layer.stage, rule.extra_kind, extra)


def _tensors(layer: Layer, rule: Rule) -> Iterator[str]:
    """Names of the tensors that a layer keeps."""
    if rule.inputs:
        yield from (tensor for tensor in layer.inputs if tensor != CONSTANT)
    if rule.output:
        yield layer.name
