"""What sets PeleeNets apart: how their layers are counted, written and drawn, and where they are searched."""

from __future__ import annotations

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
    Training,
    Weights,
    different,
    summands,
    within,
)
from archs.layer import Layer
from archs.peleenet.config import PeleeNetConfig
from archs.peleenet.plan import plan_peleenet, taps


def depth_terms(config: PeleeNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """No published depth: all convolutions and the classifier."""
    stem, convs = within("stem", layers), 5 if config.dense_layer == "two_way" else 2
    return (
        Term(str(len(stem)), "stem", stem),
        Term(f"{convs}×{sum(config.block_config)}", f"{convs} × {layer(config)}s", within("dense block", layers)),
        Term(str(len(config.block_config)), "transitions", within("transition", layers)),
        Term("1", "classifier", within("head", layers)),
    )


def unit_words(config: PeleeNetConfig, row: str) -> tuple[str, str]:
    width = config.bottleneck_widths[int(row.rpartition(" ")[2]) - 1]
    return layer(config), f", bottleneck width {width}"


def layer(config: PeleeNetConfig) -> str:
    return f"{config.dense_layer.replace('_', '-')} dense layer"


def growth(config: PeleeNetConfig) -> str:
    halves = ", half of them each way" if config.dense_layer == "two_way" else ""
    return f"adds k = {different(config.growth_rates)} channels{halves}"


def blocks(config: PeleeNetConfig) -> str:
    return f"{sum(config.block_config)} {layer(config)}s{summands(config.block_config)}, each of which {growth(config)}"


def channels(config: PeleeNetConfig) -> str:
    two_way, dynamic = config.dense_layer == "two_way", config.bottleneck == "dynamic"
    ways = 1 if two_way else 2
    widest = (ways * config.bottleneck_channels(index, 10**6) for index in range(len(config.block_config)))
    most = f", but never more than {'half of ' if two_way else ''}what it reads" if dynamic else ""
    return (
        f"Each {layer(config)} {growth(config)}, through {'bottlenecks' if two_way else 'a bottleneck'} of "
        f"{'up to ' if dynamic else ''}{', '.join(map(str, widest))} channels{most}; transitions keep all channels."
    )


def landmarks(config: PeleeNetConfig) -> Landmarks:
    adds = f"adds k = {different(config.growth_rates, ', ')}"
    if config.dense_layer == "two_way":
        adds = f"adds k/2 = {different((k // 2 for k in config.growth_rates), ', ')} on either way"
    return Landmarks({"convolution k×k": adds, "convolution 1×1": "bottleneck"})


SPACES = {
    "peleenet": (
        "peleenet",
        {
            "bottleneck_width": ((1, 1, 1, 1), (1, 1, 2, 2), (1, 2, 4, 4), (2, 2, 4, 4), (2, 4, 4, 4), (4, 4, 4, 4)),
            "block_config[0]": (1, 2, 3, 4, 6),
            "block_config[1]": (2, 3, 4, 6, 8),
            "block_config[2]": (4, 6, 8, 10, 12, 16),
            "block_config[3]": (2, 4, 6, 8, 10, 12),
            "growth_rate": (16, 20, 24, 28, 32, 36, 40, 48),
            "num_init_features": (16, 24, 32, 48, 64),
        },
    ),
}

FAMILY = Family(
    "peleenet",
    "PeleeNet",
    PeleeNetConfig,
    plan_peleenet,
    "archs.peleenet.modules:PeleeNet",
    taps=taps,
    counting=Counting(terms=depth_terms),
    notation=Notation(unit=r".*\.denselayer\d+", channels=False, unit_words=unit_words, beside=("stem",)),
    prose=Prose(blocks, channels, landmarks),
    weights=Weights((Layout("the authors' layout, Robert-JunWang/PeleeNet"),)),
    training=Training(recompute="post_activation"),
    searching=Searching(SPACES, together=True),
    look=Look(slot=1),
)
