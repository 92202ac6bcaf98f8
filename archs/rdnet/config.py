"""What defines an RDNet (Kim et al., DenseNets Reloaded, arXiv:2403.19588; naver-ai/rdnet, rdnet.py)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

from archs.config import NetworkConfig, integer, integers, number, one_for_each, share
from archs.errors import ConfigError

#: Inner channels, and those that transitions make, are multiples of it.
MULTIPLE = 8


class DenseStage(NamedTuple):
    """Blocks that each read the stage's input and all that the blocks before them have made."""

    in_channels: int
    growth_rate: int
    blocks: int
    #: Whether the transition in front of it halves height and width.
    downsample: bool
    ese: bool

    @property
    def out_channels(self) -> int:
        return self.in_channels + self.blocks * self.growth_rate


@dataclass(frozen=True)
class RDNetConfig(NetworkConfig):
    """An RDNet; the defaults are RDNet-T.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "rdnet"

    init_channels: int = integer(64, "Stem channels", "Of the 4×4/4 convolution.", high=4096, step=8)
    growth_rates: tuple[int, ...] = integers(
        (64, 104, 128, 128, 128, 128, 224),
        "Growth rate k per stage",
        "Channels that each block adds.",
        step=8,
        lengths=range(1, 25),
    )
    blocks: int | tuple[int, ...] = integers(
        3, "Blocks per stage", "Between two transitions.", high=64, per="growth_rates", repeats=True
    )
    downsample: int | tuple[int, ...] = integers(
        (0, 1, 1, 0, 0, 0, 1),
        "Downsampling per stage",
        "1: the transition in front of the stage halves height and width; the first stage has none.",
        low=0,
        high=1,
        per="growth_rates",
        structural=True,
    )
    ese: int | tuple[int, ...] = integers(
        (0, 0, 1, 1, 1, 1, 1),
        "eSE per stage",
        "1: every block of the stage weighs its channels.",
        low=0,
        high=1,
        per="growth_rates",
        structural=True,
    )
    expansion: float = number(
        4.0, "Expansion", "Inner channels of a block, times those it reads.", low=0, high=16, open_low=True, step=0.5
    )
    compression: float = share(
        0.5,
        "Compression",
        "Share of the channels that a transition keeps.",
        open_low=True,
        slider=(0.05, 1.0),
        idle=lambda config: "" if len(config.growth_rates) > 1 else "one stage has no transition",
    )

    def check_together(self) -> None:
        stages = self.stages
        if stages[0].downsample:
            allowed = "0 for the first stage, in front of which the stem downsamples by 4"
            raise ConfigError("downsample", self.downsample, allowed)
        for transition, (before, stage) in enumerate(pairwise(stages), start=1):
            if stage.in_channels < 1:
                read = before.out_channels
                allowed = (
                    f"at least {MULTIPLE}/{read}, so that transition {transition} makes {MULTIPLE} of {read} channels"
                )
                raise ConfigError("compression", self.compression, allowed)
        least = min(stage.in_channels for stage in stages)
        if self.inner_channels(least) < 1:
            allowed = f"at least {MULTIPLE}/{least}, so that a block that reads {least} has {MULTIPLE} inner channels"
            raise ConfigError("expansion", self.expansion, allowed)

    def inner_channels(self, channels: int) -> int:
        """Inner channels of a block that reads so many."""
        return _rounded_down(self.expansion * channels)

    @property
    def stages(self) -> tuple[DenseStage, ...]:
        """The numbers of each stage."""
        found: list[DenseStage] = []
        each = map(self._per_stage, (self.growth_rates, self.blocks, self.downsample, self.ese))
        for growth_rate, blocks, downsample, ese in zip(*each, strict=True):
            channels = _rounded_down(self.compression * found[-1].out_channels) if found else self.init_channels
            found.append(DenseStage(channels, growth_rate, blocks, downsample=downsample == 1, ese=ese == 1))
        return tuple(found)

    def _per_stage(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        return one_for_each(value, self.growth_rates)


def _rounded_down(channels: float) -> int:
    return int(channels / MULTIPLE) * MULTIPLE
