"""What defines a DenseNet (Huang et al., arXiv:1608.06993)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs import checks
from archs.config import NetworkConfig
from archs.errors import ConfigError


@dataclass(frozen=True)
class DenseNetConfig(NetworkConfig):
    """A DenseNet, DenseNet-B, DenseNet-C or DenseNet-BC; the defaults are those of the paper's ImageNet networks.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "densenet"

    #: k: channels that each dense layer adds.
    growth_rate: int = 32
    #: Dense layers per block.
    block_config: tuple[int, ...] = (6, 12, 24, 16)
    #: Channels that the stem hands to the first block.
    num_init_features: int = 64
    #: The bottleneck makes bn_size·k channels; None: no bottleneck, each layer is BN-ReLU-3×3.
    bn_size: int | None = 4
    #: θ: share of the channels that a transition keeps.
    compression: float = 0.5
    #: "imagenet": 7×7/2, BN, ReLU, 3×3/2 max pool; "cifar": one 3×3 convolution.
    stem: str = "imagenet"
    #: Whether convolutions have a bias (only the network of Dive into Deep Learning has).
    conv_bias: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.integer("growth_rate", self.growth_rate, 1, 1024)
        self._normalise("block_config", checks.integers("block_config", self.block_config, 1, 256, range(1, 9)))
        checks.integer("num_init_features", self.num_init_features, 1, 4096)
        if self.bn_size is not None:
            checks.integer("bn_size", self.bn_size, 1, 64)
        checks.number("compression", self.compression, 0, 1, open_low=True, open_high=False)
        checks.choice("stem", self.stem, ("imagenet", "cifar"))
        checks.boolean("conv_bias", self.conv_bias)
        self._check_transitions()

    def _check_transitions(self) -> None:
        channels = self.num_init_features
        for number, num_layers in enumerate(self.block_config[:-1], start=1):
            width = channels + num_layers * self.growth_rate
            channels = self.compressed(width)
            if channels == 0:
                allowed = f"at least 1/{width}, so that transition {number} keeps one of its {width} channels"
                raise ConfigError("compression", self.compression, allowed)

    def compressed(self, channels: int) -> int:
        """⌊θm⌋: the channels that a transition makes of m."""
        return int(channels * self.compression)

    @property
    def variant(self) -> str:
        """The paper's name for this kind: DenseNet, DenseNet-B, DenseNet-C or DenseNet-BC (section 3)."""
        letters = ("B" if self.bn_size is not None else "") + ("C" if self.compression < 1 else "")
        return f"DenseNet-{letters}" if letters else "DenseNet"
