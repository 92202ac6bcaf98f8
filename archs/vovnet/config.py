"""What defines a VoVNet (Lee et al., arXiv:1904.09730) or a VoVNetV2 (CenterMask, arXiv:1911.06667)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers

#: How many stages behind the stem every VoVNet has.
STAGES = range(4, 5)


@dataclass(frozen=True)
class VoVNetConfig(NetworkConfig):
    """A VoVNet of four stages of one-shot aggregation (OSA) modules; the defaults are VoVNet-39.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "vovnet"

    stem_chs: tuple[int, ...] = integers(
        (64, 64, 128), "Stem channels", "Of its three convolutions.", high=4096, step=8, lengths=range(3, 4)
    )
    stage_conv_chs: tuple[int, ...] = integers(
        (128, 160, 192, 224), "3×3 channels per stage", "Of every convolution.", high=4096, step=8, lengths=STAGES
    )
    stage_out_chs: tuple[int, ...] = integers(
        (256, 512, 768, 1024),
        "Output channels per stage",
        "Made by the aggregation.",
        high=8192,
        step=16,
        lengths=STAGES,
    )
    block_per_stage: tuple[int, ...] = integers(
        (1, 1, 2, 2),
        "OSA modules per stage",
        "How often a stage aggregates.",
        high=64,
        lengths=STAGES,
        repeats=True,
    )
    layer_per_block: int = integer(
        5, "3×3 convolutions per module", "The paper takes 5.", high=64, slider=12, structural=True
    )
    residual: bool = boolean(
        "Residual",
        "Identity around every module but the first of a stage.",
        idle=lambda config: "" if max(config.block_per_stage) > 1 else "no stage has a second module",
    )
    attention: str = choice(
        "none",
        "eSE attention",
        "In no module, the last of a stage (timm), or every module (the authors).",
        *("none", "last", "every"),
    )
    depthwise: bool = boolean("Depthwise-separable", "3×3 convolutions as a depthwise and a pointwise one.")
