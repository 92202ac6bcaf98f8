"""ELAN backbones in PyTorch. YOLOv7 numbers its modules and has no classifier: names, and the head, are ours."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.elan.config import HALVES, ELANConfig
from archs.network import Network


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm, activation: (N, in_channels, H, W) to (N, out_channels, h, w)."""

    def __init__(
        self, config: ELANConfig, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.act = nn.SiLU() if config.activation == "silu" else nn.LeakyReLU(0.1)


class Reorganise(nn.Module):
    """The four pixel phases side by side: (N, C, H, W) to (N, 4·C, H/2, W/2)."""

    def forward(self, x: Tensor) -> Tensor:
        even, odd = x[..., ::2, :], x[..., 1::2, :]
        return torch.cat([even[..., ::2], odd[..., ::2], even[..., 1::2], odd[..., 1::2]], 1)


class Halves(nn.Module):
    """A strided convolution beside a max pool: (N, in_channels, H, W) to (N, 2·half, H/2, W/2)."""

    def __init__(self, config: ELANConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        inner, half = config.halves(stage, in_channels)
        self.pool = nn.MaxPool2d(2)
        self.conv_pool = ConvNormAct(config, in_channels, half, 1)
        self.conv_in = ConvNormAct(config, in_channels, inner, 1)
        self.conv_stride = ConvNormAct(config, inner, half, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        pooled = self.conv_pool(self.pool(x))
        return torch.cat([self.conv_stride(self.conv_in(x)), pooled], 1)


class ELANBlock(nn.Module):
    """Every step-th of a row of 3×3 convolutions, with what goes in and around: (N, C, H, W) to (N, out, H, W).

    Source: Wang et al., arXiv:2207.02696, section 3.1 and Figure 2; arXiv:2211.04800.
    """

    def __init__(self, config: ELANConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        width, self.step = config.widths[stage], config.step
        self.conv_cross = ConvNormAct(config, in_channels, width, 1)
        self.conv_in = ConvNormAct(config, in_channels, width, 1)
        self.conv_mid = nn.ModuleList(ConvNormAct(config, width, width, 3) for _ in range(config.layers))
        self.conv_concat = ConvNormAct(config, (2 + config.kept) * width, config.out_chs[stage], 1)

    def forward(self, x: Tensor) -> Tensor:
        features = [self.conv_cross(x)]
        x = self.conv_in(x)
        features.append(x)
        for left, conv in zip(reversed(range(len(self.conv_mid))), self.conv_mid, strict=True):
            x = conv(x)
            if left % self.step == 0:
                features.append(x)
        x = torch.cat(features[::-1], 1)
        del features  # else they are held to the end
        return self.conv_concat(x)


class ELANBlocks(nn.ModuleList):
    """One ELAN block, or two on the same input whose outputs are added (E-ELAN): (N, C, H, W) to (N, out, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        y = self[0](x)
        return y + self[1](x) if len(self) > 1 else y


class ELANStage(nn.Module):
    """Perhaps a downsampling, then ELAN blocks: (N, in_channels, H, W) to (N, out_channels[stage], h, w)."""

    def __init__(self, config: ELANConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        self.down: nn.Module | None = None
        if config.downsamples(stage):
            self.down, in_channels = downsampling(config, stage, in_channels)
        self.blocks = ELANBlocks(ELANBlock(config, stage, in_channels) for _ in range(1 + config.parallel))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x if self.down is None else self.down(x))


def downsampling(config: ELANConfig, stage: int, in_channels: int) -> tuple[nn.Module, int]:
    """What stands in front of a stage, and the channels that it makes."""
    if config.downsampling in HALVES:
        return Halves(config, stage, in_channels), 2 * config.halves(stage, in_channels)[1]
    if config.downsampling == "pool":
        return nn.MaxPool2d(2), in_channels
    channels = config.out_chs[stage]
    return ConvNormAct(config, in_channels, channels, 3, stride=2), channels


class Head(nn.Module):
    """Global average pooling, dropout, classifier, none of which YOLOv7 has: (N, C, h, w) to (N, num_classes)."""

    def __init__(self, config: ELANConfig) -> None:
        super().__init__()
        self.drop_rate = config.drop_rate
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(config.out_chs[-1], config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.global_pool(x).flatten(1)
        return self.fc(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)


class ELAN(Network):
    """An ELAN backbone as its config describes it, and a classifier that is ours.

    Source: WongKinYiu/yolov7, cfg/deploy and models/common.py.
    """

    stages_by_pattern = (
        (r"(?:stem|reorganise)\.", "stem"),
        *((rf"stages\.{stage}\.", f"ELAN stage {stage + 1}") for stage in range(7)),
        (r"head\.", "head (ours)"),
    )
    sequence = ("reorganise", "stem", "stages")

    def __init__(self, config: ELANConfig) -> None:
        super().__init__(config)
        self.reorganise = Reorganise() if config.reorganise else nn.Identity()
        self.stem, self.stages = nn.Sequential(), nn.Sequential()
        channels = 4 * config.in_channels if config.reorganise else config.in_channels
        for out_channels, step in zip(config.stem_channels, config.strides, strict=True):
            self.stem.append(ConvNormAct(config, channels, out_channels, 3, step))
            channels = out_channels
        for index, out_channels in enumerate(config.out_chs):
            self.stages.append(ELANStage(config, index, channels))
            channels = out_channels
        self.head = Head(config)
        self.initialise(mode="fan_out")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(self.reorganise(x)))

    def forward_head(self, x: Tensor) -> Tensor:
        return self.head(x)
