"""What defines a HarDNet (Chao et al., arXiv:1909.00948; PingoLH/Pytorch-HarDNet, hardnet.py)."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

from archs.config import NetworkConfig, boolean, integers, number, one_for_each

#: How many blocks there may be.
BLOCKS = range(1, 9)


@dataclass(frozen=True)
class HarDNetConfig(NetworkConfig):
    """A HarDNet; the defaults are HarDNet-68.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "hardnet"

    stem_channels: tuple[int, ...] = integers(
        (32, 64), "Stem channels", "Of its two convolutions.", high=4096, step=8, lengths=range(2, 3)
    )
    layers_per_block: tuple[int, ...] = integers(
        (8, 16, 16, 16, 4),
        "Layers per block",
        "Powers of 2 make the links harmonic to the end.",
        high=64,
        lengths=BLOCKS,
        structural=True,
    )
    growth_rates: int | tuple[int, ...] = integers(
        (14, 16, 20, 40, 160), "Growth rate k per block", "Channels of odd layers.", step=2, per="layers_per_block"
    )
    multiplier: float = number(
        1.7, "Multiplier m", "Layer 2ʲ·odd makes k·mʲ channels.", low=1, high=4, step=0.1, slider=(1, 2.5)
    )
    transition_channels: int | tuple[int, ...] = integers(
        (128, 256, 320, 640, 1024),
        "Transition channels",
        "Of the 1×1 convolution behind each block.",
        high=8192,
        step=16,
        per="layers_per_block",
    )
    downsample: int | tuple[int, ...] = integers(
        (1, 0, 1, 1, 0),
        "Downsampling behind each block",
        "1 halves the map, 0 keeps it.",
        low=0,
        high=1,
        per="layers_per_block",
        structural=True,
    )
    depthwise: bool = boolean("Depthwise-separable (DS)", "Layers as a pointwise and a depthwise convolution.")

    def per_block(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        """A field's value for each block, where one stands for all."""
        return one_for_each(value, self.layers_per_block)

    def layer_channels(self, block: int, layer: int) -> int:
        """Channels that a layer (from 1) of a block (from 0) makes: k·m^j, to an even number, 2^j the power in it."""
        channels: float = self.per_block(self.growth_rates)[block]
        while layer % 2 == 0:
            channels, layer = channels * self.multiplier, layer // 2
        return 2 * (floor(channels + 1) // 2)


def links(layer: int) -> tuple[int, ...]:
    """The layers that a layer of a block reads, nearest first: 2^j back, as long as 2^j divides it; 0 is the input.

    >>> links(12)
    (11, 10, 8)
    """
    return tuple(layer - 2**power for power in range(layer.bit_length()) if layer % 2**power == 0)


def outputs(layers: int) -> tuple[int, ...]:
    """The layers whose features leave a block: all odd ones, and the last.

    >>> outputs(8)
    (1, 3, 5, 7, 8)
    """
    return tuple(layer for layer in range(1, layers + 1) if layer % 2 or layer == layers)
