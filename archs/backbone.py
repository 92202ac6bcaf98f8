"""Networks without a head: an `nn.Module` that gives feature maps at several strides to detectors and the like."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from archs import checks
from archs.errors import ConfigError
from archs.network import Network
from archs.planning import plan_layers
from archs.taps import taps_of
from archs.trunk import Trunk


class Backbone(Trunk):
    """The modules of a network up to its deepest tap, under their names there.

    Args:
        network: taken apart: its modules become the backbone's.
        out_indices, frozen_stages, frozen_norm, stem_tap: as in `archs.create_backbone`.

    Raises:
        ConfigError: there are no such taps or stages.
    """

    def __init__(
        self,
        network: Network,
        out_indices: int | Sequence[int] | None,
        frozen_stages: int = 0,
        frozen_norm: bool = False,
        stem_tap: bool = False,
    ) -> None:
        taps = taps_of(network.config, out_indices, stem_tap)
        super().__init__(network.config, taps.values())
        self.stages_by_pattern, self.sequence = network.stages_by_pattern, network.sequence
        #: Numbers of the taps, counted as they were asked for.
        self.out_indices = tuple(taps)
        self.taps = [tap.module for tap in taps.values()]
        #: C of each map.
        self.out_channels = [tap.num_chs for tap in taps.values()]
        #: How many pixels of the image, both ways, one of each map stands for.
        self.strides = [tap.reduction for tap in taps.values()]
        for name, child in network.named_children():
            self.add_module(name, child)
        self.keep_only(network.steps(self.taps))
        self.frozen_stages = self._checked(frozen_stages)
        self.frozen_norm = checks.boolean("frozen_norm", frozen_norm)
        self.train(self.training)

    def _checked(self, frozen_stages: int) -> int:
        rows = dict.fromkeys(self.stage_of(name) for name, _ in self.named_parameters())
        stages = [row for row in rows if row != "head"]
        number = checks.whole(frozen_stages)
        if number is None or not 0 <= number <= len(stages):
            raise ConfigError("frozen_stages", frozen_stages, f"0 to {len(stages)}: {', '.join(stages)}")
        return number

    def train(self, mode: bool = True) -> Backbone:
        """Into training mode or out of it, but for what is frozen."""
        super().train(mode)
        self.freeze(self.frozen_stages)
        if self.frozen_norm:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval().requires_grad_(False)
        return self

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images (N, in_channels, H, W) to maps (N, C, h, w), finest first, C and H / h as `feature_info` says.

        Raises:
            ConfigError: the image does not suit the network's strides.
        """
        if torch.compiler.is_compiling():
            return self.walk(x, self.sequence, self.taps)[1]
        try:
            return self.walk(x, self.sequence, self.taps)[1]
        except (RuntimeError, ValueError):
            if isinstance(x, Tensor) and x.ndim == 4 and x.shape[1] == self.config.in_channels:
                plan_layers(self.config, (int(x.shape[2]), int(x.shape[3])))
            raise

    def chain(self) -> nn.Sequential:
        """The same modules in one row, as torchvision's `BackboneWithFPN` takes them, dots in their names as "_".

        Raises:
            ConfigError: something is frozen, which the row would forget when put into training mode.
        """
        for field in ("frozen_stages", "frozen_norm"):
            if frozen := getattr(self, field):
                raise ConfigError(field, frozen, f"{type(frozen)()} for a chain, which could not keep to it")
        return nn.Sequential(OrderedDict((name.replace(".", "_"), self.get_submodule(name)) for name in self.sequence))
