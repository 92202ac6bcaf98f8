"""Channel attention in PyTorch."""

from __future__ import annotations

from torch import Tensor, nn

from archs.recompute.post_activation import scale
from archs.recompute.recomputable import Features, value


class EffectiveSqueezeExcitation(nn.Module):
    """eSE: channel attention with one fully connected layer that keeps all channels (arXiv:1911.06667, section 3.2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Conv2d(channels, channels, 1)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: Features) -> Tensor:
        return scale(x, self.gate(self.fc(self.pool(value(x)))))
