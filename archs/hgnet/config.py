"""What defines a PP-HGNet or PP-HGNetV2 (PaddlePaddle/PaddleClas, pp_hgnet.py and pp_hgnet_v2.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers
from archs.errors import ConfigError

#: How many stages behind the stem every HGNet has.
STAGES = range(4, 5)


@dataclass(frozen=True)
class HGNetConfig(NetworkConfig):
    """An HGNet of four stages of HG blocks; the defaults are PP-HGNetV2-B4.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "hgnet"

    version: str = choice(
        "v2",
        "Version",
        "v1: plain stem, 1×1 convolution and eSE; v2: stem with two branches, two 1×1 convolutions.",
        *("v1", "v2"),
    )
    stem_channels: tuple[int, ...] = integers(
        (32, 48), "Stem channels", "v1: of its three convolutions; v2: within and out.", high=4096, lengths=range(2, 4)
    )
    mid_channels: tuple[int, ...] = integers(
        (48, 96, 192, 384), "Layer channels per stage", "Of every layer in a block.", high=4096, step=8, lengths=STAGES
    )
    out_channels: tuple[int, ...] = integers(
        (128, 512, 1024, 2048),
        "Output channels per stage",
        "Made by the aggregation.",
        high=8192,
        step=16,
        lengths=STAGES,
    )
    blocks: tuple[int, ...] = integers(
        (1, 1, 3, 1), "HG blocks per stage", "How often a stage aggregates.", high=64, lengths=STAGES, repeats=True
    )
    layers: int = integer(6, "Layers per block", "All of them are aggregated.", high=64, slider=12, structural=True)
    kernels: tuple[int, ...] = integers(
        (3, 3, 5, 5), "Kernel size per stage", "Odd.", high=31, step=2, lengths=STAGES, structural=True
    )
    light: tuple[int, ...] = integers(
        (0, 0, 1, 1),
        "Light layers per stage",
        "1: every layer is a 1×1 and a depthwise convolution; 0: one convolution.",
        low=0,
        high=1,
        lengths=STAGES,
        structural=True,
    )
    learnable_affine: bool = boolean(
        "Learnable affine block", "a·x + b with two learnable scalars behind every activation; v2 alone."
    )
    head_channels: int = integer(2048, "Head channels", "Of the last 1×1 convolution.", high=8192)

    def check_together(self) -> None:
        if even := [kernel for kernel in self.kernels if kernel % 2 == 0]:
            raise ConfigError("kernels", self.kernels, f"odd, such as {even[0] + 1}, so that maps keep their size")
        if self.version == "v1":
            self._check_v1()
        else:
            self._check_v2()

    def _check_v1(self) -> None:
        if len(self.stem_channels) != 3:
            nearest = (*self.stem_channels[:1], *self.stem_channels)
            raise ConfigError("stem_channels", self.stem_channels, f"three integers in v1, such as {nearest}")
        if self.learnable_affine:
            raise ConfigError("learnable_affine", True, "False in v1: only v2 has learnable affine blocks")

    def _check_v2(self) -> None:
        if len(self.stem_channels) != 2:
            nearest = self.stem_channels[::2]
            raise ConfigError("stem_channels", self.stem_channels, f"two integers in v2, such as {nearest}")
        within = self.stem_channels[0]
        if within % 2:
            raise ConfigError("stem_channels", self.stem_channels, f"even first, such as {within + 1}: it is halved")
        if odd := [channels for channels in self.out_channels if channels % 2]:
            allowed = f"even in v2, such as {odd[0] + 1}: half of them lead from one 1×1 convolution to the other"
            raise ConfigError("out_channels", self.out_channels, allowed)
