"""Which layers of a memory-efficient network run again in the backward pass instead of keeping their results."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from archs.layer import Layer


class Recomputation(NamedTuple):
    """What `archs.densenet.recompute` does, in terms of layers."""

    #: Names of the layers whose results are made again.
    recomputed: frozenset[str] = frozenset()
    #: Names of the poolings that keep the shape of their input alone.
    shape_only: frozenset[str] = frozenset()


#: Everything is kept.
PLAIN = Recomputation()


def recomputation(layers: Iterable[Layer], frozen: Collection[str] = ()) -> Recomputation:
    """Find the batch norm and ReLU in front of a convolution, and the concatenation in front of those.

    Only within one module, which is where the backward pass can make them again: the output of a dense block is kept.
    An average pooling behind such a convolution, in the same module, keeps nothing.

    Args:
        layers: of the network, in execution order.
        frozen: names of batch norms with fixed statistics, which run as they do without recomputation.
    """
    by_name: dict[str, Layer] = {}
    recomputed: set[str] = set()
    shape_only: set[str] = set()
    for layer in layers:
        by_name[layer.name] = layer
        chain = _chain(layer, by_name)
        ops = [link.op for link in chain]
        if ops[:3] == ["conv2d", "relu", "batch_norm"] and chain[2].name not in frozen:
            recomputed.update(link.name for link in chain[1:4] if link.op in ("relu", "batch_norm", "concat"))
        if ops[:2] == ["avg_pool2d", "conv2d"] and chain[1].inputs[0] in recomputed:
            shape_only.add(layer.name)
    return Recomputation(frozenset(recomputed), frozenset(shape_only))


def _chain(layer: Layer, by_name: dict[str, Layer]) -> list[Layer]:
    """A layer and those of its module that lead to it, each by its first input, the last first."""
    chain, scope = [layer], layer.name.rpartition(".")[0]
    while len(chain) < 4 and chain[-1].op != "concat":
        before = by_name.get(chain[-1].inputs[0])
        if before is None or before.name.rpartition(".")[0] != scope:
            break
        chain.append(before)
    return chain
