"""Checks that turn a bad value into one clear `ConfigError`, shared by configs and by everything that takes sizes."""

from __future__ import annotations

from math import inf
from typing import Any, TypeGuard

from archs.errors import ConfigError
from archs.layer import Pair

#: Bounds that keep the costs of every registered network within 64-bit integers.
MAX_IMAGE_SIDE = 8192
MAX_BATCH_SIZE = 65536


def is_integer(value: object) -> TypeGuard[int]:
    """True for integers, NumPy's too, but not for booleans."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def integer(field: str, value: Any, low: int, high: int) -> int:
    """`value` as an int in [low, high]."""
    if not (is_integer(value) and low <= value <= high):
        raise ConfigError(field, value, f"an integer from {low} to {high}")
    return int(value)


def integers(field: str, value: Any, low: int, high: int, lengths: range) -> tuple[int, ...]:
    """`value` as a tuple of ints in [low, high], with an allowed length."""
    if (
        isinstance(value, (str, bytes))
        or not hasattr(value, "__iter__")
        or len(items := tuple(value)) not in lengths
        or not all(is_integer(item) and low <= item <= high for item in items)
    ):
        count = f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"
        raise ConfigError(field, value, f"a sequence of {count} integers from {low} to {high}")
    return tuple(map(int, items))


def number(field: str, value: Any, low: float, high: float = inf, *, open_low: bool, open_high: bool) -> float:
    """`value` as a float between `low` and `high`."""
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (real and (low < value if open_low else low <= value) and (value < high if open_high else value <= high)):
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        raise ConfigError(field, value, f"a number in {interval}")
    return float(value)


def choice(field: str, value: Any, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of the allowed words."""
    if value not in allowed:
        raise ConfigError(field, value, f"one of {', '.join(map(repr, allowed))}")
    return str(value)


def boolean(field: str, value: Any) -> bool:
    """`value` if it is True or False."""
    if not isinstance(value, bool):
        raise ConfigError(field, value, "True or False")
    return value


def image_size(value: Any) -> Pair:
    """An int or a pair (h, w), as (h, w)."""
    sides = (value, value) if is_integer(value) else value
    if not (
        isinstance(sides, (tuple, list))
        and len(sides) == 2
        and all(is_integer(side) and 1 <= side <= MAX_IMAGE_SIDE for side in sides)
    ):
        raise ConfigError("image_size", value, f"an integer or a pair (h, w) from 1 to {MAX_IMAGE_SIDE}")
    return int(sides[0]), int(sides[1])


def batch_size(value: Any) -> int:
    """An int from 1 to `MAX_BATCH_SIZE`."""
    return integer("batch_size", value, 1, MAX_BATCH_SIZE)


def own_image_size(value: Any) -> int | Pair:
    """A config's own image size: one int where the image is square."""
    height, width = image_size(value)
    return height if height == width else (height, width)
