"""What a network saves for the backward pass, each tensor once and with a name for why, or makes again instead."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from analysis.memory.storages import last_reads
from analysis.ops import find_op
from analysis.saved import NOTHING, SavedRule
from archs.layer import INPUT, Layer
from archs.registry import check_recomputes, get_family


class Recomputation(NamedTuple):
    """What `archs.recompute` does, in terms of layers, which are given by their names."""

    #: Those whose results are made again.
    recomputed: frozenset[str] = frozenset()
    #: Those that keep what they read, even if it can be made again.
    as_is: frozenset[str] = frozenset()
    #: Poolings that keep the shape of what they read alone.
    shape_only: frozenset[str] = frozenset()
    #: What runs in the backward pass, by the layer for which it does: a layer as often as its result is made again.
    runs: Mapping[str, tuple[str, ...]] = {}


#: Everything is kept.
PLAIN = Recomputation()


def recomputation(layers: Sequence[Layer], config: Any, frozen: Collection[str] = ()) -> Recomputation:
    """What a network makes again: nothing, unless its config is `memory_efficient`.

    Args:
        layers: in execution order.
        config: of the network, None where it has none.
        frozen: names of batch norms with fixed statistics, around which nothing is made again.

    Raises: ConfigError: it cannot be `memory_efficient`.
    """
    if config is None or not config.memory_efficient:
        return PLAIN
    rule = get_family(check_recomputes(config).family).training.recompute
    return (pre_activation if rule == "pre_activation" else post_activation)(layers, frozen)


def pre_activation(layers: Sequence[Layer], frozen: Collection[str]) -> Recomputation:
    """The batch norm and ReLU in front of a convolution, and the concatenation in front of those.

    Only within one module, which is where the backward pass can make them again: the output of a dense block is kept.
    An average pooling behind such a convolution, in the same module, keeps nothing.
    """
    made_by = {layer.name: layer for layer in layers}
    recomputed: set[str] = set()
    readers, poolings = [], []
    for layer in layers:
        chain = _chain(layer, made_by)
        ops = [link.op for link in chain]
        if ops[:3] == ["conv2d", "relu", "batch_norm"] and chain[2].name not in frozen:
            recomputed.update(link.name for link in chain[1:] if link.op in ("relu", "batch_norm", "concat"))
            readers.append(layer)
        if layer.op in ("avg_pool2d", "max_pool2d") and chain[1:2] == readers[-1:]:
            poolings.append(layer.name)
    runs = {layer.name: tuple(_made_again(layer.inputs[0], made_by, recomputed)) for layer in readers}
    return Recomputation(frozenset(recomputed), frozenset(), frozenset(poolings), runs)


def post_activation(layers: Sequence[Layer], frozen: Collection[str]) -> Recomputation:
    """Every batch norm with its ReLU, and every concatenation of such; poolings keep no input.

    The backward pass makes the result of a ReLU again for the ReLU itself, and for each convolution or product that
    reads it. A convolution in front of a frozen batch norm keeps what it reads.
    """
    made_by = {layer.name: layer for layer in layers}
    frozen_modules = {_module(name) for name in frozen if name in made_by and made_by[name].op == "batch_norm"}
    recomputed: set[str] = set()
    as_is: set[str] = set()
    runs: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        behind = [tensor for tensor in layer.inputs if tensor in recomputed]
        if (layer.op == "batch_norm" and layer.name not in frozen) or (layer.op in ("relu", "concat") and behind):
            recomputed.add(layer.name)
        if layer.op == "conv2d" and _module(layer.name) in frozen_modules:
            as_is.add(layer.name)
        elif behind and layer.op in ("conv2d", "mul", "relu"):
            made = [layer.name] if layer.op == "relu" else behind
            runs[layer.name] = tuple(name for tensor in made for name in _made_again(tensor, made_by, recomputed))
    poolings = {layer.name for layer in layers if layer.op in ("avg_pool2d", "max_pool2d")}
    return Recomputation(frozenset(recomputed), frozenset(as_is), frozenset(poolings), runs)


def _module(layer: str) -> str:
    return layer.rpartition(".")[0]


def _chain(layer: Layer, made_by: dict[str, Layer]) -> list[Layer]:
    """A layer and up to three of its module that lead to it, each by its first input, the last first."""
    chain = [layer]
    while len(chain) < 4 and chain[-1].op != "concat":
        before = made_by.get(chain[-1].inputs[0])
        if before is None or _module(before.name) != _module(layer.name):
            break
        chain.append(before)
    return chain


def _made_again(tensor: str, made_by: dict[str, Layer], recomputed: Collection[str], within: str = "") -> Iterator[str]:
    """The layers that make a tensor of what is kept, in order; concatenations within another are one with it."""
    if tensor in recomputed:
        layer = made_by[tensor]
        for source in layer.inputs:
            yield from _made_again(source, made_by, recomputed, layer.op)
        if not layer.op == within == "concat":
            yield tensor


#: Kinds of saved memory, in the order of every legend.
SAVED_KINDS = (
    "concat copy",
    "features",
    "BN input",
    "ReLU output",
    "conv input",
    "pooling input",
    "pooling index",
    "boxes",
    "activation input",
    "activation output",
    "product operand",
    "linear input",
    "dropout mask",
    "LN input",
    "LN statistics",
    "GN input",
    "GN statistics",
    "BN statistics",
    "other",
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

    Raises: UnfollowedOpError: a tensor comes from nowhere.
    """
    last_reads(layers)
    sizes = {INPUT: prod(layers[0].input_shapes[0])} if layers else {}
    sizes |= {layer.name: prod(layer.output_shape) for layer in layers}
    made_by = {layer.name: layer for layer in layers}
    known: set[str] = set()
    for layer in layers:
        rule = rule_of(layer)
        for tensor, source in kept_by(layer, made_by, recomputation):
            if source not in known:
                known.add(source)
                kind = _kind(tensor, source, made_by) or rule.kind
                yield Saved(source, layer.name, layer.stage, kind, element_bytes * sizes[source])
        if layer.name not in frozen and (extra := rule.extra_bytes(layer, element_bytes)):
            yield Saved(layer.name, layer.name, layer.stage, rule.extra_kind, extra)


def kept_by(layer: Layer, made_by: Mapping[str, Layer], recomputation: Recomputation) -> Iterator[tuple[str, str]]:
    """Each tensor that a layer needs again, with itself or whatever is kept in its place."""
    again = () if layer.name in recomputation.as_is else recomputation.recomputed
    for tensor in () if layer.name in recomputation.shape_only else rule_of(layer).tensors(layer):
        for source in _made_of(tensor, made_by, again):
            yield tensor, source


def rule_of(layer: Layer) -> SavedRule:
    """What its op saves; nothing that is known where there is no rule, as for some ops of modules from elsewhere."""
    return find_op(layer.op).saved or NOTHING


def _made_of(tensor: str, made_by: Mapping[str, Layer], recomputed: Collection[str]) -> Iterator[str]:
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
