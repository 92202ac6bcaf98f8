"""Stems in PyTorch that are post-activation, and what they are made of."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from archs.recompute.post_activation import conv2d, norm_relu
from archs.recompute.recomputable import Features, concat, pays_for, pool2d, value


class ConvNormReLU(nn.Sequential):
    """Convolution, batch norm, ReLU: post-activation, so that batch norm can be folded."""

    def __init__(self, config: Any, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> None:
        super().__init__()
        self.memory_efficient = config.memory_efficient
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Features) -> Features:
        """(N, in_channels, H, W) to (N, out_channels, h, w)."""
        if self.memory_efficient and pays_for(self.norm, self.relu):
            return norm_relu(conv2d(x, self.conv), self.norm)
        return super().forward(value(x))  # type: ignore[no-untyped-call]


class StemBlock(nn.Module):
    """3×3/2, then 1×1 → 3×3/2 beside a 2×2/2 max pool, joined by a 1×1: (N, C, H, W) to (N, features, H/4, W/4)."""

    def __init__(self, config: Any, *, ceil_mode: bool = False) -> None:
        super().__init__()
        features = config.num_init_features
        self.memory_efficient = config.memory_efficient
        self.stem1 = ConvNormReLU(config, config.in_channels, features, 3, stride=2)
        self.stem2a = ConvNormReLU(config, features, features // 2, 1)
        self.stem2b = ConvNormReLU(config, features // 2, features, 3, stride=2)
        self.pool = nn.MaxPool2d(2, ceil_mode=ceil_mode)
        self.stem3 = ConvNormReLU(config, 2 * features, features, 1)

    def forward(self, x: Features) -> Features:
        x = self.stem1(x)
        right = self.stem2b(self.stem2a(x))
        x = pool2d(value(x), self.pool) if self.memory_efficient else self.pool(x)
        x = concat([x, right])
        del right  # else its memory is held to the end
        return self.stem3(x)


class ImageNetStem(nn.Module):
    """7×7/2, then a 3×3/2 max pool: (N, C, H, W) to (N, features, H/4, W/4)."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.memory_efficient = config.memory_efficient
        self.stem1 = ConvNormReLU(config, config.in_channels, config.num_init_features, 7, stride=2)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = value(self.stem1(x))
        return pool2d(x, self.pool) if self.memory_efficient else self.pool(x)
