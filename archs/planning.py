"""From whatever stands for a network to its layers, without torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from archs import checks
from archs.config import declared
from archs.errors import ConfigError
from archs.layer import Layer, Pair
from archs.plan import MAX_LAYERS, Steps, TooDeepError, UnfitImageError, collect, image
from archs.registry import get_family, is_config
from archs.resolve import resolve_config

#: Layers that are walked to find a size that fits.
MAX_WALKED = 60_000
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
    except TooDeepError:
        raise ConfigError("the number of layers", _about(plan, config, size), f"at most {MAX_LAYERS}") from None
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
    small = once(config)
    try:
        period = _period(largest := _walk(plan, small, (checks.MAX_IMAGE_SIDE,) * 2, 1))
    except UnfitImageError:
        return f"; none up to {checks.MAX_IMAGE_SIDE} is one"
    # so many sides as can be tried at once; of a deep network or one with many strides, not every one
    step = max(1, 4 * period * len(largest) // MAX_WALKED)
    height, width = (nearest_side(plan, small, side, period, step) for side in size)
    try:
        _walk(plan, config, (height, width), 1)
    except (UnfitImageError, TooDeepError):  # its repeated parts change sizes, or are too many
        return ""
    return f"; {'the nearest is' if step == 1 else 'it takes'} {_shortest((height, width))}"


def nearest_side(plan: Plan, config: Any, side: int, period: int, step: int = 1) -> int:
    """The side nearest to `side` that the network can take, of those that are multiples of `step`.

    Height and width never mix, so squares tell; and parts that repeat keep a map's size, so one of each tells. Of sides
    that are multiples of all strides together, those take the image that are no smaller than some one: it is bisected.
    """

    def fits(candidate: int) -> bool:
        try:
            _walk(plan, config, (candidate, candidate), 1)
        except UnfitImageError:
            return False
        return True

    low, high = 0, checks.MAX_IMAGE_SIDE // period
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if fits(middle * period) else (middle, high)
    smallest = next(each for each in (*range(low * period + step, high * period, step), high * period) if fits(each))
    start = side - side % step
    for distance in range(0, max(period, smallest - start) + step, step):
        for candidate in (start + distance, start - distance):
            if smallest <= candidate <= checks.MAX_IMAGE_SIDE and fits(candidate):
                return candidate
    return smallest


def _about(plan: Plan, config: Any, size: Pair) -> Any:
    """How many layers a network has that has too many, as far as that is known."""
    try:
        return count_layers(plan, config, size)
    except (ConfigError, UnfitImageError, TooDeepError):
        return MAX_LAYERS + 1


def count_layers(plan: Plan, config: Any, size: Pair) -> int:
    """How many layers a plan has, without all of it: from the second on, each repetition adds as many.

    Raises: UnfitImageError, TooDeepError: the image does not fit, or not even two of each can be planned at once.
    """

    def planned(changes: dict[str, Any]) -> int:
        return len(_walk(plan, replace(config, **changes), size, 1))

    counts = {name: getattr(config, name) for name, each in declared(type(config)).items() if each.repeats}
    twice = {name: _map(lambda n: min(n, 2), value) for name, value in counts.items()}
    fewest = planned(twice)
    total = fewest
    for name, value in counts.items():
        for place, n in enumerate(value if isinstance(value, tuple) else [value]):
            if n > 2:
                once_more = (*twice[name][:place], 3, *twice[name][place + 1 :]) if isinstance(value, tuple) else 3
                total += (n - 2) * (planned(twice | {name: once_more}) - fewest)
    return total


def _map(function: Callable[[int], int], value: Any) -> Any:
    """A number, or a sequence of them, with a function applied."""
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)


def once(config: Any) -> Any:
    """The config with one of whatever its fields say how often to repeat; itself where that is no network."""
    changes: dict[str, Any] = {each.name: getattr(config, each.name) for each in fields(config)}
    changes = {name: once(value) for name, value in changes.items() if is_config(value)}  # of a detector's backbone
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
