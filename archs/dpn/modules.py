"""DPN in PyTorch. Parameter names are timm's, so its weights fit without a change."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.dpn.config import DPNConfig
from archs.network import Network


def batch_norm(channels: int) -> nn.BatchNorm2d:
    """With the authors' ε."""
    return nn.BatchNorm2d(channels, eps=0.001)


def activation(config: DPNConfig) -> nn.Module:
    """That of the stem and in front of the classifier."""
    return nn.SiLU() if config.activation == "silu" else nn.ReLU(inplace=True)


class NormAct(nn.Sequential):
    """Batch norm, activation: (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int, act: nn.Module) -> None:
        super().__init__(OrderedDict(bn=batch_norm(channels), act=act))


class NormReluConv(NormAct):
    """Batch norm, ReLU, convolution: (N, in_channels, H, W) to (N, out_channels, h, w)."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, *, groups: int = 1
    ) -> None:
        super().__init__(in_channels, nn.ReLU(inplace=True))
        padding = kernel_size // 2
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)


class DualPathBlock(nn.Module):
    """1×1, 3×3 in groups, 1×1; what they make is added to the residual path and appended to the dense one.

    (N, in_channels, H, W) to (N, residual + dense, h, w), where the first block of a stage projects both paths.
    """

    def __init__(self, config: DPNConfig, stage: int, in_channels: int, *, first: bool) -> None:
        super().__init__()
        self.residual, d = config.residual_channels(stage), config.increment(stage)
        inner, stride = config.inner_channels(stage), 2 if first and stage else 1
        projection = NormReluConv(in_channels, self.residual + 2 * d, 1, stride) if first else None
        self.c1x1_w_s1 = projection if stride == 1 else None
        self.c1x1_w_s2 = projection if stride == 2 else None
        self.c1x1_a = NormReluConv(in_channels, inner, 1)
        self.c3x3_b = NormReluConv(inner, inner, 3, stride, groups=config.groups)
        split = config.split_last
        self.c1x1_c = NormAct(inner, nn.ReLU(inplace=True)) if split else NormReluConv(inner, self.residual + d, 1)
        self.c1x1_c1 = nn.Conv2d(inner, self.residual, 1, bias=False) if split else None
        self.c1x1_c2 = nn.Conv2d(inner, d, 1, bias=False) if split else None

    def forward(self, x: Tensor) -> Tensor:
        paths = x
        if self.c1x1_w_s1 is not None:
            paths = self.c1x1_w_s1(x)
        elif self.c1x1_w_s2 is not None:
            paths = self.c1x1_w_s2(x)
        x = self.c1x1_c(self.c3x3_b(self.c1x1_a(x)))
        if self.c1x1_c1 is not None and self.c1x1_c2 is not None:
            added, new = self.c1x1_c1(x), self.c1x1_c2(x)
        else:
            added, new = torch.split(x, [self.residual, x.shape[1] - self.residual], 1)
        residual, dense = torch.split(paths, [self.residual, paths.shape[1] - self.residual], 1)
        del x, paths  # else they are held to the end
        residual = residual + added
        del added
        return torch.cat([residual, dense, new], 1)


class DPN(Network):
    """A DPN as its config describes it.

    Source: Chen et al., arXiv:1707.01629, section 3 and Table 1; timm/models/dpn.py, with its classifier.
    """

    stages_by_pattern = (
        (r"features\.conv1_", "stem"),
        (r"features\.conv(\d+)_\d", "dual path stage {}"),
    )
    sequence = ("features",)

    def __init__(self, config: DPNConfig) -> None:
        super().__init__(config)
        self.drop_rate = config.drop_rate
        channels, kernel_size = config.init_channels, 3 if config.small else 7
        stem = nn.Conv2d(config.in_channels, channels, kernel_size, 2, kernel_size // 2, bias=False)
        self.features = nn.Sequential(
            OrderedDict(
                conv1_1=nn.Sequential(OrderedDict(conv=stem, bn=batch_norm(channels), act=activation(config))),
                conv1_pool=nn.MaxPool2d(3, stride=2, padding=1),
            )
        )
        for stage, blocks in enumerate(config.blocks):
            for number in range(1, blocks + 1):
                block = DualPathBlock(config, stage, channels, first=number == 1)
                self.features.add_module(f"conv{stage + 2}_{number}", block)
                channels = config.residual_channels(stage) + (number + 2) * config.increment(stage)
        self.features.add_module("conv5_bn_ac", NormAct(channels, activation(config)))
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Conv2d(channels, config.num_classes, 1)
        self.initialise(mode="fan_in")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.features(x)

    def forward_head(self, x: Tensor) -> Tensor:
        x = self.global_pool(x)
        x = self.classifier(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)
        return x.flatten(1)
