"""What the modules of all families share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from torch import Tensor, nn

if TYPE_CHECKING:
    from archs.weights import LoadReport


class Network(nn.Module):
    """An image classifier of one family, which also serves as a backbone."""

    #: Patterns of layer names and the row of the paper's table that they belong to; the rest is the head.
    stages_by_pattern: ClassVar[tuple[tuple[str, str], ...]]

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        #: What was loaded, and what was not and why; None where the weights are freshly initialised.
        self.weights_report: LoadReport | None = None
        #: Taps for detection, finest first, in timm's convention: num_chs, reduction (stride) and module of each.
        self.feature_info: list[dict[str, Any]] = []

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (N, in_channels, H, W) to the last feature maps, (N, C, h, w)."""
        raise NotImplementedError

    def forward_head(self, x: Tensor) -> Tensor:
        """Feature maps (N, C, h, w) to logits (N, num_classes)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, in_channels, H, W) to logits (N, num_classes)."""
        return self.forward_head(self.forward_features(x))

    def add_feature_info(self, num_chs: int, reduction: int, module: str) -> None:
        self.feature_info.append({"num_chs": num_chs, "reduction": reduction, "module": module})

    def stage_of(self, layer_name: str) -> str:
        """The row of the paper's table that a layer belongs to."""
        for pattern, stage in self.stages_by_pattern:
            if match := re.match(pattern, layer_name):
                return stage.format(*match.groups())
        return "head"

    def group_matcher(self, coarse: bool = False) -> Callable[[str], int]:
        """What says how deep a parameter lies, by its name: 0 for the stem, most for the head; in timm's convention.

        Parameters in the same row of the paper's table lie equally deep, `coarse` or not.
        """
        rows = dict.fromkeys(self.stage_of(name) for name, _ in self.named_parameters())
        depths = {row: depth for depth, row in enumerate(rows)}
        return lambda name: depths[self.stage_of(name)]

    def initialise(self, mode: Literal["fan_in", "fan_out"]) -> None:
        """Fill convolutions from He's normal distribution over "fan_in" or "fan_out", and clear all biases.

        Source: He et al., arXiv:1502.01852.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.zeros_(module.bias)
