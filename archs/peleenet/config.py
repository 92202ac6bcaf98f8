"""What defines a PeleeNet (Wang et al., arXiv:1804.06882; Robert-JunWang/PeleeNet, peleenet.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs import checks
from archs.config import NetworkConfig
from archs.errors import ConfigError


@dataclass(frozen=True)
class PeleeNetConfig(NetworkConfig):
    """A PeleeNet; the defaults are the paper's network.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "peleenet"

    #: k: channels that each two-way dense layer adds, half of them each way; one number, or one per stage.
    growth_rate: int | tuple[int, ...] = 32
    #: Two-way dense layers per stage.
    block_config: tuple[int, ...] = (3, 4, 8, 6)
    #: Channels that the stem block makes.
    num_init_features: int = 32
    #: The bottlenecks of a stage aim at k/2 times this many channels; one number, or one per stage.
    bottleneck_width: int | tuple[int, ...] = (1, 2, 4, 4)
    #: Dropout probability in front of the classifier, in training.
    drop_rate: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normalise("block_config", checks.integers("block_config", self.block_config, 1, 256, range(1, 9)))
        stages = range(len(self.block_config), len(self.block_config) + 1)
        for field, high in (("growth_rate", 1024), ("bottleneck_width", 64)):
            value = getattr(self, field)
            if checks.is_integer(value):
                checks.integer(field, value, 1, high)
            else:
                self._normalise(field, checks.integers(field, value, 1, high, stages))
        self._check_growth_rates()
        checks.integer("num_init_features", self.num_init_features, 8, 4096)
        if self.num_init_features % 2:
            raise ConfigError(
                "num_init_features",
                self.num_init_features,
                f"even, such as {self.num_init_features + 1}: one branch gets half",
            )

    def _check_growth_rates(self) -> None:
        for k, width in zip(self.growth_rates, self.bottleneck_widths, strict=True):
            if k % 2:
                raise ConfigError("growth_rate", self.growth_rate, f"even, such as {k + 1}: half of it goes each way")
            if k // 2 * width < 4:
                least = 2 * -(4 // -width)
                allowed = f"at least {least} where bottleneck_width is {width}, so that a bottleneck has 4 channels"
                raise ConfigError("growth_rate", self.growth_rate, allowed)

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
