"""What defines a ToyNet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, boolean, integer, integers


@dataclass(frozen=True)
class ToyConfig(NetworkConfig):
    """Stages of residual 3×3 convolutions; each begins with one at stride 2.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "toy"

    width: int = integer(16, "Width", "Channels of every convolution.", step=8)
    layers: tuple[int, ...] = integers((1,), "Layers per stage", "Beside the first.", high=16, lengths=range(1, 5))
    residual: bool = boolean("Residual", "Adds what a layer reads to what it makes.")
