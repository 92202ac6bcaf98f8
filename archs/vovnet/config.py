"""What defines a VoVNet (Lee et al., arXiv:1904.09730) or a VoVNetV2 (CenterMask, arXiv:1911.06667)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs.config import NetworkConfig, boolean, choice, integer, integers, one_for_each
from archs.errors import ConfigError


@dataclass(frozen=True)
class VoVNetConfig(NetworkConfig):
    """A VoVNet of stages of one-shot aggregation (OSA) modules; the defaults are VoVNet-39.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "vovnet"

    stem_chs: tuple[int, ...] = integers(
        (64, 64, 128), "Stem channels", "Of its three convolutions.", high=4096, step=8, lengths=range(3, 4)
    )
    stage_conv_chs: int | tuple[int, ...] = integers(
        (128, 160, 192, 224),
        "3×3 channels per stage",
        "Of every convolution.",
        high=4096,
        step=8,
        per="block_per_stage",
    )
    stage_out_chs: int | tuple[int, ...] = integers(
        (256, 512, 768, 1024),
        "Output channels per stage",
        "Made by the aggregation.",
        high=8192,
        step=16,
        per="block_per_stage",
    )
    block_per_stage: tuple[int, ...] = integers(
        (1, 1, 2, 2),
        "OSA modules per stage",
        "How often a stage aggregates.",
        high=64,
        lengths=range(1, 9),
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
        "Attention",
        "In no module, the last of a stage (timm), or every module (the authors).",
        *("none", "last", "every"),
    )
    se_reduction: int | None = integer(
        None,
        "SE reduction",
        "SE squeezes the channels to 1 in so many and back again; none: eSE, which keeps them all.",
        high=256,
        slider=32,
        optional=True,
        idle=lambda config: "" if config.attention != "none" else "no module has attention",
    )
    depthwise: bool = boolean("Depthwise-separable", "3×3 convolutions as a depthwise and a pointwise one.")
    stage_pool: str = choice(
        "max",
        "Pooling between stages",
        "max: 3×3/2, as in the papers; average: 2×2/2, as DenseNet's.",
        *("max", "average"),
        idle=lambda config: "" if len(config.block_per_stage) > 1 else "one stage has no pooling in front",
    )
    stem: str = choice(
        "imagenet",
        "Stem",
        "imagenet: its first and last convolution have stride 2; cifar: all have stride 1.",
        *("imagenet", "cifar"),
    )

    def check_together(self) -> None:
        if self.attention == "none" or self.se_reduction is None:
            return
        if self.se_reduction > (least := min(self.out_chs)):
            allowed = f"at most {least}, so that SE keeps one channel of as many, or none"
            raise ConfigError("se_reduction", self.se_reduction, allowed)

    @property
    def conv_chs(self) -> tuple[int, ...]:
        """Channels of the 3×3 convolutions of each stage."""
        return self._per_stage(self.stage_conv_chs)

    @property
    def out_chs(self) -> tuple[int, ...]:
        """Channels that each stage makes."""
        return self._per_stage(self.stage_out_chs)

    def _per_stage(self, value: int | tuple[int, ...]) -> tuple[int, ...]:
        return one_for_each(value, self.block_per_stage)
