"""The pieces of memory behind the tensors of a network: one a layer, but for layers that overwrite their input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
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
    """One piece of memory, from the layer that allocates it to the last that reads it."""

    #: The layer that allocates it, `INPUT` for the image.
    name: str
    nbytes: int
    #: Indices of layers; −1 for the image, which is there before the first.
    first: int
    last: int


class Storages:
    """Which storage each layer's output lies in.

    The image belongs to the caller and outlives the last layer, as does the output of the network.
    """

    def __init__(self, layers: Sequence[Layer], element_bytes: int, *, inplace_relu: bool = True) -> None:
        self.layers = layers
        self._owner = {INPUT: INPUT}
        self._nbytes = {INPUT: element_bytes * prod(layers[0].input_shapes[0])}
        self._last_read = last_reads(layers)
        for index, layer in enumerate(layers):
            overwrites = inplace_relu and layer.op == "relu" and self._last_read[layer.inputs[0]] == index
            self._owner[layer.name] = self._owner[layer.inputs[0]] if overwrites else layer.name
            if not overwrites:
                self._nbytes[layer.name] = element_bytes * prod(layer.output_shape)

    def owner(self, tensor: str) -> str:
        """The layer that allocated the storage of a tensor, which is named after the layer that made it."""
        return self._owner[tensor]

    def nbytes(self, tensor: str) -> int:
        """Bytes of the storage of a tensor."""
        return self._nbytes[self._owner[tensor]]

    def __iter__(self) -> Iterator[Storage]:
        """Every storage, in the order of allocation."""
        first = {name: index for index, name in enumerate((INPUT, *(layer.name for layer in self.layers)), start=-1)}
        last = dict.fromkeys(self._nbytes, -1)
        for tensor, owner in self._owner.items():
            last[owner] = max(last[owner], first[tensor], self._last_read.get(tensor, -1))
        end = len(self.layers) - 1
        last[INPUT] = last[self._owner[self.layers[-1].name]] = end
        return (Storage(name, nbytes, first[name], last[name]) for name, nbytes in self._nbytes.items())


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
