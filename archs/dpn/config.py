"""What defines a DPN (Chen et al., Dual Path Networks, arXiv:1707.01629; timm/models/dpn.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, one_for_each
from archs.errors import ConfigError


@dataclass(frozen=True)
class DPNConfig(NetworkConfig):
    """A network whose blocks add to a residual path and append to a dense one; the defaults are DPN-92.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "dpn"

    small: bool = boolean("Small", "A 3×3 stem in place of the 7×7, and a residual path of a quarter of the channels.")
    init_channels: int = integer(64, "Stem channels", "Of its convolution.", slider=256, high=4096)
    base_width: int = integer(
        96,
        "Bottleneck channels",
        "Of the 3×3 convolutions of the first stage; they double per stage.",
        high=2048,
        step=8,
    )
    groups: int = integer(32, "Groups", "Of the 3×3 convolutions; a divisor of the bottleneck channels.", slider=64)
    blocks: tuple[int, ...] = integers(
        (3, 4, 20, 3), "Blocks per stage", "n of each stage.", high=64, lengths=range(1, 6), repeats=True
    )
    increments: int | tuple[int, ...] = integers(
        (16, 32, 24, 128), "Increment per stage", "Channels that each block appends.", high=1024, step=8, per="blocks"
    )
    split_last: bool = boolean("Split the last convolution", "A 1×1 for each path in place of one for both (b).")
    activation: str = choice("relu", "Activation", "Of stem and classifier; blocks have ReLU.", *("relu", "silu"))

    def check_together(self) -> None:
        if self.base_width % self.groups:
            nearest = max(1, round(self.base_width / self.groups)) * self.groups
            allowed = f"a multiple of groups ({self.groups}), such as {nearest}"
            raise ConfigError("base_width", self.base_width, allowed)

    def increment(self, stage: int) -> int:
        """Channels that each block of `stage` (from 0) appends to the dense path: d."""
        return one_for_each(self.increments, self.blocks)[stage]

    def residual_channels(self, stage: int) -> int:
        """Channels of the residual path of `stage`."""
        return 2**stage * (64 if self.small else 256)

    def inner_channels(self, stage: int) -> int:
        """Channels of the bottleneck of `stage`."""
        return 2**stage * self.base_width

    def dense_channels(self, stage: int) -> int:
        """Channels of the dense path at the end of `stage`: 2d of the projection, d of each block."""
        return (self.blocks[stage] + 2) * self.increment(stage)
