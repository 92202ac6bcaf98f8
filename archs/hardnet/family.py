"""What sets HarDNets apart: how their paper counts and writes them, whose weights fit, where they are searched."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
from archs.hardnet.config import HarDNetConfig, links
from archs.hardnet.plan import plan_hardnet, stem_tap, taps
from archs.layer import Layer


def counts(layer: Layer) -> bool:
    """A depthwise-separable pair is one layer, and downsampling is none."""
    return is_weighted(layer) and not layer.name.endswith(".dwconv")


def depth_terms(config: HarDNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """68 = 2 + 60 + 5 + 1."""
    return (
        Term("2", "stem", within("stem", layers)),
        Term(str(sum(config.layers_per_block)), "layers of HarD blocks", within("HarD block", layers)),
        Term(str(len(config.layers_per_block)), "transitions", within("transition", layers)),
        Term("1", "classifier", within("head", layers)),
    )


def unit_words(config: HarDNetConfig, row: str) -> tuple[str, str]:
    k, m = config.per_block(config.growth_rates)[int(row.rpartition(" ")[2]) - 1], config.multiplier
    return "pointwise and depthwise layer" if config.depthwise else "3×3 layer", f", k = {k}, m = {m:g}"


def growth_rates(config: HarDNetConfig) -> str:
    return different(config.per_block(config.growth_rates), ", ")


def blocks(config: HarDNetConfig) -> str:
    layers = f"{sum(config.layers_per_block)} layers{summands(config.layers_per_block)} in harmonic dense blocks"
    return f"{layers}, each of which reads the layers 2ʲ in front of it, as far as 2ʲ divides its number"


def channels(config: HarDNetConfig) -> str:
    index, depth = max(enumerate(config.layers_per_block), key=lambda block: block[1])
    widest = 2 ** (depth.bit_length() - 1)
    most, read = config.layer_channels(index, widest), len(links(widest))
    example = f": layer {widest} of block {index + 1} makes {most} and reads {read}" if widest > 1 else ""
    return (
        f"An odd layer makes k = {growth_rates(config)} channels and reads the one before it; each "
        f"factor 2 in a layer's number multiplies its channels by m = {config.multiplier:g} and links it to one layer "
        f"more{example}. Odd layers and the last leave the block."
    )


def landmarks(config: HarDNetConfig) -> Landmarks:
    kind = "convolution 1×1" if config.depthwise else "convolution k×k"
    made = f"odd layers make k = {growth_rates(config)}, others k·mʲ, m = {config.multiplier:g}"
    return Landmarks({kind: made})


def _without_dropout(match: re.Match[str]) -> str:
    return f"base.{int(match[1]) - 1}."


SPACES = {
    "hardnet": (
        "hardnet68",
        {
            "multiplier": (1.2, 1.4, 1.6, 1.7, 1.8, 2.0),
            "growth_rates[0]": (10, 14, 18, 24),
            "growth_rates[1]": (12, 16, 20, 24),
            "growth_rates[2]": (16, 20, 28, 36),
            "growth_rates[3]": (24, 32, 40, 48, 64),
            "growth_rates[4]": (96, 128, 160, 256),
            "layers_per_block": ((4, 8, 8, 8, 4), (8, 8, 8, 8, 4), (8, 16, 16, 16, 4), (8, 16, 16, 16, 8), (16,) * 5),
            "stem_channels": ((24, 48), (32, 64), (48, 96)),
        },
    ),
}

FAMILY = Family(
    "hardnet",
    "HarDNet",
    HarDNetConfig,
    plan_hardnet,
    "archs.hardnet.modules:HarDNet",
    taps=taps,
    stem_tap=stem_tap,
    counting=Counting(counts, depth_terms),
    notation=Notation(unit=r"base\.\d+\.layers\.\d+", unit_words=unit_words, drawn_whole=True),
    prose=Prose(blocks, channels, landmarks),
    weights=Weights(
        (
            Layout("the authors' layout, Pytorch-HarDNet"),
            Layout(
                "the authors' layout of HarDNet-85, with a dropout at base.17",
                rules=((r"^base\.(18|19)\.", _without_dropout),),
            ),
        )
    ),
    searching=Searching(SPACES, together=True),
    look=Look(
        slot=3,
        variant=lambda config: "HarDNet-DS" if config.depthwise else "HarDNet",
        variants={"HarDNet": VariantStyle("square"), "HarDNet-DS": VariantStyle("diamond-tall", 0.35)},
    ),
)
