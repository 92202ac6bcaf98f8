"""How long a program holds the memory of each tensor, seen as it runs: from the first mention to Python's release."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from torch import Tensor

from archs.layer import Layer


class HeldMemory:
    """The pieces of memory of a trace, each under the name of the layer that wrote to it first.

    A trace may use several stand-ins for one piece, where a layer overwrites its input; they count as one.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = layers
        self._writer: dict[int, str] = {}
        self._overwrites: dict[str, str] = {}
        self._released: dict[str, int] = {}

    def see(self, tensor: Tensor, source: str) -> None:
        """Take note of a tensor, or of one more name for what a layer has written to it."""
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._writer:
            self._writer[key] = source
            weakref.finalize(storage, self._release, key).atexit = False
        elif source != self._writer[key] and source not in self._overwrites:
            self._overwrites[source] = self._writer[key]

    def _release(self, key: int) -> None:
        self._released[self.owner(self._writer.pop(key))] = len(self._layers) - 1

    def owner(self, layer: str) -> str:
        """The layer whose memory another writes to; itself if it allocates its own."""
        while layer in self._overwrites:
            layer = self._overwrites[layer]
        return layer

    def last_held(self) -> dict[str, int]:
        """Index of the last layer as which the memory of each owner was held; without what is still held."""
        held = {self.owner(name) for name in self._writer.values()}
        return {name: last for name, last in self._released.items() if name not in held}
