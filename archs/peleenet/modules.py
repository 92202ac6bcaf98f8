"""PeleeNet in PyTorch. Parameter names are those of Robert-JunWang/PeleeNet, peleenet.py."""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn
from torch.nn import functional as F

from archs.network import Network
from archs.peleenet.config import PeleeNetConfig
from archs.recompute.recomputable import Features, concat, pool2d, value
from archs.stems.modules import ConvNormReLU, ImageNetStem, StemBlock


class Transition(ConvNormReLU):
    """A 1×1 convolution, batch norm, ReLU."""

    def forward(self, x: Features) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W), a tap for detection."""
        return value(super().forward(x))


class TwoWayDenseLayer(nn.Module):
    """1×1 → 3×3 beside 1×1 → 3×3 → 3×3, k/2 channels each, appended to the input: (N, C, H, W) to (N, C + k, H, W)."""

    def __init__(self, config: PeleeNetConfig, in_channels: int, bottleneck: int, growth_rate: int) -> None:
        super().__init__()
        half = growth_rate // 2
        self.branch1a = ConvNormReLU(config, in_channels, bottleneck, 1)
        self.branch1b = ConvNormReLU(config, bottleneck, half, 3)
        self.branch2a = ConvNormReLU(config, in_channels, bottleneck, 1)
        self.branch2b = ConvNormReLU(config, bottleneck, half, 3)
        self.branch2c = ConvNormReLU(config, half, half, 3)

    def forward(self, x: Features) -> Features:
        left = self.branch1b(self.branch1a(x))
        right = self.branch2c(self.branch2b(self.branch2a(x)))
        return concat([x, left, right])


class OneWayDenseLayer(nn.Module):
    """1×1 → 3×3, k channels, appended to the input: (N, C, H, W) to (N, C + k, H, W)."""

    def __init__(self, config: PeleeNetConfig, in_channels: int, bottleneck: int, growth_rate: int) -> None:
        super().__init__()
        self.branch1a = ConvNormReLU(config, in_channels, 2 * bottleneck, 1)
        self.branch1b = ConvNormReLU(config, 2 * bottleneck, growth_rate, 3)

    def forward(self, x: Features) -> Features:
        return concat([x, self.branch1b(self.branch1a(x))])


class Stages(nn.Sequential):
    """The stem block, and stages of dense layers, a transition and, but for the last, an average pooling."""

    #: Here, so that slices can be made of it as of any `nn.Sequential`.
    memory_efficient = False

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, C, h, w)."""
        for module in self:
            x = self.run(module, x)
        return x

    def run(self, module: nn.Module, x: Tensor) -> Tensor:
        """A module's output, with nothing kept for its backward pass if it is a pooling."""
        return pool2d(x, module) if self.memory_efficient and isinstance(module, nn.AvgPool2d) else module(x)


class PeleeNet(Network):
    """A PeleeNet as its config describes it.

    Source: Wang et al., arXiv:1804.06882, section 2 and Table 1; initialisation: the authors' peleenet.py.
    """

    stages_by_pattern = (
        (r"features\.stemblock", "stem"),
        (r"features\.denseblock(\d+)", "dense block {}"),
        (r"features\.transition(\d+)", "transition {}"),
    )
    sequence = ("features",)

    def __init__(self, config: PeleeNetConfig) -> None:
        super().__init__(config)
        self.drop_rate = config.drop_rate
        channels, last = config.num_init_features, len(config.block_config)
        dense_layer = TwoWayDenseLayer if config.dense_layer == "two_way" else OneWayDenseLayer
        stem = StemBlock(config, ceil_mode=config.ceil_mode) if config.stem == "pelee" else ImageNetStem(config)
        self.features = Stages(OrderedDict(stemblock=stem))
        self.features.memory_efficient = config.memory_efficient
        for number, (num_layers, k) in enumerate(zip(config.block_config, config.growth_rates, strict=True), start=1):
            block = nn.Sequential()
            for layer in range(1, num_layers + 1):
                bottleneck = config.bottleneck_channels(number - 1, channels)
                block.add_module(f"denselayer{layer}", dense_layer(config, channels, bottleneck, k))
                channels += k
            self.features.add_module(f"denseblock{number}", block)
            self.features.add_module(f"transition{number}", Transition(config, channels, channels, 1))
            if number < last:
                self.features.add_module(f"transition{number}_pool", nn.AvgPool2d(2, ceil_mode=config.ceil_mode))
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, config.num_classes)
        self.initialise(mode="fan_out")
        nn.init.normal_(self.classifier.weight, 0, 0.01)

    def forward_features(self, x: Tensor) -> Tensor:
        return self.features(x)

    def forward_head(self, x: Tensor) -> Tensor:
        x = self.global_pool(x).flatten(1)
        return self.classifier(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)
