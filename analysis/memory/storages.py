"""The pieces of memory behind the tensors of a network, and the edges along which these are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archs.errors import DenseScopeError
from archs.layer import INPUT, Layer

#: What a trace calls a tensor that was not computed from the image.
CONSTANT = "constant"


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
