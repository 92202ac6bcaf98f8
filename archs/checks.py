"""Checks that turn a bad value into one clear `ConfigError`, shared by configs and by everything that takes arguments.

Each gives back the value as Python's own int, float, bool, str or tuple, whatever NumPy or torch made it of: keep that.
"""

from __future__ import annotations

import re
from math import inf
from operator import index
from typing import Any, TypeGuard

from archs.errors import ConfigError
from archs.layer import Pair

#: Bounds that keep the costs of every registered network within 64-bit integers.
MAX_IMAGE_SIDE = 8192
MAX_BATCH_SIZE = 65536


def plain(value: Any) -> Any:
    """A scalar or array of NumPy or torch as Python numbers and lists; anything else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def is_integer(value: object) -> TypeGuard[int]:
    """True for integers, but not for booleans."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def integer(field: str, value: Any, low: int, high: int) -> int:
    """`value` as an int in [low, high]."""
    number = plain(value)
    if not (is_integer(number) and low <= number <= high):
        raise ConfigError(field, value, f"an integer from {low} to {high}")
    return index(number)


def integers(field: str, value: Any, low: int, high: int, lengths: range) -> tuple[int, ...]:
    """`value` as a tuple of ints in [low, high], with an allowed length."""
    listed = plain(value)
    if (
        isinstance(listed, (str, bytes))
        or not hasattr(listed, "__iter__")
        or len(items := tuple(map(plain, listed))) not in lengths
        or not all(is_integer(item) and low <= item <= high for item in items)
    ):
        raise ConfigError(field, value, f"a sequence of {span(lengths)} integers from {low} to {high}")
    return tuple(map(index, items))


def span(lengths: range) -> str:
    """How many there may be.

    >>> span(range(4, 5)), span(range(1, 9))
    ('4', '1 to 8')
    """
    return f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"


def number(field: str, value: Any, low: float, high: float = inf, *, open_low: bool, open_high: bool) -> float:
    """`value` as a float between `low` and `high`."""
    found = plain(value)
    real = isinstance(found, (int, float)) and not isinstance(found, bool)
    if not (real and (low < found if open_low else low <= found) and (found < high if open_high else found <= high)):
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        raise ConfigError(field, value, f"a number in {interval}")
    return float(found)


def numbers(
    field: str, value: Any, lengths: range, low: float, high: float = inf, *, open_low: bool, open_high: bool
) -> tuple[float, ...]:
    """`value` as a tuple of floats between `low` and `high`, with an allowed length."""
    listed = plain(value)
    if not isinstance(listed, (tuple, list)) or len(listed) not in lengths:
        raise ConfigError(field, value, f"a sequence of {span(lengths)} numbers")
    return tuple(number(field, each, low, high, open_low=open_low, open_high=open_high) for each in listed)


def choice(field: str, value: Any, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of the allowed words."""
    word = plain(value)
    if word not in allowed:
        raise ConfigError(field, value, f"one of {', '.join(map(repr, allowed))}")
    return str(word)


def boolean(field: str, value: Any) -> bool:
    """`value` if it is True or False."""
    found = plain(value)
    if not isinstance(found, bool):
        raise ConfigError(field, value, "True or False")
    return found


def image_size(value: Any) -> Pair:
    """An int or a pair (h, w), as (h, w)."""
    found = plain(value)
    sides = [found, found] if is_integer(found) else found
    if isinstance(sides, (tuple, list)) and len(sides) == 2:
        height, width = map(plain, sides)
        if all(is_integer(side) and 1 <= side <= MAX_IMAGE_SIDE for side in (height, width)):
            return index(height), index(width)
    raise ConfigError("image_size", value, f"an integer or a pair (h, w) from 1 to {MAX_IMAGE_SIDE}")


#: Where each network's own image size is meant.
OWN_SIZE = "own"


def parse_image_size(text: str) -> int | Pair | None:
    """What a person writes as an image size: "own", a side, or height × width.

    >>> parse_image_size("224"), parse_image_size("192 × 256"), parse_image_size("own")
    (224, (192, 256), None)

    Raises:
        ConfigError: it is none of these.
    """
    written = text.strip().lower()
    if written == OWN_SIZE:
        return None
    sides = re.fullmatch(r"(-?[0-9]{1,9})(?:\s*[x×*,;]\s*(-?[0-9]{1,9}))?", written)
    if sides is None:
        raise ConfigError("image_size", text, f"'{OWN_SIZE}', a side such as 224, or height × width such as 192x256")
    height, width = image_size(int(sides[1]) if sides[2] is None else (int(sides[1]), int(sides[2])))
    return height if height == width else (height, width)


def batch_size(value: Any) -> int:
    """An int from 1 to `MAX_BATCH_SIZE`."""
    return integer("batch_size", value, 1, MAX_BATCH_SIZE)


def keep(record: object, **values: object) -> None:
    """Put checked values in the place of what the fields of a frozen record were given."""
    for field, value in values.items():
        object.__setattr__(record, field, value)
