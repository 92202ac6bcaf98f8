"""What sets CondenseNets apart: how their papers count, write and draw them, and where they are searched."""

from __future__ import annotations

from collections.abc import Sequence

from archs.condensenet.config import CondenseNetConfig
from archs.condensenet.plan import plan_condensenet, taps
from archs.family import (
    Counting,
    Family,
    Landmarks,
    Layout,
    Look,
    Notation,
    Prose,
    Searching,
    Term,
    VariantStyle,
    Weights,
    different,
    is_weighted,
    summands,
    within,
)
from archs.layer import Layer


def counts(layer: Layer) -> bool:
    """Not the linear layers of SE."""
    return is_weighted(layer) and ".fc." not in layer.name


def depth_terms(config: CondenseNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """The classifier counts: 74 = 1 + 2×36 + 1."""
    number, convs = sum(config.layers_per_block), "1×1, 3×3" + ", reactivation" * config.reactivation
    each = 3 if config.reactivation else 2
    head = within("head", layers)
    return (
        Term("1", "stem", within("stem", layers)),
        Term(f"{each}×{number}", f"{each} × dense layers ({convs})", within("dense block", layers)),
        Term(str(len(head)), "head" if len(head) > 1 else "classifier", head),
    )


def blocks(config: CondenseNetConfig) -> str:
    growth = f"each of which adds k = {different(config.growths)} channels"
    return f"{sum(config.layers_per_block)} dense layers{summands(config.layers_per_block)}, {growth}"


def channels(config: CondenseNetConfig) -> str:
    again = " and adds to all that it could read" if config.reactivation else ""
    return (
        f"Each dense layer adds k = {different(config.growths)} channels{again}; each of its G = {config.groups} "
        f"groups reads 1/{config.condense_factor} of all channels made before, of earlier blocks too, because "
        "transitions only pool."
    )


def landmarks(config: CondenseNetConfig) -> Landmarks:
    widths = different((config.bottleneck * k for k in config.growths), ", ")
    return Landmarks(
        {
            "convolution 1×1": f"makes {config.bottleneck}k = {widths} in {config.groups} groups",
            "convolution k×k": f"makes k = {different(config.growths, ', ')}",
        }
    )


def variant(config: CondenseNetConfig) -> str:
    return "CondenseNetV2" if config.reactivation else "CondenseNet"


_GROWTHS = ((4, 8, 16, 32, 64), (8, 8, 16, 32, 64), (8, 16, 32, 64, 96), (8, 16, 32, 64, 128), (16, 16, 32, 64, 128))

SPACES = {
    "condensenet": (
        "condensenet74_c4_g4",
        {
            "layers_per_block[0]": (1, 2, 4),
            "layers_per_block[1]": (1, 2, 4, 6),
            "layers_per_block[2]": (4, 6, 8),
            "layers_per_block[3]": (6, 8, 10, 12),
            "layers_per_block[4]": (4, 6, 8, 10),
            "growth_rates": _GROWTHS,
            "groups": (1, 2, 4),
            "bottleneck": (2, 4),
        },
    ),
}

FAMILY = Family(
    "condensenet",
    "CondenseNet",
    CondenseNetConfig,
    plan_condensenet,
    "archs.condensenet.modules:CondenseNet",
    taps=taps,
    counting=Counting(counts, depth_terms),
    notation=Notation(
        unit=r".*\.denselayer_\d+",
        channels=False,
        words=dict.fromkeys(("se", "se.fc", "se_last", "se_last.fc"), "SE")
        | {"sfr": "reactivation", "index_select": "index"},
    ),
    prose=Prose(blocks, channels, landmarks),
    weights=Weights(
        (
            Layout("the authors' layout, ShichenLiu/CondenseNet (converted)"),
            Layout(
                "the authors' layout, jianghaojun/CondenseNetV2 (converted)",
                rules=((r"^features\.se_last\.", "se_last."),),
            ),
        )
    ),
    searching=Searching(SPACES, together=True),
    look=Look(
        slot=7,
        variant=variant,
        variants={
            "CondenseNet": VariantStyle("star-square"),
            "CondenseNetV2": VariantStyle("hexagram", -0.35),
        },
    ),
)
