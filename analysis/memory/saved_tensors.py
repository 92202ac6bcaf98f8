"""What a network saves for the backward pass: every tensor once, with a name for why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from math import prod
from typing import NamedTuple

from analysis.memory.recomputation import PLAIN, Recomputation
from analysis.memory.storages import UnfollowedOpError, last_reads
from analysis.ops import find_op
from analysis.saved import SavedRule
from archs.layer import INPUT, Layer

#: Kinds of saved memory, in the order of every legend.
SAVED_KINDS = (
    "concat copy",
    "features",
    "BN input",
    "ReLU output",
    "conv input",
    "pooling input",
    "pooling index",
    "activation input",
    "activation output",
    "product operand",
    "linear input",
    "dropout mask",
    "LN input",
    "LN statistics",
    "BN statistics",
)


class Saved(NamedTuple):
    """One piece of memory that is saved for the backward pass."""

    #: The layer that made the tensor, or the one that keeps it for figures of its own.
    tensor: str
    #: The first layer that keeps it.
    layer: str
    stage: str
    #: One of `SAVED_KINDS`.
    kind: str
    nbytes: int


def saved_tensors(
    layers: Sequence[Layer], element_bytes: int, frozen: Collection[str] = (), recomputation: Recomputation = PLAIN
) -> Iterator[Saved]:
    """What is saved by a forward pass in training, in the order of saving.

    Whether a layer overwrites its input makes no difference: autograd refuses to overwrite what it keeps.

    Args:
        layers: in execution order, with those of training alone.
        element_bytes: bytes of one element.
        frozen: names of batch norms with fixed statistics.
        recomputation: which layers run again in the backward pass: in place of their results, what these are made of
            is saved.

    Raises: UnfollowedOpError: it is not known what an op keeps; a tensor comes from nowhere.
    """
    last_reads(layers)
    sizes = {INPUT: prod(layers[0].input_shapes[0])} | {layer.name: prod(layer.output_shape) for layer in layers}
    made_by = {layer.name: layer for layer in layers}
    known: set[str] = set()
    for layer in layers:
        rule = _rule(layer)
        for tensor in () if layer.name in recomputation.shape_only else rule.tensors(layer):
            again = () if layer.name in recomputation.as_is else recomputation.recomputed
            for source in _made_of(tensor, made_by, again):
                if source not in known:
                    known.add(source)
                    kind = _kind(tensor, source, made_by) or rule.kind
                    yield Saved(source, layer.name, layer.stage, kind, element_bytes * sizes[source])
        if layer.name not in frozen and (extra := rule.extra_bytes(layer, element_bytes)):
            yield Saved(layer.name, layer.name, layer.stage, rule.extra_kind, extra)


def _rule(layer: Layer) -> SavedRule:
    op = find_op(layer.op)
    if op.saved is None:
        raise UnfollowedOpError(layer, "has no rule that says what it keeps for the backward pass")
    if op.is_weighted and op.is_product and layer.extra_params:
        raise UnfollowedOpError(layer, "has weights that are fixed, shared or computed from others")
    return op.saved


def _made_of(tensor: str, made_by: dict[str, Layer], recomputed: Collection[str]) -> Iterator[str]:
    """The tensor itself, or what is saved to make it again."""
    if tensor not in recomputed:
        yield tensor
        return
    for source in made_by[tensor].inputs:
        yield from _made_of(source, made_by, recomputed)


def _kind(tensor: str, source: str, made_by: dict[str, Layer]) -> str:
    """What its maker tells of a tensor that is saved as the source of another or for itself."""
    if tensor != source and made_by[tensor].op == "concat":
        return "features"
    rule = find_op(made_by[source].op).saved if source in made_by else None
    return rule.made_kind if rule else ""
