"""VoVNet and VoVNetV2 in PyTorch. Parameter names are timm's, so its weights fit without a change."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from archs.attention.modules import EffectiveSqueezeExcitation
from archs.network import Network
from archs.recompute.post_activation import conv2d, norm_relu, scale
from archs.recompute.recomputable import Features, concat, pays_for, pool2d, value
from archs.vovnet.config import VoVNetConfig


class ConvNormAct(nn.Sequential):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self, config: VoVNetConfig, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.memory_efficient = config.memory_efficient
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Features) -> Features:
        """(N, in_channels, H, W) to (N, out_channels, h, w)."""
        if self.memory_efficient and pays_for(self.bn, self.act):
            return norm_relu(conv2d(x, self.conv), self.bn)
        return super().forward(value(x))  # type: ignore[no-untyped-call]


class SeparableConvNormAct(nn.Sequential):
    """Depthwise convolution, pointwise convolution, batch norm, ReLU."""

    def __init__(
        self, config: VoVNetConfig, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
    ) -> None:
        super().__init__()
        self.memory_efficient = config.memory_efficient
        padding = kernel_size // 2
        self.conv_dw = nn.Conv2d(in_channels, in_channels, kernel_size, stride, padding, groups=in_channels, bias=False)
        self.conv_pw = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Features) -> Features:
        """(N, in_channels, H, W) to (N, out_channels, h, w)."""
        if self.memory_efficient and pays_for(self.bn, self.act):
            return norm_relu(self.conv_pw(conv2d(x, self.conv_dw)), self.bn)
        return super().forward(value(x))  # type: ignore[no-untyped-call]


class SqueezeExcitation(nn.Module):
    """SE: eSE with its channels squeezed to one in `reduction` between two layers (arXiv:1709.01507, section 3)."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.act = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Features) -> Tensor:
        return scale(x, self.gate(self.fc2(self.act(self.fc1(self.pool(value(x)))))))


class Chain(nn.ModuleList):
    """Convolutions in a row, of which every output is wanted: (N, C, H, W) to (N, channels, H, W)."""

    def forward(self, x: Features, features: list[Features]) -> Features:
        """The last output; all of them are appended to `features`."""
        for conv in self:
            x = conv(x)
            features.append(x)
        return x


class OsaBlock(nn.Module):
    """One-shot aggregation: a chain of 3×3 convolutions whose outputs are concatenated once, with the input."""

    def __init__(self, config: VoVNetConfig, stage: int, in_channels: int, *, residual: bool, attention: bool) -> None:
        super().__init__()
        channels, out_channels = config.conv_chs[stage], config.out_chs[stage]
        conv = SeparableConvNormAct if config.depthwise else ConvNormAct
        reduces = config.depthwise and in_channels != channels
        first = channels if reduces else in_channels
        self.residual = residual
        self.conv_reduction = ConvNormAct(config, in_channels, channels, 1) if reduces else None
        self.conv_mid = Chain(
            conv(config, first if layer == 0 else channels, channels, 3) for layer in range(config.layer_per_block)
        )
        self.conv_concat = ConvNormAct(config, in_channels + config.layer_per_block * channels, out_channels, 1)
        reduction = config.se_reduction if attention else None
        self.attn = EffectiveSqueezeExcitation(out_channels) if attention and reduction is None else None
        self.se = None if reduction is None else SqueezeExcitation(out_channels, reduction)

    def forward(self, x: Features) -> Features:
        """(N, in_channels, H, W) to (N, stage_out_chs[stage], H, W)."""
        features = [x]
        self.conv_mid(x if self.conv_reduction is None else self.conv_reduction(x), features)
        out = concat(features)
        del features  # else they are held to the end
        out = self.conv_concat(out)
        if self.attn is not None:
            out = self.attn(out)
        if self.se is not None:
            out = self.se(out)
        return value(out) + value(x) if self.residual else out


class OsaStage(nn.Module):
    """A 3×3/2 max pool (except in stage 2), then OSA blocks at one resolution."""

    def __init__(self, config: VoVNetConfig, stage: int, in_channels: int) -> None:
        super().__init__()
        self.memory_efficient = config.memory_efficient
        pool = nn.AvgPool2d(2) if config.stage_pool == "average" else nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.pool = pool if stage > 0 else None
        last = config.block_per_stage[stage] - 1
        blocks = []
        for index in range(last + 1):
            attention = config.attention == "every" or (config.attention == "last" and index == last)
            residual = config.residual and index > 0
            blocks.append(OsaBlock(config, stage, in_channels, residual=residual, attention=attention))
            in_channels = config.out_chs[stage]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        if self.pool is not None:
            x = pool2d(x, self.pool) if self.memory_efficient else self.pool(x)
        return value(self.blocks(x))


class Head(nn.Module):
    """Global average pooling, dropout, classifier: (N, C, h, w) to (N, num_classes)."""

    def __init__(self, config: VoVNetConfig) -> None:
        super().__init__()
        self.drop_rate = config.drop_rate
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(config.out_chs[-1], config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.global_pool(x).flatten(1)
        return self.fc(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)


class VoVNet(Network):
    """A VoVNet or VoVNetV2 as its config describes it.

    Source: Lee et al., arXiv:1904.09730, Table 1; Lee and Park, arXiv:1911.06667; timm/models/vovnet.py.
    """

    stages_by_pattern = (
        (r"stem\.", "stem"),
        *((rf"stages\.{stage}\.", f"OSA stage {stage + 2}") for stage in range(8)),
    )
    sequence = ("stem", "stages")

    def __init__(self, config: VoVNetConfig) -> None:
        super().__init__(config)
        first, second, third = config.stem_chs
        stride = 2 if config.stem == "imagenet" else 1
        conv = SeparableConvNormAct if config.depthwise else ConvNormAct
        self.stem = nn.Sequential(
            ConvNormAct(config, config.in_channels, first, 3, stride),
            conv(config, first, second, 3),
            conv(config, second, third, 3, stride),
        )
        self.stages = nn.Sequential()
        in_channels = third
        for stage, out_channels in enumerate(config.out_chs):
            self.stages.append(OsaStage(config, stage, in_channels))
            in_channels = out_channels
        self.head = Head(config)
        self.initialise(mode="fan_out")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stages(self.stem(x))

    def forward_head(self, x: Tensor) -> Tensor:
        return self.head(x)
