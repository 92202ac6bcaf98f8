"""What defines a PeleeNet (Wang et al., arXiv:1804.06882; Robert-JunWang/PeleeNet, peleenet.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, one_for_each
from archs.errors import ConfigError


def _narrow(config: Any) -> str:
    """The first layer of a stage reads least."""
    channels = config.num_init_features
    for stage, (layers, k) in enumerate(zip(config.block_config, config.growth_rates, strict=True)):
        if config.fixed_channels(stage) > channels / 2:
            return ""
        channels += layers * k
    return "no bottleneck would be wider than half of what its layer reads"


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
        "Dense layers per stage",
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
    bottleneck: str = choice(
        "dynamic",
        "Bottlenecks",
        "dynamic: at most half of what the layer reads; fixed: as wide as it says (4, in the paper's comparison).",
        *("dynamic", "fixed"),
        idle=_narrow,
    )
    dense_layer: str = choice(
        "two_way",
        "Dense layer",
        "two_way: one 3×3 beside two in a row; one_way: DenseNet's layer, one bottleneck as wide as both, one 3×3.",
        *("two_way", "one_way"),
    )
    stem: str = choice(
        "pelee", "Stem", "pelee: the stem block; imagenet: DenseNet's 7×7/2 and 3×3/2 max pool.", "pelee", "imagenet"
    )
    #: Caffe, in which the authors trained Pelee, has no other pooling.
    ceil_mode: bool = boolean(
        "Pooling rounds up", "As in Caffe: 19 pixels become 10, not 9; no parameter changes.", structural=True
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
        return one_for_each(value, self.block_config)

    def fixed_channels(self, stage: int) -> int:
        """Channels of either bottleneck of a layer of `stage` (from 0), whatever it reads."""
        return self.growth_rates[stage] // 2 * self.bottleneck_widths[stage] // 4 * 4

    def bottleneck_channels(self, stage: int, in_channels: int) -> int:
        """Channels of either bottleneck of a layer of `stage` (from 0); dynamic: at most half of what the layer reads.

        Source: arXiv:1804.06882 section 2.1, "dynamic number of channels in bottleneck layer"; the rounding to
        multiples of 4 is that of the authors' peleenet.py.
        """
        channels = self.fixed_channels(stage)
        return channels if self.bottleneck == "fixed" or channels <= in_channels / 2 else in_channels // 8 * 4
