"""What sets DPNs apart: how their paper counts, writes and draws them, whose weights fit, where they are searched."""

from __future__ import annotations

from collections.abc import Sequence

from archs.dpn.config import DPNConfig
from archs.dpn.plan import plan_dpn, stem_tap, taps
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
    is_weighted,
    summands,
    within,
)
from archs.layer import Layer


def counts(layer: Layer) -> bool:
    """Not the projections; two 1×1 convolutions side by side are one layer."""
    return is_weighted(layer) and ".c1x1_w_s" not in layer.name and not layer.name.endswith(".c1x1_c2")


def depth_terms(config: DPNConfig, layers: Sequence[Layer]) -> tuple[Term, ...]:
    """92 = 1 + 3×30 + 1."""
    return (
        Term("1", "stem", within("stem", layers)),
        Term(f"3×{sum(config.blocks)}", "3 × dual path blocks", within("dual path stage", layers)),
        Term("1", "classifier", within("head", layers)),
    )


def _listed(config: DPNConfig, numbers: str) -> str:
    return ", ".join(str(getattr(config, numbers)(stage)) for stage in range(len(config.blocks)))


def blocks(config: DPNConfig) -> str:
    paths = (
        f"each of which adds to a residual path and appends d = {_listed(config, 'increment')} channels to a dense one"
    )
    return f"{sum(config.blocks)} dual path blocks{summands(config.blocks)}, {paths}"


def channels(config: DPNConfig) -> str:
    return (
        f"Each block reads both paths: the residual one stays at {_listed(config, 'residual_channels')} channels per "
        f"stage, for blocks add to it; the dense one grows by d = {_listed(config, 'increment')} with each block, to "
        f"{_listed(config, 'dense_channels')}."
    )


SPACES = {
    "dpn": (
        "dpn68",
        {
            "init_channels": (10, 16, 32),
            "base_width": (64, 96, 128, 160),
            "blocks[0]": (2, 3, 4),
            "blocks[1]": (2, 3, 4, 6),
            "blocks[2]": (4, 6, 8, 12, 16),
            "blocks[3]": (2, 3, 4),
            "increments": ((8, 16, 16, 32), (16, 32, 32, 64), (16, 32, 24, 128)),
        },
    ),
}

FAMILY = Family(
    "dpn",
    "DPN",
    DPNConfig,
    plan_dpn,
    "archs.dpn.modules:DPN",
    taps=taps,
    stem_tap=stem_tap,
    counting=Counting(counts, depth_terms),
    notation=Notation(
        unit=r"features\.conv(?!1_)\d+_\d+(?=\.)",
        words={"add": "residual", "c1x1_w_s1": "projection", "c1x1_w_s2": "projection"},
    ),
    prose=Prose(blocks, channels),
    weights=Weights((Layout("the layout of timm"),)),
    searching=Searching(SPACES, together=True),
    look=Look(slot=9, variants={"DPN": VariantStyle("octagon")}),
)
