"""The controls of the Design view: one for each field of a config, in the order in which a network is thought up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from archs.config import NetworkConfig
from archs.vovnet import VoVNetConfig

#: What a choice says for None.
NONE = "none"


@dataclass(frozen=True)
class Control:
    """How one field is edited."""

    field: str
    label: str
    help: str
    #: "integer", "slider", "share", "integers" (a row of numbers), "choice" or "boolean".
    kind: str = "integer"
    low: float = 1
    high: float = 1024
    step: float = 1
    choices: tuple[str, ...] = ()
    #: Whether blocks are added and removed here; the fields that go along are `PER_BLOCK`.
    grows: bool = False
    #: Says why the field has no effect as things stand; empty where it has.
    idle: Callable[[Any], str] = lambda config: ""


_DROP_RATE = Control("drop_rate", "Dropout", "Probability, in training; inference has none.", "share", 0, 0.95, 0.05)
_NUM_CLASSES = Control("num_classes", "Classes", "Outputs of the classifier.", high=100_000)
_IN_CHANNELS = Control("in_channels", "Image channels", "3 for colour, 1 for grey.")
_IMAGE_SIZE = Control(
    "image_size",
    "Image size",
    "Side in pixels that the network is made for; used while the sidebar says own.",
    high=8192,
    step=32,
)
_RECOMPUTE = Control(
    "memory_efficient", "Recompute in training", "Concatenation, BN and ReLU: docs/memory.md.", "boolean"
)
_COMMON = (_IMAGE_SIZE, _NUM_CLASSES, _IN_CHANNELS, _DROP_RATE, _RECOMPUTE)

CONTROLS: dict[str, tuple[Control, ...]] = {
    "densenet": (
        Control("growth_rate", "Growth rate k", "Channels that each dense layer adds.", "slider", 1, 64),
        Control("block_config", "Dense layers per block", "n of each block.", "integers", high=256, grows=True),
        Control(
            "bn_size",
            "Bottleneck width",
            "The 1×1 convolution makes so many times k channels; none: BN-ReLU-3×3 alone.",
            "choice",
            choices=(NONE, *map(str, range(1, 17))),
        ),
        Control(
            "compression",
            "Compression θ",
            "Share of the channels that a transition keeps.",
            "share",
            0.05,
            1.0,
            0.05,
            idle=lambda config: "" if len(config.block_config) > 1 else "one block has no transition",
        ),
        Control(
            "stem", "Stem", "imagenet: 7×7/2 and 3×3/2 max pool; cifar: 3×3.", "choice", choices=("imagenet", "cifar")
        ),
        Control("num_init_features", "Stem channels", "What the stem hands to the first block.", high=4096, step=8),
        Control("conv_bias", "Biases in convolutions", "None of the papers' networks has them.", "boolean"),
        *_COMMON,
    ),
    "peleenet": (
        Control("growth_rate", "Growth rate k per stage", "Even: half each way.", "integers", 2, 1024, 2),
        Control("block_config", "Two-way dense layers per stage", "n of each stage.", "integers", high=256, grows=True),
        Control("bottleneck_width", "Bottleneck width per stage", "Times k/2 channels.", "integers", high=64),
        Control("num_init_features", "Stem channels", "Even: one branch gets half.", low=8, high=4096, step=2),
        *_COMMON,
    ),
    "vovnet": (
        Control("stage_conv_chs", "3×3 channels per stage", "Of every convolution.", "integers", 1, 4096, 8),
        Control("stage_out_chs", "Output channels per stage", "Made by the aggregation.", "integers", 1, 8192, 16),
        Control("block_per_stage", "OSA modules per stage", "How often a stage aggregates.", "integers", high=64),
        Control("layer_per_block", "3×3 convolutions per module", "The paper takes 5.", "slider", 1, 12),
        Control("stem_chs", "Stem channels", "Of its three convolutions.", "integers", 1, 4096, 8),
        Control(
            "residual",
            "Residual",
            "Identity around every module but the first of a stage.",
            "boolean",
            idle=lambda config: "" if max(config.block_per_stage) > 1 else "no stage has a second module",
        ),
        Control(
            "attention",
            "eSE attention",
            "In no module, the last of a stage (timm), or every module (the authors).",
            "choice",
            choices=("none", "last", "every"),
        ),
        Control("depthwise", "Depthwise-separable", "3×3 convolutions as a depthwise and a pointwise one.", "boolean"),
        *_COMMON,
    ),
}
#: Fields with a number per block, which grow and shrink with `block_config`.
PER_BLOCK = ("block_config", "growth_rate", "bottleneck_width")


def controls_for(config: NetworkConfig) -> tuple[Control, ...]:
    """The controls of a config's fields, each with bounds that hold the value at hand."""
    return tuple(_fitting(control, getattr(config, control.field)) for control in CONTROLS[config.family])


def _fitting(control: Control, value: Any) -> Control:
    """A control that reaches as far as the value, so that no loaded design is bent."""
    if control.kind == "integer" and isinstance(value, tuple):
        return replace(control, kind="integers")
    if control.kind == "slider":
        return replace(control, high=max(control.high, value))
    if control.kind == "share":
        return replace(control, low=min(control.low, value), high=max(control.high, value))
    if control.kind == "choice" and as_choice(value) not in control.choices:
        return replace(control, choices=(*control.choices, as_choice(value)))
    return control


def as_choice(value: Any) -> str:
    """How a choice writes a value."""
    return NONE if value is None else str(value)


def from_choice(control: Control, text: str) -> Any:
    """The value of a choice: words stay words."""
    if control.field == "bn_size":
        return None if text == NONE else int(text)
    return text


def numbers(config: Any, control: Control) -> tuple[int, ...]:
    """A row of numbers; one number for all stages is shown as one for each."""
    value = getattr(config, control.field)
    return value if isinstance(value, tuple) else (value,) * len(config.block_config)


def with_block(config: Any) -> dict[str, Any]:
    """The fields to change so that there is one block more, like the last."""
    return {field: (*value, value[-1]) for field, value in _rows(config).items()}


def without_block(config: Any) -> dict[str, Any]:
    """The fields to change so that the last block is gone."""
    return {field: value[:-1] for field, value in _rows(config).items()}


def _rows(config: Any) -> dict[str, tuple[int, ...]]:
    return {field: value for field in PER_BLOCK if isinstance(value := getattr(config, field, None), tuple)}


def blocks(config: Any) -> range:
    """How many blocks a config may have: DenseNets and PeleeNets 1 to 8, VoVNets four stages."""
    return range(4, 5) if isinstance(config, VoVNetConfig) else range(1, 9)
