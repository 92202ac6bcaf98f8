"""RDNet in PyTorch. Parameter names are timm's, so its weights fit without a change."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from archs.attention.modules import EffectiveSqueezeExcitation
from archs.network import Network
from archs.rdnet.config import DenseStage, RDNetConfig


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of each pixel: (N, C, H, W) to (N, C, H, W)."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class FeatureMixer(nn.Module):
    """Depthwise 7×7, layer norm, 1×1, GELU, 1×1, and eSE: (N, C, H, W) to (N, k, H, W)."""

    def __init__(self, config: RDNetConfig, stage: DenseStage, channels: int) -> None:
        super().__init__()
        inner = config.inner_channels(channels)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, channels, 7, padding=3, groups=channels),
            LayerNorm2d(channels),
            nn.Conv2d(channels, inner, 1),
            nn.GELU(),
            nn.Conv2d(inner, stage.growth_rate, 1),
        )
        if stage.ese:
            self.layers.append(EffectiveSqueezeExcitation(stage.growth_rate))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class DenseBlock(nn.Module):
    """A mixer of all features so far: a list of (N, c, H, W) to k new channels, (N, k, H, W)."""

    def __init__(self, config: RDNetConfig, stage: DenseStage, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((stage.growth_rate,), 1e-6))
        self.layers = FeatureMixer(config, stage, channels)

    def forward(self, features: list[Tensor]) -> Tensor:
        return self.layers(torch.cat(features, 1)) * self.gamma.reshape(1, -1, 1, 1)


class DenseBlocks(nn.Sequential):
    """Dense blocks and the concatenation of all that they made: (N, C, H, W) to (N, C + blocks·k, H, W)."""

    def __init__(self, config: RDNetConfig, stage: DenseStage) -> None:
        super().__init__()
        for number in range(stage.blocks):
            channels = stage.in_channels + number * stage.growth_rate
            self.add_module(f"dense_block{number}", DenseBlock(config, stage, channels))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for block in self:
            features.append(block(features))
        return torch.cat(features, 1)


class Head(nn.Module):
    """Global average pooling, layer norm, dropout, classifier: (N, C, h, w) to (N, num_classes)."""

    def __init__(self, config: RDNetConfig, channels: int) -> None:
        super().__init__()
        self.drop_rate = config.drop_rate
        self.global_pool = nn.AdaptiveAvgPool2d(1)
        self.norm = LayerNorm2d(channels)
        self.fc = nn.Linear(channels, config.num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.global_pool(x)).flatten(1)
        return self.fc(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)


class RDNet(Network):
    """An RDNet as its config describes it.

    Source: Kim et al., arXiv:2403.19588, section 3; naver-ai/rdnet, rdnet.py; timm/models/rdnet.py.
    """

    stages_by_pattern = (
        (r"stem\.", "stem"),
        (r"dense_stages\.0\.", "dense stage 1"),
        (r"dense_stages\.(\d+)\.[01]\b", "transition {}"),
        *((rf"dense_stages\.{index}\.2\.", f"dense stage {index + 1}") for index in range(1, 24)),
    )
    sequence = ("stem", "dense_stages")

    def __init__(self, config: RDNetConfig) -> None:
        super().__init__(config)
        channels = config.init_channels
        self.stem = nn.Sequential(nn.Conv2d(config.in_channels, channels, 4, 4), LayerNorm2d(channels))
        self.dense_stages = nn.Sequential()
        for index, stage in enumerate(config.stages):
            parts = nn.Sequential()
            if index > 0:
                side = 2 if stage.downsample else 1
                parts.extend([LayerNorm2d(channels), nn.Conv2d(channels, stage.in_channels, side, side)])
            self.dense_stages.append(parts.append(DenseBlocks(config, stage)))
            channels = stage.out_channels
        self.head = Head(config, channels)
        self.initialise(mode="fan_in")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.dense_stages(self.stem(x))

    def forward_head(self, x: Tensor) -> Tensor:
        return self.head(x)
