"""What defines a DenseNet (Huang et al., arXiv:1608.06993)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import Any, ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, share
from archs.errors import ConfigError


def _without_transitions(config: Any) -> str:
    return "" if len(config.block_config) > 1 else "one block has no transition"


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
        idle=_without_transitions,
    )
    links: str = choice(
        "all",
        "Dense links",
        "Layer l reads all before it; log2: l − 1, l − 2, l − 4, … (SparseNet); window: the last few; one_shot: l − 1, "
        "and all are joined at the end (VoVNet's OSA).",
        *("all", "log2", "window", "one_shot"),
    )
    link_window: int = integer(
        4,
        "Links in the window",
        "How many features a layer reads, the block's input among them while it is in reach.",
        slider=16,
        idle=lambda config: "" if config.links == "window" else f"the links are {config.links}, not a window",
    )
    norm_order: str = choice(
        "pre_activation",
        "Norm order",
        "pre_activation: BN-ReLU-convolution; post_activation: convolution-BN-ReLU, so that BN can be folded.",
        *("pre_activation", "post_activation"),
    )
    transition_pool: str = choice(
        "average",
        "Transition pooling",
        "2×2, behind the 1×1 convolution; none: the convolution itself has stride 2.",
        *("average", "max", "none"),
        idle=_without_transitions,
    )
    stem: str = choice(
        "imagenet",
        "Stem",
        "imagenet: 7×7/2 and 3×3/2 max pool; cifar: 3×3; pelee: PeleeNet's stem block.",
        *("imagenet", "cifar", "pelee"),
    )
    #: Only the network of Dive into Deep Learning has them.
    conv_bias: bool = boolean("Biases in convolutions", "None of the papers' networks has them, nor PeleeNet's stem.")

    def check_together(self) -> None:
        channels = self.num_init_features
        if self.stem == "pelee" and channels < 2:
            raise ConfigError("num_init_features", channels, "at least 2: one branch of the pelee stem gets half")
        for number, num_layers in enumerate(self.block_config[:-1], start=1):
            added = num_layers * self.growth_rate
            width = channels + added if self.links == "all" else self.width(channels, self.joined(num_layers))
            channels = self.compressed(width)
            if channels == 0:
                allowed = f"at least 1/{width}, so that transition {number} keeps one of its {width} channels"
                raise ConfigError("compression", self.compression, allowed)

    def compressed(self, channels: int) -> int:
        """⌊θm⌋: the channels that a transition makes of m."""
        return floor(channels * self.compression)

    def sources(self, number: int) -> Sequence[int]:
        """Which features of a block its layer of this number reads.

        Layers count from 1, and so do the features that they make; 0 is the block's input.

        Source of log2: Zhu et al., arXiv:1801.05895, section 3; Hu et al., arXiv:1711.00002.

        >>> [list(DenseNetConfig(links=links, link_window=3).sources(8)) for links in ("log2", "window")]
        [[0, 4, 6, 7], [5, 6, 7]]
        """
        if self.links == "log2":
            return [number - 2**power for power in reversed(range(number.bit_length()))]
        reach = {"window": self.link_window, "one_shot": 1}.get(self.links, number)
        return range(max(0, number - reach), number)

    def joined(self, num_layers: int) -> Sequence[int]:
        """Which features a block hands on: what a further layer would read; all of them where they are joined once."""
        return range(num_layers + 1) if self.links == "one_shot" else self.sources(num_layers + 1)

    def width(self, in_channels: int, sources: Sequence[int]) -> int:
        """Channels of some features of a block that is given `in_channels`."""
        return in_channels + (len(sources) - 1) * self.growth_rate if 0 in sources else len(sources) * self.growth_rate

    @property
    def variant(self) -> str:
        """The papers' name for this kind: DenseNet, DenseNet-B, DenseNet-C or DenseNet-BC (section 3), with OSA."""
        if self.links == "one_shot":
            return "DenseNet with OSA"
        letters = ("B" if self.bn_size is not None else "") + ("C" if self.compression < 1 else "")
        return f"DenseNet-{letters}" if letters else "DenseNet"
