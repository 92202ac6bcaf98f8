"""What defines a VoVNet (Lee et al., arXiv:1904.09730) or a VoVNetV2 (CenterMask, arXiv:1911.06667)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs import checks
from archs.config import NetworkConfig


@dataclass(frozen=True)
class VoVNetConfig(NetworkConfig):
    """A VoVNet of four stages of one-shot aggregation (OSA) modules; the defaults are VoVNet-39.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str] = "vovnet"

    #: Channels of the three stem convolutions.
    stem_chs: tuple[int, ...] = (64, 64, 128)
    #: Channels of the 3×3 convolutions of each stage.
    stage_conv_chs: tuple[int, ...] = (128, 160, 192, 224)
    #: Channels that the aggregation of each stage makes.
    stage_out_chs: tuple[int, ...] = (256, 512, 768, 1024)
    #: OSA modules per stage.
    block_per_stage: tuple[int, ...] = (1, 1, 2, 2)
    #: 3×3 convolutions per OSA module.
    layer_per_block: int = 5
    #: Identity connection around every OSA module but the first of a stage.
    residual: bool = False
    #: Where eSE attention stands: "none", "last" module of a stage (timm) or "every" module (the authors).
    attention: str = "none"
    #: Depthwise-separable 3×3 convolutions.
    depthwise: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self._normalise("stem_chs", checks.integers("stem_chs", self.stem_chs, 1, 4096, range(3, 4)))
        for field, high in (("stage_conv_chs", 4096), ("stage_out_chs", 8192), ("block_per_stage", 64)):
            self._normalise(field, checks.integers(field, getattr(self, field), 1, high, range(4, 5)))
        checks.integer("layer_per_block", self.layer_per_block, 1, 64)
        checks.boolean("residual", self.residual)
        checks.choice("attention", self.attention, ("none", "last", "every"))
        checks.boolean("depthwise", self.depthwise)
