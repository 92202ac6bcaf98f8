"""CondenseNet and CondenseNetV2 in PyTorch. Parameter names are the authors', so their converted weights fit."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.condensenet.config import CondenseNetConfig
from archs.network import Network


def spread(count: int, channels: int) -> Tensor:
    """An index of `count` of so many channels, evenly: what stands for a learned one until weights are loaded."""
    return torch.arange(count) * channels // count


def shuffle(groups: int, channels: int) -> nn.Module:
    """Channels seen as (groups, channels / groups), read the other way round; nothing where that keeps their order."""
    return nn.ChannelShuffle(groups) if 1 < groups < channels else nn.Identity()


def activation(hardswish: bool) -> nn.Module:
    return nn.Hardswish() if hardswish else nn.ReLU(inplace=True)


class CondenseConv(nn.Module):
    """The learned index, batch norm, activation, a 1×1 convolution with groups, a channel shuffle."""

    def __init__(self, config: CondenseNetConfig, in_channels: int, out_channels: int, *, hardswish: bool) -> None:
        super().__init__()
        read = in_channels * config.groups // config.condense_factor
        self.index: Tensor
        self.register_buffer("index", spread(read, in_channels))
        self.norm = nn.BatchNorm2d(read)
        self.activation = activation(hardswish)
        self.conv = nn.Conv2d(read, out_channels, 1, groups=config.groups, bias=False)
        self.shuffle = shuffle(config.groups, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W)."""
        x = x.index_select(1, self.index)
        x = self.norm(x)  # bound anew each time, so that nothing outlives its reader
        x = self.activation(x)
        x = self.conv(x)
        return self.shuffle(x)


class Reactivation(nn.Module):
    """Batch norm, activation, the inverse shuffle, a 1×1 convolution with groups, a learned placing of its channels."""

    def __init__(self, config: CondenseNetConfig, in_channels: int, out_channels: int, *, hardswish: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.activation = activation(hardswish)
        self.shuffle = shuffle(in_channels // config.groups, in_channels)
        self.conv = nn.Conv2d(in_channels, out_channels, 1, groups=config.groups, bias=False)
        self.index: Tensor
        self.register_buffer("index", spread(out_channels, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels, H, W)."""
        x = self.norm(x)
        x = self.activation(x)
        x = self.shuffle(x)
        x = self.conv(x)
        return x.index_select(1, self.index)


class SqueezeExcitation(nn.Module):
    """Channel attention: (N, C, H, W) to the same shape."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(channels, squeezed, bias=False),
            nn.ReLU(inplace=True),
            nn.Linear(squeezed, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.fc(self.avg_pool(x).flatten(1))[:, :, None, None]


class DenseLayer(nn.Module):
    """The condensed 1×1 and a 3×3 convolution with groups; V2 adds to the input, too, what the new features tell."""

    def __init__(self, config: CondenseNetConfig, block: int, in_channels: int) -> None:
        super().__init__()
        k = config.growths[block - 1]
        width = config.bottleneck * k
        hardswish = config.has_hardswish(block)
        self.conv_1 = CondenseConv(config, in_channels, width, hardswish=hardswish)
        self.conv_2 = nn.Sequential(
            OrderedDict(
                norm=nn.BatchNorm2d(width),
                activation=activation(hardswish),
                conv=nn.Conv2d(width, k, 3, padding=1, groups=config.groups_3x3, bias=False),
            )
        )
        self.se = SqueezeExcitation(k, k) if config.attends(block) else None
        self.sfr = Reactivation(config, k, in_channels, hardswish=hardswish) if config.reactivation else None

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + k, H, W)."""
        new = self.conv_1(x)
        new = self.conv_2(new)
        if self.se is not None:
            new = self.se(new)
        if self.sfr is not None:
            x = x + self.sfr(new)
        return torch.cat([x, new], 1)


class Transition(nn.Module):
    """2×2 average pooling and nothing else, so that later blocks see all earlier features."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        return self.pool(x)


class CondenseLinear(nn.Module):
    """A classifier that reads an index of half the channels: (N, in_features, 1, 1) to (N, num_classes)."""

    def __init__(self, config: CondenseNetConfig, in_features: int) -> None:
        super().__init__()
        self.drop_rate = config.drop_rate
        self.index: Tensor
        self.register_buffer("index", spread(in_features // 2, in_features))
        self.linear = nn.Linear(in_features // 2, config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = x.index_select(1, self.index).flatten(1)
        return self.linear(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)


class CondenseNet(Network):
    """A CondenseNet or CondenseNetV2 as its config describes it.

    Source: Huang et al., arXiv:1711.09224; ShichenLiu/CondenseNet, models/condensenet_converted.py. Yang et al.,
    arXiv:2104.04382; jianghaojun/CondenseNetV2, model/converted_condensenetv2.py.
    """

    stages_by_pattern = (
        (r"features\.init_conv", "stem"),
        (r"features\.denseblock_(\d+)", "dense block {}"),
        (r"features\.transition_(\d+)", "transition {}"),
    )
    sequence = ("features",)

    def __init__(self, config: CondenseNetConfig) -> None:
        super().__init__(config)
        self.drop_rate = config.drop_rate
        channels, stride = 2 * config.growths[0], 2 if config.stem == "imagenet" else 1
        stem = nn.Conv2d(config.in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.features = nn.Sequential(OrderedDict(init_conv=stem))
        last = len(config.layers_per_block)
        for number, (layers, k) in enumerate(zip(config.layers_per_block, config.growths, strict=True), start=1):
            block = nn.Sequential()
            for layer in range(1, layers + 1):
                block.add_module(f"denselayer_{layer}", DenseLayer(config, number, channels))
                channels += k
            self.features.add_module(f"denseblock_{number}", block)
            if number < last:
                self.features.add_module(f"transition_{number}", Transition())
        self.features.add_module("norm_last", nn.BatchNorm2d(channels))
        self.features.add_module("relu_last", nn.ReLU(inplace=True))
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.se_last = None
        if config.head_features is None:
            self.classifier: nn.Module = CondenseLinear(config, channels)
        else:
            self.se_last = SqueezeExcitation(channels, channels // 16)
            self.fc = nn.Linear(channels, config.head_features)
            self.fc_act = nn.Hardswish()
            self.classifier = nn.Linear(config.head_features, config.num_classes)
        self.initialise(mode="fan_out")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.features(x)

    def forward_head(self, x: Tensor) -> Tensor:
        x = self.global_pool(x)
        if self.se_last is not None:
            x = self.se_last(x)
            x = self.fc(x.flatten(1))
            x = self.fc_act(x)
            x = F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x
        return self.classifier(x)
