"""What the networks of all families share as an `nn.Module`: features, a head, and maps at several strides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import Tensor, nn

from archs import checks
from archs.taps import list_taps, take_taps
from archs.trunk import Trunk


class Network(Trunk):
    """An image classifier of one family, which also serves as a backbone."""

    def __init__(self, config: Any) -> None:
        super().__init__(config, list_taps(config))

    def forward_features(self, x: Tensor) -> Tensor:
        """Images (N, in_channels, H, W) to the last feature maps, (N, C, h, w)."""
        raise NotImplementedError

    def forward_head(self, x: Tensor) -> Tensor:
        """Feature maps (N, C, h, w) to logits (N, num_classes)."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Images (N, in_channels, H, W) to logits (N, num_classes)."""
        return self.forward_head(self.forward_features(x))

    def forward_intermediates(
        self,
        x: Tensor,
        indices: int | Sequence[int] | None = None,
        norm: bool = False,
        stop_early: bool = False,
        output_fmt: str = "NCHW",
        intermediates_only: bool = False,
    ) -> list[Tensor] | tuple[Tensor, list[Tensor]]:
        """Feature maps at several strides in one pass, in timm's signature.

        Args:
            x: images (N, in_channels, H, W).
            indices: taps of `feature_info`: all (None), the last n (an int), or those listed, finest first.
            norm: no effect: taps come as the network makes them, the last behind its last norm.
            stop_early: compute nothing beyond the deepest tap.
            output_fmt: "NCHW".
            intermediates_only: return the maps alone, and compute nothing beyond the deepest.

        Returns:
            The last features that were computed and a list of maps (N, C, h, w), or that list alone.

        Raises:
            ConfigError: there is no such tap or format.
        """
        checks.choice("output_fmt", checks.attribute(output_fmt, "value", output_fmt), ("NCHW",))
        taps = [self.feature_info[index]["module"] for index in self._taken(indices)]
        steps = self.steps(taps) if stop_early or intermediates_only else self.all_steps(taps)
        last, maps = self.walk(x, steps, taps)
        return maps if intermediates_only else (last, maps)

    def prune_intermediate_layers(
        self, indices: int | Sequence[int] | None = 1, prune_norm: bool = False, prune_head: bool = True
    ) -> list[int]:
        """Take out what no tap needs, in timm's signature: afterwards only `forward_intermediates` works.

        Args:
            indices: as in `forward_intermediates`.
            prune_norm: no effect: a last norm belongs to the last tap, or lies beyond it.
            prune_head: take the head out even where every tap's modules stay.

        Returns:
            The numbers of the taps.
        """
        taken = self._taken(indices)
        if prune_head or taken[-1] < len(self.feature_info) - 1:
            self.feature_info = self.feature_info[: taken[-1] + 1]
            self.keep_only(self.steps([info["module"] for info in self.feature_info]))
        return list(taken)

    def _taken(self, indices: int | Sequence[int] | None) -> tuple[int, ...]:
        return take_taps("indices", indices, [info["reduction"] for info in self.feature_info])

    def initialise(self, mode: Literal["fan_in", "fan_out"]) -> None:
        """Fill convolutions from He's normal distribution over "fan_in" or "fan_out", and clear all biases.

        Source: He et al., arXiv:1502.01852.
        """
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")
            if isinstance(module, (nn.Conv2d, nn.Linear)) and module.bias is not None:
                nn.init.zeros_(module.bias)
