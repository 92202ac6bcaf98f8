"""From whatever stands for a network to its layers, without torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from archs import checks
from archs.errors import ConfigError
from archs.layer import Layer, Pair
from archs.plan import Steps, UnfitImageError, collect, image
from archs.registry import get_family
from archs.resolve import resolve_config

#: A plan of configs with `in_channels` and an `image_size`, from the image on.
Plan = Callable[[Any, Layer], Steps]


def plan_layers(config: Any, image_size: int | Pair | None = None, batch_size: int = 1) -> list[Layer]:
    """The layers of a network in execution order, without torch.

    Args:
        config: a config, or a registered name.
        image_size: side or (h, w) of the input in pixels; None for the config's own.
        batch_size: N of the input (N, C, H, W).

    Raises:
        UnknownArchError: no such name.
        ConfigError: a size is not allowed, or the image does not suit the network's strides.
    """
    config = resolve_config(config)
    return walk(get_family(config.family).plan, config, image_size, batch_size)


def walk(plan: Plan, config: Any, image_size: int | Pair | None, batch_size: int) -> list[Layer]:
    """The layers of a plan; arguments and errors as of `plan_layers`."""
    size = checks.image_size(config.image_size if image_size is None else image_size)
    batch_size = checks.batch_size(batch_size)
    try:
        return _walk(plan, config, size, batch_size)
    except UnfitImageError as problem:
        nearest = (_nearest_side(plan, config, size[0]), _nearest_side(plan, config, size[1]))
        allowed = f"a size that the network's strides can take ({problem}); the nearest is {_shortest(nearest)}"
        raise ConfigError("image_size", _shortest(size), allowed) from None


def _shortest(size: Pair) -> int | Pair:
    """One number for a square, as people write it."""
    return size[0] if size[0] == size[1] else size


def _walk(plan: Plan, config: Any, size: Pair, batch_size: int) -> list[Layer]:
    return collect(plan(config, image(config.in_channels, size, batch_size)))


def _nearest_side(plan: Plan, config: Any, side: int) -> int:
    """The side nearest to `side` that the network can take: height and width never mix, so squares tell."""
    for distance in range(4096):
        for candidate in (side + distance, side - distance):
            try:
                _walk(plan, config, (candidate, candidate), 1)
            except UnfitImageError:
                continue
            return candidate
    return side
