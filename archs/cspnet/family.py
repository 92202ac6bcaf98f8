"""What sets CSPNets apart: how they are counted, written and drawn, whose weights fit, where they are searched."""

from __future__ import annotations

from collections.abc import Sequence

from archs.cspnet.config import CSPNetConfig
from archs.cspnet.plan import plan_cspnet, stem_tap, taps
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
from archs.layer import Layer

#: Convolutions of one block.
CONVOLUTIONS = {"bottle": 3, "dark": 2}


def depth_terms(config: CSPNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """All convolutions and the classifier, 53 = 1 + 5 + 2×23 + 1; a CSPNet's name has the depth of what it changes."""
    convs, blocks = CONVOLUTIONS[config.block], sum(config.blocks)
    stages = [layer for layer in layers if layer.name.startswith("stages.")]
    in_blocks = tuple(layer for layer in stages if ".blocks." in layer.name)
    downsampling = tuple(layer for layer in stages if ".conv_down." in layer.name)
    crossing = tuple(layer for layer in stages if layer not in (*in_blocks, *downsampling))
    terms = (
        Term(str(len(config.stem_channels)), "stem", within("stem", layers)),
        Term(str(len(downsampling)), "3×3 convolutions in front of stages", downsampling),
        Term(f"{convs}×{blocks}", f"{convs} × blocks", in_blocks),
        Term(str(len(crossing)), "1×1 convolutions around the splits", crossing),
        Term("1", "classifier", within("head", layers)),
    )
    return tuple(term for term in terms if term.layers)


def blocks(config: CSPNetConfig) -> str:
    kind = "bottleneck blocks" if config.block == "bottle" else "dark blocks"
    around = ", around which half of the channels of each stage go" if config.crosses else ", one behind the other"
    return f"{sum(config.blocks)} {kind}{summands(config.blocks)}{around}"


def channels(config: CSPNetConfig) -> str:
    stages = range(len(config.blocks))
    made = ", ".join(map(str, config.per_stage(config.out_channels)))
    inner = ", ".join(str(config.inner_channels(stage)) for stage in stages)
    width = ", ".join(str(config.block_channels(stage)) for stage in stages)
    if not config.crosses:
        return f"All channels of a stage ({made}) go through its blocks, each of which squeezes them to {inner}."
    side = "first" if config.stage == "cs3" else "second"
    return (
        f"A 1×1 convolution makes what a stage splits in two: the {side} half ({width} channels) goes through its "
        f"blocks, the other around them; a last 1×1 convolution joins both to {made}."
    )


def variant(config: CSPNetConfig) -> str:
    return {"csp": "CSPNet", "cs3": "CSPNet, three 1×1", "dark": "Darknet"}[config.stage]


SPACES = {
    "cspnet": (
        "cs3darknet_m",
        {
            "stage": ("csp", "cs3", "dark"),
            "blocks[0]": (1, 2, 3),
            "blocks[1]": (1, 2, 3, 4, 6),
            "blocks[2]": (1, 2, 4, 6, 9),
            "blocks[3]": (1, 2, 3),
            "out_channels": (
                (64, 128, 256, 512),
                (80, 160, 320, 640),
                (96, 192, 384, 768),
                (128, 256, 512, 1024),
            ),
            "bottle_ratio": (0.5, 1.0),
        },
    ),
}

FAMILY = Family(
    "cspnet",
    "CSPNet",
    CSPNetConfig,
    plan_cspnet,
    "archs.cspnet.modules:CSPNet",
    taps=taps,
    stem_tap=stem_tap,
    counting=Counting(terms=depth_terms),
    notation=Notation(unit=r"stages\.\d+\.blocks\.\d+", words={"add": "identity"}),
    prose=Prose(blocks, channels),
    weights=Weights((Layout("the layout of timm"),)),
    searching=Searching(SPACES, together=True),
    look=Look(
        slot=6,
        variant=variant,
        variants={
            "CSPNet": VariantStyle("triangle-left"),
            "CSPNet, three 1×1": VariantStyle("triangle-right", 0.35),
            "Darknet": VariantStyle("diamond-wide", -0.35),
        },
    ),
)
