"""What sets VoVNets apart: how their papers count, write and draw them, whose weights fit, where they are searched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archs.family import (
    Counting,
    Family,
    Layout,
    Look,
    Notation,
    Prose,
    Searching,
    Term,
    Training,
    VariantStyle,
    Weights,
    summands,
    within,
)
from archs.layer import Layer
from archs.vovnet.config import VoVNetConfig
from archs.vovnet.plan import plan_vovnet, stem_tap, taps


def counts(layer: Layer) -> bool:
    """Not the classifier, attention, a channel reduction, nor the first half of a depthwise-separable pair."""
    beside = re.search(r"\.(attn|se|conv_reduction)\.|\.conv_dw$", layer.name)
    return layer.op == "conv2d" and not beside


def depth_terms(config: VoVNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """39 = 3 + 6×6."""
    modules, convs = sum(config.block_per_stage), config.layer_per_block + 1
    meaning = "OSA modules × (3×3 convolutions + aggregation)"
    return (
        Term("3", "stem", within("stem", layers)),
        Term(f"{modules}×{convs}", meaning, within("OSA stage", layers)),
    )


def blocks(config: VoVNetConfig) -> str:
    convolutions = f"{config.layer_per_block} convolution{'' if config.layer_per_block == 1 else 's'}"
    modules = f"{sum(config.block_per_stage)} OSA modules{summands(config.block_per_stage)}"
    return f"{modules} of {convolutions} and one aggregation each"


def channels(config: VoVNetConfig) -> str:
    inner, outer = (", ".join(map(str, numbers)) for numbers in (config.conv_chs, config.out_chs))
    last = len(config.block_per_stage) + 1
    stages = f"stages 2 to {last}" if last > 2 else "stage 2"
    return (
        f"Within an OSA module each 3×3 convolution reads what the one before it makes ({inner} channels in {stages}), "
        f"however deep the module is; only the aggregation reads all of them at once, and makes {outer}."
    )


def _block(match: re.Match[str]) -> str:
    """Their stages count from 2 and their blocks from 1, ours from 0."""
    stage, block = int(match["stage"]), int(match["block"])
    return f"stages.{stage - 2}.blocks.{block - 1}."


#: Dotted names with a slash in them: `stage3.OSA3_1.layers.0.OSA3_1_0/conv.weight`.
AUTHORS = Layout(
    "the authors' layout, VoVNet.pytorch and vovnet-detectron2",
    rules=(
        (r"^stem\.stem_(\d+)/", lambda match: f"stem.{int(match[1]) - 1}."),
        (r"^stage(?P<stage>\d+)\.OSA\d+_(?P<block>\d+)\.", _block),
        (r"layers\.(\d+)\.OSA\d+_\d+_\d+/", r"conv_mid.\1."),
        (r"concat\.OSA\d+_\d+_concat/", "conv_concat."),
        (r"(?<=conv_reduction\.)OSA\d+_\d+_reduction_0/", ""),
        (r"\.(pw_)?norm\.", ".bn."),
        (r"\.dw_conv3x3\.", ".conv_dw."),
        (r"\.pw_conv1x1\.", ".conv_pw."),
        (r"\.ese\.fc\.", ".attn.fc."),
        (r"^classifier\.", "head.fc."),
    ),
    implies={"residual": True, "stem": "imagenet", "stage_pool": "max"},
)


def identity(residual: bool) -> str:
    return f"repeated blocks {'add' if residual else 'do not add'} an identity"


def stem(stem: str) -> str:
    return f"stem {'has stride 4' if stem == 'imagenet' else 'keeps the size'}"


def pooling(stage_pool: str) -> str:
    return f"stages begin with {stage_pool} pooling"


def variant(config: VoVNetConfig) -> str:
    if config.attention == "none":
        return "VoVNet"
    return "VoVNetV2 depthwise" if config.depthwise else "VoVNetV2"


UNSEEN: Mapping[str, Callable[[Any], str]] = {"residual": identity, "stem": stem, "stage_pool": pooling}

SPACES = {
    "vovnet": (
        "vovnet39",
        {
            "layer_per_block": (3, 4, 5, 6),
            "stem_chs": ((32, 32, 64), (64, 64, 64), (64, 64, 128)),
            "block_per_stage[0]": (1, 2),
            "block_per_stage[1]": (1, 2),
            "block_per_stage[2]": (1, 2, 3, 4),
            "block_per_stage[3]": (1, 2, 3),
            "stage_conv_chs[0]": (32, 48, 64, 96, 128),
            "stage_conv_chs[1]": (48, 64, 80, 112, 160),
            "stage_conv_chs[2]": (64, 80, 96, 128, 192),
            "stage_conv_chs[3]": (80, 96, 112, 160, 224),
            "stage_out_chs[0]": (64, 128, 256),
            "stage_out_chs[1]": (128, 256, 384, 512),
            "stage_out_chs[2]": (256, 384, 512, 768),
            "stage_out_chs[3]": (384, 512, 768, 1024),
        },
    ),
}

FAMILY = Family(
    "vovnet",
    "VoVNet",
    VoVNetConfig,
    plan_vovnet,
    "archs.vovnet.modules:VoVNet",
    taps=taps,
    stem_tap=stem_tap,
    counting=Counting(counts, depth_terms),
    notation=Notation(unit=r"stages\.\d+\.blocks\.\d+", words={"attn": "eSE", "se": "SE", "add": "identity"}),
    prose=Prose(blocks, channels),
    weights=Weights((Layout("the layout of timm"), AUTHORS), unseen=UNSEEN),
    training=Training(recompute="post_activation"),
    searching=Searching(SPACES, together=True),
    look=Look(
        slot=2,
        variant=variant,
        variants={
            "VoVNet": VariantStyle("circle"),
            "VoVNetV2": VariantStyle("diamond", -0.35),
            "VoVNetV2 depthwise": VariantStyle("triangle-up", 0.35),
        },
    ),
)
