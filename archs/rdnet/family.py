"""What sets RDNets apart: how they are counted, written and drawn, and where they are searched."""

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
    VariantStyle,
    Weights,
    different,
    summands,
    within,
)
from archs.layer import Layer
from archs.rdnet.config import RDNetConfig
from archs.rdnet.plan import plan_rdnet, taps


def depth_terms(config: RDNetConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """No published depth: all convolutions and the classifier."""
    blocks = within("dense stage", layers)
    attention = tuple(layer for layer in blocks if layer.name.endswith(".fc"))
    mixing = tuple(layer for layer in blocks if layer not in attention)
    transitions = within("transition", layers)
    terms = (
        Term("1", "stem", within("stem", layers)),
        Term(f"3×{len(mixing) // 3}", "3 × blocks", mixing),
        Term(str(len(attention)), "eSE", attention),
        Term(str(len(transitions)), "transitions", transitions),
        Term("1", "classifier", within("head", layers)),
    )
    return tuple(term for term in terms if term.layers)


def unit_words(config: RDNetConfig, row: str) -> tuple[str, str]:
    stage = config.stages[int(row.rpartition(" ")[2]) - 1]
    attention = ", eSE" if stage.ese else ""
    return f"[7×7 depthwise conv, 1×1 conv, 1×1 conv{attention}]", f", k = {stage.growth_rate}"


def growth_rates(config: RDNetConfig) -> str:
    return different(config.growth_rates)


def blocks(config: RDNetConfig) -> str:
    count = sum(stage.blocks for stage in config.stages)
    return (
        f"{count} dense blocks{summands(by_resolution(config))}, each of which adds k = {growth_rates(config)} channels"
    )


def by_resolution(config: RDNetConfig) -> list[int]:
    """Blocks at each resolution, as the paper counts them."""
    found = [0]
    for stage in config.stages:
        found += [0] if stage.downsample else []
        found[-1] += stage.blocks
    return found


def channels(config: RDNetConfig) -> str:
    kept = f"; {len(config.stages) - 1} transitions keep {config.compression:.0%} of them" if config.stages[1:] else ""
    return (
        f"Each block adds k = {growth_rates(config)} channels from all features of its stage, through a depthwise 7×7 "
        f"and {config.expansion:g} times as many inner channels{kept}."
    )


def landmarks(config: RDNetConfig) -> Landmarks:
    kept = f"keep {config.compression:.0%}" if config.stages[1:] else ""
    return Landmarks({"convolution 1×1": f"adds k = {different(config.growth_rates, ', ')}"}, kept)


SPACES = {
    "rdnet": (
        "rdnet_tiny",
        {
            "init_channels": (48, 64, 96),
            "blocks": (2, 3, 4),
            "expansion": (2.0, 3.0, 4.0),
            "growth_rates[1]": (64, 104, 128),
            "growth_rates[6]": (128, 176, 224),
        },
    ),
}

FAMILY = Family(
    "rdnet",
    "RDNet",
    RDNetConfig,
    plan_rdnet,
    "archs.rdnet.modules:RDNet",
    taps=taps,
    counting=Counting(terms=depth_terms),
    notation=Notation(unit=r"dense_stages\.\d+\.\d\.dense_block\d+", channels=False, unit_words=unit_words),
    prose=Prose(blocks, channels, landmarks),
    weights=Weights((Layout("the layout of timm"),)),
    searching=Searching(SPACES),
    look=Look(slot=5, variants={"RDNet": VariantStyle("pentagon")}),
)
