"""What defines a DenseNet (Huang et al., arXiv:1608.06993)."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, share
from archs.errors import ConfigError


@dataclass(frozen=True)
class DenseNetConfig(NetworkConfig):
    """A DenseNet, DenseNet-B, DenseNet-C or DenseNet-BC; the defaults are those of the paper's ImageNet networks.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "densenet"

    growth_rate: int = integer(32, "Growth rate k", "Channels that each dense layer adds.", slider=64)
    block_config: tuple[int, ...] = integers(
        (6, 12, 24, 16), "Dense layers per block", "n of each block.", high=256, lengths=range(1, 9), repeats=True
    )
    num_init_features: int = integer(64, "Stem channels", "What the stem hands to the first block.", high=4096, step=8)
    bn_size: int | None = integer(
        4,
        "Bottleneck width",
        "The 1×1 convolution makes so many times k channels; none: BN-ReLU-3×3 alone.",
        high=64,
        slider=16,
        optional=True,
    )
    compression: float = share(
        0.5,
        "Compression θ",
        "Share of the channels that a transition keeps.",
        open_low=True,
        slider=(0.05, 1.0),
        idle=lambda config: "" if len(config.block_config) > 1 else "one block has no transition",
    )
    stem: str = choice("imagenet", "Stem", "imagenet: 7×7/2 and 3×3/2 max pool; cifar: 3×3.", "imagenet", "cifar")
    #: Only the network of Dive into Deep Learning has them.
    conv_bias: bool = boolean("Biases in convolutions", "None of the papers' networks has them.")

    def check_together(self) -> None:
        channels = self.num_init_features
        for number, num_layers in enumerate(self.block_config[:-1], start=1):
            width = channels + num_layers * self.growth_rate
            channels = self.compressed(width)
            if channels == 0:
                allowed = f"at least 1/{width}, so that transition {number} keeps one of its {width} channels"
                raise ConfigError("compression", self.compression, allowed)

    def compressed(self, channels: int) -> int:
        """⌊θm⌋: the channels that a transition makes of m."""
        return floor(channels * self.compression)

    @property
    def variant(self) -> str:
        """The paper's name for this kind: DenseNet, DenseNet-B, DenseNet-C or DenseNet-BC (section 3)."""
        letters = ("B" if self.bn_size is not None else "") + ("C" if self.compression < 1 else "")
        return f"DenseNet-{letters}" if letters else "DenseNet"
