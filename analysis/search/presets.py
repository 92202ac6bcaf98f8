"""Spaces by name: each holds the published networks of its kind, and what lies between and around them.

Choices that change the structure of a network come first, so that neighbours in the space can be counted together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from analysis.search.space import Space
from archs.errors import DenseScopeError, nearest_names

_CIFAR_LAYERS = (2, 4, 6, 8, 10, 12, 16, 20, 24, 28, 32, 41)

_PRESETS: dict[str, tuple[str, Mapping[str, Iterable[Any]]]] = {
    "densenet-bc-cifar": (
        "densenetbc100_k12",
        {
            "block_config[0]": _CIFAR_LAYERS,
            "block_config[1]": _CIFAR_LAYERS,
            "block_config[2]": _CIFAR_LAYERS,
            "growth_rate": (8, 12, 16, 20, 24, 32, 40),
            "num_init_features": (16, 24, 32, 48, 64, 80),
            "bn_size": (1, 2, 3, 4, 6),
            "compression": (0.25, 0.375, 0.5, 0.625, 0.75),
        },
    ),
    "densenet-bc-imagenet": (
        "densenet121",
        {
            "block_config[0]": (2, 3, 4, 6, 8),
            "block_config[1]": (4, 6, 8, 12, 16),
            "block_config[2]": (8, 12, 16, 24, 32, 36, 48, 64),
            "block_config[3]": (4, 8, 12, 16, 24, 32, 48),
            "growth_rate": (12, 16, 20, 24, 28, 32, 36, 40, 48),
            "num_init_features": (32, 48, 64, 80, 96),
            "bn_size": (1, 2, 3, 4, 6),
            "compression": (0.25, 0.375, 0.5, 0.625, 0.75),
        },
    ),
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


class UnknownSpaceError(DenseScopeError, KeyError):
    """There is no space of that name."""

    def __init__(self, name: object) -> None:
        nearest = nearest_names(name, _PRESETS)
        super().__init__(f"There is no space {name!r}; the nearest names are {nearest}.")


def list_spaces() -> list[str]:
    """Names of the spaces that `get_space` knows."""
    return list(_PRESETS)


def get_space(name: str) -> Space:
    """A space by name.

    >>> get_space("peleenet").size
    216000

    Raises: UnknownSpaceError: there is none; it names the nearest three.
    """
    if not isinstance(name, str) or name not in _PRESETS:
        raise UnknownSpaceError(name)
    return _preset(name)


@cache
def _preset(name: str) -> Space:
    base, choices = _PRESETS[name]
    return Space(base, choices, name)  # type: ignore[arg-type]
