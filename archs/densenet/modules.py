"""DenseNet in PyTorch. Parameter names are torchvision's, so its weights fit without a change."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.densenet.config import DenseNetConfig
from archs.network import Network
from archs.recompute.pre_activation import concat, norm_relu_conv
from archs.recompute.recomputable import pool2d
from archs.stems.modules import StemBlock


class DenseLayer(nn.Module):
    """BN-ReLU-1×1 to bn_size·k channels, then BN-ReLU-3×3 to k; without a bottleneck BN-ReLU-3×3 alone."""

    __constants__ = ("has_bottleneck", "memory_efficient")

    def __init__(self, config: DenseNetConfig, in_channels: int) -> None:
        super().__init__()
        k, bias = config.growth_rate, config.conv_bias
        self.has_bottleneck = config.bn_size is not None
        self.drop_rate = config.drop_rate
        self.memory_efficient = config.memory_efficient
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        if config.bn_size is None:
            self.conv1 = nn.Conv2d(in_channels, k, 3, padding=1, bias=bias)
        else:
            width = config.bn_size * k
            self.conv1 = nn.Conv2d(in_channels, width, 1, bias=bias)
            self.norm2 = nn.BatchNorm2d(width)
            self.relu2 = nn.ReLU(inplace=True)
            self.conv2 = nn.Conv2d(width, k, 3, padding=1, bias=bias)

    def forward(self, features: list[Tensor]) -> Tensor:
        """All earlier features of the block, each (N, c, H, W), to k new ones, (N, k, H, W)."""
        if self.memory_efficient:  # alone in its condition, so that TorchScript leaves out what isn't for it
            x = norm_relu_conv(features, self.norm1, self.relu1, self.conv1)
            if self.has_bottleneck:
                x = norm_relu_conv([x], self.norm2, self.relu2, self.conv2)
        else:
            x = features[0] if len(features) == 1 else torch.cat(features, 1)
            x = self.norm1(x)  # bound anew each time, so that nothing outlives its reader
            x = self.relu1(x)
            x = self.conv1(x)
            if self.has_bottleneck:
                x = self.norm2(x)
                x = self.relu2(x)
                x = self.conv2(x)
        return F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x


class PostActivationLayer(nn.Sequential):
    """1×1-BN-ReLU to bn_size·k channels, then 3×3-BN-ReLU to k; without a bottleneck 3×3-BN-ReLU alone."""

    def __init__(self, config: DenseNetConfig, in_channels: int) -> None:
        super().__init__()
        k, width = config.growth_rate, config.bn_size and config.bn_size * config.growth_rate
        convs = [(in_channels, k, 3)] if width is None else [(in_channels, width, 1), (width, k, 3)]
        self.drop_rate, self.last = config.drop_rate, f"conv{len(convs)}"
        for number, (channels, out_channels, kernel) in enumerate(convs, start=1):
            conv = nn.Conv2d(channels, out_channels, kernel, padding=kernel // 2, bias=config.conv_bias)
            self.add_module(f"conv{number}", conv)
            self.add_module(f"norm{number}", nn.BatchNorm2d(out_channels))
            self.add_module(f"relu{number}", nn.ReLU(inplace=True))

    def forward(self, features: list[Tensor]) -> Tensor:
        """Earlier features of the block, each (N, c, H, W), to k new ones, (N, k, H, W)."""
        x = concat(features)
        for name, module in self.named_children():
            x = module(x)
            if name == self.last and self.drop_rate:
                x = F.dropout(x, self.drop_rate, self.training)
        return x


class DenseBlock(nn.ModuleDict):
    """Dense layers, each of which reads the input and the outputs of all layers before it."""

    def __init__(self, config: DenseNetConfig, num_layers: int, in_channels: int) -> None:
        super().__init__()
        layer = PostActivationLayer if config.norm_order == "post_activation" else DenseLayer
        for number in range(1, num_layers + 1):
            self[f"denselayer{number}"] = layer(config, config.width(in_channels, config.sources(number)))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C + num_layers·k, H, W)."""
        features = [x]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class SparseBlock(DenseBlock):
    """Dense layers, each of which reads some of what came before; what nobody reads any more is let go."""

    def __init__(self, config: DenseNetConfig, num_layers: int, in_channels: int) -> None:
        super().__init__(config, num_layers, in_channels)
        self.sources = [config.sources(number) for number in range(1, num_layers + 1)]
        self.joined = config.joined(num_layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, c, H, W), as wide as what a further layer would read."""
        features = {0: x}
        for number, layer in enumerate(self.values(), start=1):
            features[number] = layer([features[index] for index in self.sources[number - 1]])
            wanted = set(self.joined).union(*self.sources[number:])
            features = {index: feature for index, feature in features.items() if index in wanted}
        return concat(list(features.values()))


class Transition(nn.Sequential):
    """BN-ReLU-1×1 to ⌊θm⌋ channels, then 2×2 pooling; or 1×1-BN-ReLU, or the convolution with stride 2 alone."""

    __constants__ = ("memory_efficient",)

    def __init__(self, config: DenseNetConfig, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.memory_efficient = config.memory_efficient
        stride = 2 if config.transition_pool == "none" else 1
        conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=config.conv_bias)
        if config.norm_order == "post_activation":
            self.conv = conv
            self.norm = nn.BatchNorm2d(out_channels)
            self.relu = nn.ReLU(inplace=True)
        else:
            self.norm = nn.BatchNorm2d(in_channels)
            self.relu = nn.ReLU(inplace=True)
            self.conv = conv
        if config.transition_pool != "none":
            self.pool = nn.MaxPool2d(2) if config.transition_pool == "max" else nn.AvgPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """(N, m, H, W) to (N, ⌊θm⌋, H / 2, W / 2)."""
        if self.memory_efficient:
            x = norm_relu_conv([x], self.norm, self.relu, self.conv)
            if not hasattr(self, "pool"):
                return x
            return pool2d(x, self.pool) if self.norm.training else self.pool(x)
        for module in self:
            x = module(x)
        return x


class DenseNet(Network):
    """A DenseNet as its config describes it.

    Source: Huang et al., arXiv:1608.06993, section 3 and Table 1; initialisation: He normal, as in section 4.2.
    """

    stages_by_pattern = (
        (r"features\.(stemblock|(conv|norm|relu|pool)0)", "stem"),
        (r"features\.denseblock(\d+)", "dense block {}"),
        (r"features\.transition(\d+)", "transition {}"),
    )
    sequence = ("features",)

    def __init__(self, config: DenseNetConfig) -> None:
        super().__init__(config)
        self.features = stem(config)
        channels = config.num_init_features
        last, block = len(config.block_config), DenseBlock if config.links == "all" else SparseBlock
        for number, num_layers in enumerate(config.block_config, start=1):
            self.features.add_module(f"denseblock{number}", block(config, num_layers, channels))
            channels = config.width(channels, config.joined(num_layers))
            if number < last:
                out_channels = config.compressed(channels)
                self.features.add_module(f"transition{number}", Transition(config, channels, out_channels))
                channels = out_channels
        if config.norm_order == "pre_activation":
            self.features.add_module("norm5", nn.BatchNorm2d(channels))
            self.features.add_module("relu5", nn.ReLU(inplace=True))
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, config.num_classes)
        self.initialise(mode="fan_in")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.features(x)

    def forward_head(self, x: Tensor) -> Tensor:
        x = self.global_pool(x).flatten(1)
        return self.classifier(x)


def stem(config: DenseNetConfig) -> nn.Sequential:
    """The layers in front of the first block, (N, in_channels, H, W) to (N, num_init_features, h, w)."""
    channels, bias = config.num_init_features, config.conv_bias
    if config.stem == "pelee":
        return nn.Sequential(OrderedDict(stemblock=StemBlock(replace(config, memory_efficient=False))))
    cifar = config.stem == "cifar"
    kernel, stride = (3, 1) if cifar else (7, 2)
    conv = nn.Conv2d(config.in_channels, channels, kernel, stride, kernel // 2, bias=bias)
    layers: dict[str, nn.Module] = {"conv0": conv}
    if not cifar or config.norm_order == "post_activation":
        layers |= {"norm0": nn.BatchNorm2d(channels), "relu0": nn.ReLU(inplace=True)}
    if not cifar:
        layers["pool0"] = nn.MaxPool2d(3, stride=2, padding=1)
    return nn.Sequential(OrderedDict(layers))
