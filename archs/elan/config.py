"""What defines an ELAN network (Wang et al., arXiv:2207.02696 and arXiv:2211.04800; WongKinYiu/yolov7, cfg/deploy)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, one_for_each
from archs.errors import ConfigError

#: What stands in front of the first stage too.
IN_FRONT_OF_ALL = ("conv", "downc")
#: What is made of two halves.
HALVES = ("mp", "downc")


@dataclass(frozen=True)
class ELANConfig(NetworkConfig):
    """A backbone of efficient layer aggregation networks, with a classifier that is ours; the defaults are YOLOv7's.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "elan"

    stem_channels: tuple[int, ...] = integers(
        (32, 64, 64, 128), "Stem channels", "Of its 3×3 convolutions.", high=4096, step=8, lengths=range(1, 9)
    )
    stem_strides: int | tuple[int, ...] = integers(
        (1, 2, 1, 2), "Stem strides", "Of its 3×3 convolutions.", high=2, per="stem_channels", structural=True
    )
    reorganise: bool = boolean("Reorganise pixels", "Begin with the four pixel phases of the image side by side.")
    downsampling: str = choice(
        "mp",
        "Downsampling",
        "Max pool; max pool beside a strided convolution (mp, downc); or strided convolution.",
        *("pool", "mp", "conv", "downc"),
    )
    widths: tuple[int, ...] = integers(
        (64, 128, 256, 256), "Width per stage", "Channels within the ELAN block.", step=8, lengths=range(1, 8)
    )
    layers: int = integer(4, "3×3 convolutions per block", "In a row.", high=32, slider=12, structural=True)
    step: int = integer(2, "Aggregated: every n-th", "2: every second.", high=32, slider=4, structural=True)
    out_channels: int | tuple[int, ...] = integers(
        (256, 512, 1024, 1024),
        "Output channels per stage",
        "Made by the aggregation.",
        high=8192,
        step=16,
        per="widths",
    )
    parallel: bool = boolean("Two blocks a stage (E-ELAN)", "On the same input, outputs added.")
    activation: str = choice("silu", "Activation", "Leaky ReLU has slope 0.1.", *("silu", "leaky_relu"))

    def check_together(self) -> None:
        halved = {"mp": self.out_chs[:-1], "downc": self.out_chs}.get(self.downsampling, ())
        if odd := [channels for channels in halved if channels % 2]:
            allowed = (
                f"even, such as {odd[0] + 1} for {odd[0]}: downsampling {self.downsampling!r} makes them in two halves"
            )
            raise ConfigError("out_channels", self.out_channels, allowed)

    @property
    def strides(self) -> tuple[int, ...]:
        """Strides of the stem's convolutions."""
        return one_for_each(self.stem_strides, self.stem_channels)

    @property
    def out_chs(self) -> tuple[int, ...]:
        """Channels that each stage makes."""
        return one_for_each(self.out_channels, self.widths)

    @property
    def kept(self) -> int:
        """How many of a row's convolutions are aggregated."""
        return len(range(0, self.layers, self.step))

    def downsamples(self, stage: int) -> bool:
        """Whether a stage (from 0) begins at half the size."""
        return stage > 0 or self.downsampling in IN_FRONT_OF_ALL

    def halves(self, stage: int, in_channels: int) -> tuple[int, int]:
        """Channels inside and of either half of a downsampling by two branches in front of a stage (from 0)."""
        if self.downsampling == "downc":
            return in_channels, self.out_chs[stage] // 2
        return in_channels // 2, in_channels // 2
