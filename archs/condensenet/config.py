"""What defines a CondenseNet (Huang et al., arXiv:1711.09224) or a CondenseNetV2 (Yang et al., arXiv:2104.04382)."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, lcm
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, one_for_each
from archs.errors import ConfigError


@dataclass(frozen=True)
class CondenseNetConfig(NetworkConfig):
    """A CondenseNet in the form that runs when its links are learned; the defaults are CondenseNet-74 (C = G = 4).

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "condensenet"

    layers_per_block: tuple[int, ...] = integers(
        (4, 6, 8, 10, 8), "Dense layers per block", "n of each block.", high=256, lengths=range(1, 9), repeats=True
    )
    growth_rates: int | tuple[int, ...] = integers(
        (8, 16, 32, 64, 128), "Growth rate k per block", "The stem makes 2k of the first.", per="layers_per_block"
    )
    groups: int = integer(4, "Groups G", "Of the 1×1 convolutions.", high=64, slider=16)
    condense_factor: int = integer(4, "Condensation factor C", "A group keeps 1/C of the links.", high=64, slider=16)
    groups_3x3: int = integer(4, "Groups of the 3×3", "Of the 3×3 convolutions.", high=64, slider=16)
    bottleneck: int = integer(4, "Bottleneck width", "The 1×1 convolution makes so many times k.", high=64, slider=16)
    stem: str = choice("imagenet", "Stem", "imagenet: 3×3/2; cifar: 3×3.", "imagenet", "cifar")
    reactivation: bool = boolean("Reactivation", "V2: each layer also adds to all features that it could read.")
    attention_from: int | None = integer(
        None, "First block with SE", "V2: 4; none: no block has it.", high=8, optional=True
    )
    hardswish_from: int | None = integer(
        None, "First block with hard swish", "V2: 3; none: ReLU everywhere.", high=8, optional=True
    )
    head_features: int | None = integer(
        None,
        "Features of the head",
        "V2: SE and one more linear layer; none: the classifier reads half of the channels.",
        high=8192,
        optional=True,
    )

    def check_together(self) -> None:
        for block, k in enumerate(self.growths):
            if k % (step := self._growth_step(block)):
                nearest = max(step, round(k / step) * step)
                why = "so that groups, condense_factor and groups_3x3 divide what the layers read and make"
                allowed = f"a multiple of {step} in block {block + 1}, such as {nearest}, {why}"
                raise ConfigError("growth_rates", self.growth_rates, allowed)
        channels = 2 * self.growths[0] + sum(n * k for n, k in zip(self.layers_per_block, self.growths, strict=True))
        if self.head_features and channels < 16:
            raise ConfigError("head_features", self.head_features, f"none: the head's SE takes 1/16 of {channels}")

    def _growth_step(self, block: int) -> int:
        """What the growth rate of a block (from 0) has to be a multiple of."""
        read = lcm(self.groups, self.condense_factor)
        is_last = block == len(self.layers_per_block) - 1
        if is_last and self.layers_per_block[block] == 1:  # no dense layer reads what it makes
            read = 1 if block else read // gcd(read, 2)
        makes = self.groups if self.reactivation else self.groups // gcd(self.groups, self.bottleneck)
        return lcm(read, self.groups_3x3, makes)

    def attends(self, block: int) -> bool:
        """Whether the dense layers of a block (from 1) have SE."""
        return self.attention_from is not None and block >= self.attention_from

    def has_hardswish(self, block: int) -> bool:
        """Whether those of a block (from 1) have hard swish in place of ReLU."""
        return self.hardswish_from is not None and block >= self.hardswish_from

    @property
    def growths(self) -> tuple[int, ...]:
        """k of each block."""
        return one_for_each(self.growth_rates, self.layers_per_block)
