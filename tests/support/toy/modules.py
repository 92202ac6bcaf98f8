"""ToyNet in PyTorch."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from archs.network import Network
from tests.support.toy.config import ToyConfig


class ToyLayer(nn.Module):
    """3×3 convolution, BN, ReLU, perhaps an identity: (N, in_channels, H, W) to (N, width, h, w)."""

    def __init__(self, config: ToyConfig, in_channels: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, config.width, 3, stride, 1, bias=False)
        self.norm = nn.BatchNorm2d(config.width)
        self.relu = nn.ReLU(inplace=True)
        self.residual = config.residual and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.norm(self.conv(x)))
        return y + x if self.residual else y


class ToyNet(Network):
    """A ToyNet as its config describes it."""

    stages_by_pattern = ((r"stages\.0\.", "stage 1"), (r"stages\.1\.", "stage 2"), (r"stages\.2\.", "stage 3"))
    sequence = ("stages",)

    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.drop_rate = config.drop_rate
        self.stages = nn.Sequential()
        channels = config.in_channels
        for layers in config.layers:
            stage = nn.Sequential()
            for index in range(layers + 1):
                stage.append(ToyLayer(config, channels, stride=1 if index else 2))
                channels = config.width
            self.stages.append(stage)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(channels, config.num_classes)
        self.initialise(mode="fan_out")

    def forward_features(self, x: Tensor) -> Tensor:
        return self.stages(x)

    def forward_head(self, x: Tensor) -> Tensor:
        x = self.pool(x).flatten(1)
        return self.classifier(F.dropout(x, self.drop_rate, self.training) if self.drop_rate else x)
