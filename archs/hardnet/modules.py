"""HarDNet in PyTorch. Parameter names are those of PingoLH/Pytorch-HarDNet, hardnet.py."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from archs.hardnet.config import HarDNetConfig, links, outputs
from archs.network import Network

Named = OrderedDict[str, nn.Module]


def conv_norm_relu(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> Named:
    """Convolution, batch norm, ReLU6: (N, in_channels, H, W) to (N, out_channels, h, w)."""
    conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    return Named(conv=conv, norm=nn.BatchNorm2d(out_channels), relu=nn.ReLU6())


def depthwise_conv(channels: int, stride: int = 1) -> nn.Module:
    """3×3 depthwise convolution, batch norm: (N, channels, H, W) to (N, channels, h, w)."""
    conv = nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)
    return nn.Sequential(Named(dwconv=conv, norm=nn.BatchNorm2d(channels)))


def joined(features: list[Tensor]) -> Tensor:
    """Maps (N, Cᵢ, H, W) as one of (N, ΣCᵢ, H, W); one alone as it is."""
    return torch.cat(features, 1) if len(features) > 1 else features[0]


class HarDLayer(nn.Sequential):
    """A layer of a harmonic dense block, which reads those that its links lead to."""

    def __init__(self, config: HarDNetConfig, in_channels: int, out_channels: int) -> None:
        if config.depthwise:
            pointwise = nn.Sequential(conv_norm_relu(in_channels, out_channels, 1))
            super().__init__(Named(layer1=pointwise, layer2=depthwise_conv(out_channels)))
        else:
            super().__init__(conv_norm_relu(in_channels, out_channels, 3))

    def forward(self, features: list[Tensor]) -> Tensor:
        """Maps (N, Cᵢ, H, W) to (N, out_channels, H, W)."""
        return super().forward(joined(features))  # type: ignore[no-untyped-call]


class HarDBlock(nn.Module):
    """A harmonic dense block: (N, in_channels, H, W) to (N, out_channels, H, W).

    Source: Chao et al., arXiv:1909.00948, section 3.
    """

    def __init__(self, config: HarDNetConfig, index: int, in_channels: int) -> None:
        super().__init__()
        channels = [in_channels]
        self.layers = nn.ModuleList()
        for number in range(1, config.layers_per_block[index] + 1):
            channels.append(config.layer_channels(index, number))
            self.layers.append(HarDLayer(config, sum(channels[link] for link in links(number)), channels[-1]))
        #: Which layer is the last to read each; those that leave the block are read behind all.
        self.last_readers = {link: number for number in range(1, len(channels)) for link in links(number)}
        self.outputs = outputs(len(self.layers))
        self.last_readers |= dict.fromkeys(self.outputs, len(channels))
        self.out_channels = sum(channels[number] for number in self.outputs)

    def forward(self, x: Tensor) -> Tensor:
        features = {0: x}
        for number, layer in enumerate(self.layers, start=1):
            features[number] = layer([features[link] for link in links(number)])
            for link in links(number):
                if self.last_readers[link] == number:
                    del features[link]
        return joined([features[number] for number in self.outputs])


class HarDNet(Network):
    """A HarDNet as its config describes it.

    Source: Chao et al., arXiv:1909.00948; PingoLH/Pytorch-HarDNet.
    """

    def __init__(self, config: HarDNetConfig) -> None:
        super().__init__(config)
        self.base = nn.Sequential()
        self.stages_by_pattern: list[tuple[str, str]] = []
        first, second = config.stem_channels
        self._add("stem", nn.Sequential(conv_norm_relu(config.in_channels, first, 3, stride=2)))
        self._add("stem", nn.Sequential(conv_norm_relu(first, second, 1 if config.depthwise else 3)))
        self._add("stem", depthwise_conv(second, 2) if config.depthwise else nn.MaxPool2d(3, stride=2, padding=1))
        channels = second
        downsample = config.per_block(config.downsample)
        for index, out_channels in enumerate(config.per_block(config.transition_channels)):
            block = HarDBlock(config, index, channels)
            self._add(f"HarD block {index + 1}", block)
            transition, channels = f"transition {index + 1}", out_channels
            self._add(transition, nn.Sequential(conv_norm_relu(block.out_channels, channels, 1)))
            if downsample[index]:
                self._add(transition, depthwise_conv(channels, 2) if config.depthwise else nn.MaxPool2d(2))
        classifier = nn.Linear(channels, config.num_classes)
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(config.drop_rate), classifier)
        self.sequence = [f"base.{number}" for number in range(len(self.base))]
        self._add("head", head)
        self.initialise(mode="fan_out")

    def _add(self, stage: str, module: nn.Module) -> None:
        self.stages_by_pattern.append((rf"base\.{len(self.base)}\b", stage))
        self.base.append(module)

    def forward_features(self, x: Tensor) -> Tensor:
        for module in self.base[: len(self.sequence)]:
            x = module(x)
        return x

    def forward_head(self, x: Tensor) -> Tensor:
        return self.base[len(self.sequence)](x)
