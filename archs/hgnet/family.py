"""What sets HGNets apart: how they are counted, written and drawn, and where they are searched."""

from __future__ import annotations

from collections.abc import Sequence

from archs.family import (
    Counting,
    Family,
    Layout,
    Look,
    Notation,
    Prose,
    Searching,
    Term,
    VariantStyle,
    Weights,
    summands,
    within,
)
from archs.hgnet.config import HGNetConfig
from archs.hgnet.plan import plan_hgnet, stem_tap, taps
from archs.layer import Layer


def depth_terms(config: HGNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """No published depth: all convolutions and the classifier."""
    stages = within("HG stage", layers)
    downsampling = [layer for layer in stages if ".downsample." in layer.name]
    in_blocks = [layer for layer in stages if layer not in downsampling]
    stem = within("stem", layers)
    return (
        Term(str(len(stem)), "stem", stem),
        Term(str(len(in_blocks)), "HG blocks", tuple(in_blocks)),
        Term(str(len(downsampling)), "downsampling", tuple(downsampling)),
        Term("2", "head", within("head", layers)),
    )


def blocks(config: HGNetConfig) -> str:
    layers = f"{config.layers} layer{'' if config.layers == 1 else 's'}"
    light = ["light" if each else "plain" for each in config.light]
    kinds = " and ".join(dict.fromkeys(light))
    how = "by two 1×1 convolutions" if config.version == "v2" else "by a 1×1 convolution and eSE"
    return f"{sum(config.blocks)} HG blocks{summands(config.blocks)} of {layers} each, {kinds}, aggregated {how}"


def channels(config: HGNetConfig) -> str:
    inner, outer = (", ".join(map(str, numbers)) for numbers in (config.mid_channels, config.out_channels))
    return (
        f"Within an HG block each layer reads what the one before it makes ({inner} channels in stages 1 to 4), "
        "however deep the block is; only the aggregation reads all of them at once, with the block's input, and makes "
        f"{outer}."
    )


def words(config: HGNetConfig) -> dict[str, str]:
    """A learnable affine block is left out, as normalisations are."""
    own = (
        {"aggregation.1": "eSE"}
        if config.version == "v1"
        else {"lab": "", "last_conv.2": "", "pad": "zero pad", "pad_2": "zero pad"}
    )
    return own | {"add": "identity"}


def variant(config: HGNetConfig) -> str:
    return "HGNet" if config.version == "v1" else "HGNetV2"


SPACES = {
    "hgnet": (
        "hgnetv2_b0",
        {
            "layers": (3, 4, 5, 6),
            "learnable_affine": (False, True),
            "blocks[2]": (1, 2, 3, 4, 5),
            "mid_channels[0]": (16, 32, 48),
            "mid_channels[1]": (32, 48, 64, 96),
            "mid_channels[2]": (64, 96, 128, 192),
            "mid_channels[3]": (128, 192, 256, 384),
        },
    ),
}

FAMILY = Family(
    "hgnet",
    "HGNet",
    HGNetConfig,
    plan_hgnet,
    "archs.hgnet.modules:HGNet",
    taps=taps,
    stem_tap=stem_tap,
    counting=Counting(terms=depth_terms),
    notation=Notation(unit=r"stages\.\d+\.blocks\.\d+", words=words, beside=("stem",)),
    prose=Prose(blocks, channels),
    weights=Weights((Layout("the layout of timm"),)),
    searching=Searching(SPACES, together=True),
    look=Look(
        slot=4,
        variant=variant,
        variants={"HGNet": VariantStyle("hexagon"), "HGNetV2": VariantStyle("hexagon2", -0.35)},
    ),
    also_called=("PP-HGNet",),
)
