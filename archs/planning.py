"""From whatever stands for a network to its layers, without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from archs import checks
from archs.config import declared
from archs.errors import ConfigError
from archs.layer import Layer, Pair
from archs.plan import Steps, UnfitImageError, collect, image
from archs.registry import get_family, is_config
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
        allowed = f"a size that the network's strides can take ({problem}){_instead(plan, config, size)}"
        raise ConfigError("image_size", _shortest(size), allowed) from None


def _shortest(size: Pair) -> int | Pair:
    """One number for a square, as people write it."""
    return size[0] if size[0] == size[1] else size


def _walk(plan: Plan, config: Any, size: Pair, batch_size: int) -> list[Layer]:
    return collect(plan(config, image(config.in_channels, size, batch_size)))


def _instead(plan: Plan, config: Any, size: Pair) -> str:
    """Which size the network can take in place of another, in a clause."""
    nearest = nearest_side(plan, config, size[0]), nearest_side(plan, config, size[1])
    height, width = nearest
    if not height or not width:
        return f"; none up to {checks.MAX_IMAGE_SIDE} is one"
    try:
        _walk(plan, config, (height, width), 1)
    except UnfitImageError:  # its repeated parts change sizes, and none was looked for with all of them
        return ""
    return f"; the nearest is {_shortest((height, width))}"


def nearest_side(plan: Plan, config: Any, side: int) -> int | None:
    """The side nearest to `side` that the network can take; None: none is.

    Height and width never mix, so squares tell; and parts that repeat keep a map's size, so one of each tells. Of sides
    that are multiples of all strides together, those take the image that are no smaller than some one: it is bisected.
    """
    small = _once(config)

    def fits(candidate: int) -> bool:
        try:
            _walk(plan, small, (candidate, candidate), 1)
        except UnfitImageError:
            return False
        return True

    if not fits(checks.MAX_IMAGE_SIDE):
        return None
    period = _period(_walk(plan, small, (checks.MAX_IMAGE_SIDE,) * 2, 1))
    low, high = 0, checks.MAX_IMAGE_SIDE // period
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle * period) else (middle, high)
    smallest = next(each for each in range(low * period + 1, high * period + 1) if fits(each))
    for distance in range(max(period, smallest - side) + 1):
        for candidate in (side + distance, side - distance):
            if candidate >= smallest and fits(candidate):
                return candidate
    raise AssertionError("a multiple of the period lies within one")


def _once(config: Any) -> Any:
    """The config with one of whatever its fields say how often to repeat; itself where that is no network."""
    changes: dict[str, Any] = {each.name: getattr(config, each.name) for each in fields(config)}
    changes = {name: _once(value) for name, value in changes.items() if is_config(value)}  # of a detector's backbone
    for name, each in declared(type(config)).items():
        if each.repeats:
            value, least = getattr(config, name), int(each.low)
            changes[name] = (least,) * len(value) if isinstance(value, tuple) else least
    try:
        return replace(config, **changes)
    except ConfigError:
        return config


def _period(layers: list[Layer]) -> int:
    """Into how many pixels of the image one of the coarsest map goes, on each axis."""
    maps = [layer.output_shape[2] for layer in layers if len(layer.output_shape) == 4 and layer.output_shape[2] > 1]
    return checks.MAX_IMAGE_SIDE // min(maps, default=checks.MAX_IMAGE_SIDE)
