"""PP-HGNet and PP-HGNetV2 in PyTorch. Parameter names are timm's, so its weights fit without a change."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.hgnet.config import HGNetConfig
from archs.network import Network


class LearnableAffine(nn.Module):
    """LAB: a·x + b with two learnable scalars, (N, C, H, W)."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.bias


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm, and mostly ReLU and a learnable affine block: (N, C, H, W) to (N, channels, h, w)."""

    def __init__(
        self,
        config: HGNetConfig,
        in_channels: int,
        channels: int,
        kernel_size: int,
        stride: int = 1,
        *,
        groups: int = 1,
        padding: int | None = None,
        act: bool = True,
    ) -> None:
        super().__init__()
        padding = kernel_size // 2 if padding is None else padding
        self.conv = nn.Conv2d(in_channels, channels, kernel_size, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        if act:
            self.act = nn.ReLU(inplace=True)
        if act and config.learnable_affine:
            self.lab = LearnableAffine()


class LightLayer(nn.Sequential):
    """1×1 convolution without activation, then a depthwise one: (N, C, H, W) to (N, channels, H, W)."""

    def __init__(self, config: HGNetConfig, in_channels: int, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv1 = ConvNormAct(config, in_channels, channels, 1, act=False)
        self.conv2 = ConvNormAct(config, channels, channels, kernel_size, groups=channels)


class EffectiveSqueezeExcitation(nn.Module):
    """eSE with a sigmoid: channel attention by one fully connected layer that keeps all channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.conv = nn.Conv2d(channels, channels, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return x * self.sigmoid(self.conv(self.pool(x)))


class StemV1(nn.Sequential):
    """Three 3×3 convolutions and a max pool: (N, C, H, W) to (N, stem_channels[2], H/4, W/4)."""

    def __init__(self, config: HGNetConfig) -> None:
        super().__init__()
        first, second, third = config.stem_channels
        self.stem = nn.Sequential(
            ConvNormAct(config, config.in_channels, first, 3, stride=2),
            ConvNormAct(config, first, second, 3),
            ConvNormAct(config, second, third, 3),
        )
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)


class StemV2(nn.Module):
    """3×3/2, then 2×2 → 2×2 beside a max pool, joined by 3×3/2 and 1×1: (N, C, H, W) to (N, out, H/4, W/4)."""

    def __init__(self, config: HGNetConfig) -> None:
        super().__init__()
        within, channels = config.stem_channels
        self.stem1 = ConvNormAct(config, config.in_channels, within, 3, stride=2)
        self.stem2a = ConvNormAct(config, within, within // 2, 2, padding=0)
        self.stem2b = ConvNormAct(config, within // 2, within, 2, padding=0)
        self.pool = nn.MaxPool2d(2, stride=1)
        self.stem3 = ConvNormAct(config, 2 * within, within, 3, stride=2)
        self.stem4 = ConvNormAct(config, within, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(self.stem1(x), (0, 1, 0, 1))
        right = self.stem2b(F.pad(self.stem2a(x), (0, 1, 0, 1)))
        x = self.pool(x)
        x = torch.cat([x, right], 1)
        del right  # else its memory is held to the end
        x = self.stem3(x)
        return self.stem4(x)


class HGBlock(nn.Module):
    """Layers in a row whose outputs are concatenated once, with the input, and aggregated by 1×1 convolutions."""

    def __init__(self, config: HGNetConfig, stage: int, in_channels: int, *, residual: bool) -> None:
        super().__init__()
        mid, channels = config.mid_channels[stage], config.out_channels[stage]
        layer = LightLayer if config.light[stage] else ConvNormAct
        self.residual = residual
        self.layers = nn.ModuleList(
            layer(config, mid if number else in_channels, mid, config.kernels[stage]) for number in range(config.layers)
        )
        total = in_channels + config.layers * mid
        if config.version == "v1":
            squeeze: nn.Module = ConvNormAct(config, total, channels, 1)
            excite: nn.Module = EffectiveSqueezeExcitation(channels)
        else:
            squeeze = ConvNormAct(config, total, channels // 2, 1)
            excite = ConvNormAct(config, channels // 2, channels, 1)
        self.aggregation = nn.Sequential(squeeze, excite)

    def forward(self, x: Tensor) -> Tensor:
        """(N, in_channels, H, W) to (N, out_channels[stage], H, W)."""
        features = [x]
        for layer in self.layers:
            features.append(layer(features[-1]))
        out = torch.cat(features, 1)
        del features  # else they are held to the end
        out = self.aggregation(out)
        return out + x if self.residual else out


class HGStage(nn.Sequential):
    """A depthwise 3×3/2 convolution (except in stage 1), then HG blocks at one resolution."""

    def __init__(self, config: HGNetConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        if stage > 0:
            self.downsample = ConvNormAct(config, in_channels, in_channels, 3, 2, groups=in_channels, act=False)
        self.blocks = nn.Sequential()
        for index in range(config.blocks[stage]):
            self.blocks.append(HGBlock(config, stage, in_channels, residual=index > 0))
            in_channels = config.out_channels[stage]


class Head(nn.Module):
    """Global average pooling, 1×1 convolution, dropout, classifier: (N, C, h, w) to (N, num_classes)."""

    def __init__(self, config: HGNetConfig) -> None:
        super().__init__()
        self.drop_rate = config.drop_rate
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.last_conv = nn.Sequential(
            nn.Conv2d(config.out_channels[-1], config.head_channels, 1, bias=False), nn.ReLU(inplace=True)
        )
        if config.learnable_affine:
            self.last_conv.append(LearnableAffine())
        self.fc = nn.Linear(config.head_channels, config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.last_conv(self.global_pool(x)).flatten(1)
        return self.fc(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)


class HGNet(Network):
    """A PP-HGNet or PP-HGNetV2 as its config describes it.

    Source: PaddlePaddle/PaddleClas, pp_hgnet.py and pp_hgnet_v2.py; timm/models/hgnet.py.
    """

    stages_by_pattern = ((r"stem\.", "stem"), *((rf"stages\.{stage}\.", f"HG stage {stage + 1}") for stage in range(4)))
    sequence = ("stem", "stages")

    def __init__(self, config: HGNetConfig) -> None:
        super().__init__(config)
        self.stem = StemV1(config) if config.version == "v1" else StemV2(config)
        self.stages = nn.Sequential()
        in_channels = config.stem_channels[-1]
        for stage, channels in enumerate(config.out_channels):
            self.stages.append(HGStage(config, stage, in_channels))
            in_channels = channels
        self.head = Head(config)
        self.initialise(mode="fan_out")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))

    def forward_head(self, x: Tensor) -> Tensor:
        return self.head(x)
