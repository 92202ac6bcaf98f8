"""What defines a CSPNet (Wang et al., arXiv:1911.11929; timm/models/cspnet.py) or the Darknet that it changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import Any, ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, numbers, one_for_each
from archs.errors import ConfigError

RATIO: dict[str, Any] = {"low": 0, "open_low": True, "high": 4, "step": 0.05}


def _unsplit(config: Any) -> str:
    """Why a field of the split has no effect."""
    return "" if config.crosses else "dark stages are not split"


@dataclass(frozen=True)
class CSPNetConfig(NetworkConfig):
    """A network whose stages send half of their channels around their blocks; the defaults are CS3Darknet-L.

    timm's `block_ratio` is no field: a block is always as wide as the half that it is given.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "cspnet"

    stem_channels: tuple[int, ...] = integers(
        (32, 64), "Stem channels", "Of each of its convolutions.", high=4096, step=8, lengths=range(1, 4)
    )
    stem_kernel: int = integer(
        3, "Stem kernel", "Side of its windows: 7 in ResNets, 6 where it stands for Focus.", high=11, structural=True
    )
    stem_stride: int = integer(2, "Stem stride", "Of its first convolution.", high=2)
    pool: bool = boolean("Max pooling", "3×3/2 behind the stem, as in ResNets.")
    stage: str = choice(
        "cs3",
        "Stage",
        "csp: the second half goes through the blocks and a 1×1; cs3: the first half, without; dark: no split.",
        *("csp", "cs3", "dark"),
    )
    block: str = choice(
        "dark",
        "Block",
        "bottle: 1×1, 3×3, 1×1 and activation, of ResNets; dark: 1×1, 3×3, of Darknets.",
        *("bottle", "dark"),
    )
    blocks: tuple[int, ...] = integers(
        (3, 6, 9, 3), "Blocks per stage", "n of each stage.", high=64, lengths=range(1, 9), repeats=True
    )
    out_channels: int | tuple[int, ...] = integers(
        (128, 256, 512, 1024), "Output channels per stage", "c.", low=2, high=8192, step=16, per="blocks"
    )
    strides: int | tuple[int, ...] = integers(
        2, "Strides per stage", "Of the 3×3 convolution in front.", high=2, per="blocks"
    )
    expand_ratio: float | tuple[float, ...] = numbers(
        1.0, "Expansion per stage", "Channels before the split, times c.", per="blocks", idle=_unsplit, **RATIO
    )
    bottle_ratio: float | tuple[float, ...] = numbers(
        1.0, "Bottleneck per stage", "Inner channels of a block, times its channels.", per="blocks", **RATIO
    )
    groups: int = integer(1, "Groups", "Of the 3×3 convolutions, 32 in a ResNeXt.")
    down_growth: bool = boolean("Grow when downsampling", "The 3×3/2 convolution makes c channels.", idle=_unsplit)
    cross_linear: bool = boolean("Linear expansion", "No activation in front of the split.", idle=_unsplit)
    activation: str = choice("silu", "Activation", "The slope of leaky ReLU is 0.01.", *("silu", "leaky_relu"))

    def check_together(self) -> None:
        for stage, ratio in enumerate(self.per_stage(self.expand_ratio) if self.crosses else ()):
            expanded, c = self.expanded_channels(stage), self.per_stage(self.out_channels)[stage]
            if expanded < 2 or expanded % 2:
                even = f"such that stage {stage + 1} has an even number of channels to split, not {expanded}"
                nearest = max(2, 2 * round(c * ratio / 2)) / c
                raise ConfigError("expand_ratio", self.expand_ratio, f"{even}: {nearest:g} is the nearest")
        for channels in self._grouped():
            if channels % self.groups:
                shared = gcd(self.groups, *self._grouped())
                allowed = f"a divisor of all channels that 3×3 convolutions read or make, such as {shared}"
                raise ConfigError("groups", self.groups, f"{allowed}; {channels} is one of them")
        for stage in range(len(self.blocks)):
            if self.inner_channels(stage) < 1:
                allowed = f"larger, so that the blocks of stage {stage + 1} have an inner channel"
                raise ConfigError("bottle_ratio", self.bottle_ratio, allowed)

    @property
    def crosses(self) -> bool:
        """Whether a part of the channels crosses each stage beside its blocks."""
        return self.stage != "dark"

    def per_stage(self, value: Any) -> Any:
        """A field's value for each stage, where one stands for all."""
        return one_for_each(value, self.blocks)

    def expanded_channels(self, stage: int) -> int:
        """Channels that `stage` (from 0) splits."""
        return round(self.per_stage(self.out_channels)[stage] * self.per_stage(self.expand_ratio)[stage])

    def block_channels(self, stage: int) -> int:
        """Channels that the blocks of `stage` read and make."""
        return self.expanded_channels(stage) // 2 if self.crosses else self.per_stage(self.out_channels)[stage]

    def inner_channels(self, stage: int) -> int:
        """Channels between the convolutions of a block of `stage`."""
        return round(self.block_channels(stage) * self.per_stage(self.bottle_ratio)[stage])

    def down_channels(self, stage: int, in_channels: int) -> int:
        """Channels that the 3×3/2 convolution in front of `stage` makes."""
        grows = self.down_growth or not self.crosses
        return self.per_stage(self.out_channels)[stage] if grows else in_channels

    def downsamples(self, stage: int) -> bool:
        """Whether a 3×3 convolution stands in front of `stage`; Darknet's always does."""
        return not self.crosses or self.per_stage(self.strides)[stage] > 1

    def _grouped(self) -> Iterator[int]:
        """What grouped convolutions read and make."""
        before = self.stem_channels[-1]
        for stage, c in enumerate(self.per_stage(self.out_channels)):
            if self.downsamples(stage):
                yield from (before, self.down_channels(stage, before))
            yield self.inner_channels(stage)
            if self.block == "dark":
                yield self.block_channels(stage)
            before = c
