"""CSPNet and Darknet in PyTorch. Parameter names are timm's, so its weights fit without a change."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.cspnet.config import CSPNetConfig
from archs.network import Network

ACTIVATIONS: dict[str, type[nn.Module]] = {"leaky_relu": nn.LeakyReLU, "silu": nn.SiLU}


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm, activation unless it is linear: (N, in_channels, H, W) to (N, out_channels, h, w)."""

    def __init__(
        self,
        config: CSPNetConfig,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 1,
        stride: int = 1,
        *,
        groups: int = 1,
        linear: bool = False,
    ) -> None:
        super().__init__()
        padding = (kernel_size - 1) // 2
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        if not linear:
            self.act = ACTIVATIONS[config.activation]()


class BottleneckBlock(nn.Module):
    """1×1, 3×3, 1×1, the input added, activation, as in ResNet and ResNeXt: (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, config: CSPNetConfig, stage: int) -> None:
        super().__init__()
        channels, inner = config.block_channels(stage), config.inner_channels(stage)
        self.conv1 = ConvNormAct(config, channels, inner)
        self.conv2 = ConvNormAct(config, inner, inner, 3, groups=config.groups)
        self.conv3 = ConvNormAct(config, inner, channels, linear=True)
        self.act3 = ACTIVATIONS[config.activation]()

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(x)
        y = self.conv2(y)
        y = self.conv3(y)
        y = y + x
        return self.act3(y)


class DarkBlock(nn.Module):
    """1×1, 3×3, the input added, as in Darknet-53: (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, config: CSPNetConfig, stage: int) -> None:
        super().__init__()
        channels, inner = config.block_channels(stage), config.inner_channels(stage)
        self.conv1 = ConvNormAct(config, channels, inner)
        self.conv2 = ConvNormAct(config, inner, channels, 3, groups=config.groups)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(x)
        y = self.conv2(y)
        return y + x


def chain(config: CSPNetConfig, stage: int) -> nn.Sequential:
    """The blocks of a stage, one behind the other."""
    block = BottleneckBlock if config.block == "bottle" else DarkBlock
    return nn.Sequential(*[block(config, stage) for _ in range(config.blocks[stage])])


def downsample(config: CSPNetConfig, stage: int, in_channels: int) -> ConvNormAct:
    """The 3×3 convolution in front of a stage."""
    channels, stride = config.down_channels(stage, in_channels), config.per_stage(config.strides)[stage]
    return ConvNormAct(config, in_channels, channels, 3, stride, groups=config.groups)


class CrossStage(nn.Module):
    """A 1×1 convolution, split in two: a half through the blocks, the other around them; a 1×1 joins both.

    (N, in_channels, H, W) to (N, out_channels[stage], h, w).
    """

    def __init__(self, config: CSPNetConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        self.part_channels = channels = config.block_channels(stage)
        out_channels = config.per_stage(config.out_channels)[stage]
        self.blocks_first = config.stage == "cs3"
        self.conv_down = downsample(config, stage, in_channels) if config.downsamples(stage) else nn.Identity()
        if config.downsamples(stage):
            in_channels = config.down_channels(stage, in_channels)
        self.conv_exp = ConvNormAct(config, in_channels, 2 * channels, linear=config.cross_linear)
        self.blocks = chain(config, stage)
        self.conv_transition_b = nn.Identity() if self.blocks_first else ConvNormAct(config, channels, channels)
        self.conv_transition = ConvNormAct(config, 2 * channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_exp(self.conv_down(x))
        first, second = torch.split(x, self.part_channels, 1)
        if self.blocks_first:
            first = self.blocks(first)
        else:
            second = self.conv_transition_b(self.blocks(second))
        x = torch.cat([first, second], 1)
        del first, second  # else they are held to the end
        return self.conv_transition(x)


class DarkStage(nn.Module):
    """A 3×3 convolution, and blocks on all of its channels: (N, in_channels, H, W) to (N, c, h, w)."""

    def __init__(self, config: CSPNetConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        self.conv_down = downsample(config, stage, in_channels)
        self.blocks = chain(config, stage)

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.conv_down(x))


class Head(nn.Module):
    """Global average pooling, dropout, classifier: (N, C, h, w) to (N, num_classes)."""

    def __init__(self, config: CSPNetConfig, in_channels: int) -> None:
        super().__init__()
        self.drop_rate = config.drop_rate
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(in_channels, config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.global_pool(x).flatten(1)
        return self.fc(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)


class CSPNet(Network):
    """A CSPNet, or a Darknet, as its config describes it.

    Source: Wang et al., arXiv:1911.11929; Redmon and Farhadi, arXiv:1804.02767, Table 1; timm/models/cspnet.py.
    """

    stages_by_pattern = ((r"stem\.", "stem"), *((rf"stages\.{stage}\.", f"stage {stage + 1}") for stage in range(8)))
    sequence = ("stem", "stages")

    def __init__(self, config: CSPNetConfig) -> None:
        super().__init__(config)
        self.stem = nn.Sequential()
        channels = config.in_channels
        for number, out_channels in enumerate(config.stem_channels, start=1):
            stride = config.stem_stride if number == 1 else 1
            conv = ConvNormAct(config, channels, out_channels, config.stem_kernel, stride)
            self.stem.add_module(f"conv{number}", conv)
            channels = out_channels
        if config.pool:
            self.stem.add_module("pool", nn.MaxPool2d(3, stride=2, padding=1))
        self.stages = nn.Sequential()
        for stage, out_channels in enumerate(config.per_stage(config.out_channels)):
            self.stages.append((CrossStage if config.crosses else DarkStage)(config, stage, channels))
            channels = out_channels
        self.head = Head(config, channels)
        self.initialise(mode="fan_out")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))

    def forward_head(self, x: Tensor) -> Tensor:
        return self.head(x)
