"""What defines a PeleeNet (Wang et al., arXiv:1804.06882; Robert-JunWang/PeleeNet, peleenet.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, integer, integers
from archs.errors import ConfigError


@dataclass(frozen=True)
class PeleeNetConfig(NetworkConfig):
    """A PeleeNet; the defaults are the paper's network.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "peleenet"

    growth_rate: int | tuple[int, ...] = integers(
        32, "Growth rate k per stage", "Even: half each way.", low=2, step=2, per="block_config"
    )
    block_config: tuple[int, ...] = integers(
        (3, 4, 8, 6),
        "Two-way dense layers per stage",
        "n of each stage.",
        high=256,
        lengths=range(1, 9),
        repeats=True,
    )
    num_init_features: int = integer(32, "Stem channels", "Even: one branch gets half.", low=8, high=4096, step=2)
    #: The bottlenecks of a stage aim at so many times k/2 channels.
    bottleneck_width: int | tuple[int, ...] = integers(
        (1, 2, 4, 4), "Bottleneck width per stage", "Times k/2 channels.", high=64, per="block_config"
    )
    #: In front of the classifier.
    drop_rate: float = 0.05

    def check_together(self) -> None:
        for k, width in zip(self.growth_rates, self.bottleneck_widths, strict=True):
            if k % 2:
                raise ConfigError("growth_rate", self.growth_rate, f"even, such as {k + 1}: half of it goes each way")
            if k // 2 * width < 4:
                least = 2 * -(4 // -width)
                allowed = f"at least {least} where bottleneck_width is {width}, so that a bottleneck has 4 channels"
                raise ConfigError("growth_rate", self.growth_rate, allowed)
        if (channels := self.num_init_features) % 2:
            allowed = f"even, such as {channels + 1}: one branch gets half"
            raise ConfigError("num_init_features", channels, allowed)

    @property
    def growth_rates(self) -> tuple[int, ...]:
        """k of each stage."""
        return self._per_stage(self.growth_rate)

    @property
    def bottleneck_widths(self) -> tuple[int, ...]:
        """Bottleneck width of each stage."""
        return self._per_stage(self.bottleneck_width)

    def _per_stage(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        return value if isinstance(value, tuple) else (value,) * len(self.block_config)

    def bottleneck_channels(self, stage: int, in_channels: int) -> int:
        """Channels of both bottlenecks of a layer of `stage` (from 0), kept within half of the layer's input.

        Source: arXiv:1804.06882 section 2.1, "dynamic number of channels in bottleneck layer"; the rounding to
        multiples of 4 is that of the authors' peleenet.py.
        """
        channels = self.growth_rates[stage] // 2 * self.bottleneck_widths[stage] // 4 * 4
        return channels if channels <= in_channels / 2 else in_channels // 8 * 4
