"""What defines a VoVNet (Lee et al., arXiv:1904.09730) or a VoVNetV2 (CenterMask, arXiv:1911.06667)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from archs import checks


@dataclass(frozen=True)
class VoVNetConfig:
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
    #: Dropout probability in front of the classifier, in training.
    drop_rate: float = 0.0
    num_classes: int = 1000
    in_channels: int = 3
    image_size: int | tuple[int, int] = 224

    def __post_init__(self) -> None:
        def normalise(field: str, value: object) -> None:
            object.__setattr__(self, field, value)

        normalise("stem_chs", checks.integers("stem_chs", self.stem_chs, 1, 4096, range(3, 4)))
        for field, high in (("stage_conv_chs", 4096), ("stage_out_chs", 8192), ("block_per_stage", 64)):
            normalise(field, checks.integers(field, getattr(self, field), 1, high, range(4, 5)))
        checks.integer("layer_per_block", self.layer_per_block, 1, 64)
        checks.boolean("residual", self.residual)
        checks.choice("attention", self.attention, ("none", "last", "every"))
        checks.boolean("depthwise", self.depthwise)
        checks.number("drop_rate", self.drop_rate, 0, 1, open_low=False, open_high=True)
        checks.integer("num_classes", self.num_classes, 1, 100_000)
        checks.integer("in_channels", self.in_channels, 1, 1024)
        normalise("image_size", checks.own_image_size(self.image_size))
