"""Checks that turn a bad value into one clear `ConfigError`, shared by configs and by everything that takes arguments.

Each gives back the value as Python's own int, float, bool, str or tuple, whatever NumPy or torch made it of: keep that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from math import inf
from operator import index
from os import fsencode, fspath
from pathlib import Path
from typing import Any, TypeGuard

from archs.errors import ConfigError, DenseScopeError
from archs.layer import Pair

#: Bounds that keep the costs of every registered network within 64-bit integers.
MAX_IMAGE_SIDE = 8192
MAX_BATCH_SIZE = 65536
#: More than any argument holds: items of a sequence, characters of a word, of a path.
MAX_ITEMS = 1_000_000
MAX_TEXT = 1000
MAX_PATH = 4096


_PLAIN = frozenset((str, int, float, bool, type(None)))


def plain(value: Any) -> Any:
    """A scalar or array of NumPy or torch as Python numbers and lists, a text as Python's own; the rest as it is."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if issubclass(kind, str):
        return str.__str__(value)
    if isinstance(value, type) or not hasattr(kind, "tolist"):  # an object may make up any attribute when asked
        return value
    try:
        size = getattr(value, "size", None)
        return value.tolist() if (size if isinstance(size, int) else len(value.reshape(-1))) <= MAX_ITEMS else value
    except Exception:  # a tensor without data, or what only looks like an array
        return value


def word(value: Any) -> str | None:
    """A text of any kind as Python's own; None for anything else."""
    found = plain(value)
    return found if type(found) is str else None


def attribute(value: Any, name: str, default: Any = None) -> Any:
    """What anybody's object says of itself, with the default also where it raises when it is asked."""
    try:
        return getattr(value, name, default)
    except Exception:
        return default


def whole(value: Any) -> int | None:
    """An integer of any kind as Python's own; None for anything else, booleans too."""
    found = plain(value)
    if isinstance(found, (bool, type)):
        return None
    try:  # past what a class of its own may make of arithmetic
        return int.__index__(found) if isinstance(found, int) else index(found)
    except Exception:
        return None


def is_integer(value: object) -> TypeGuard[int]:
    """True for integers, but not for booleans."""
    return whole(value) is not None


def real(value: Any) -> float | None:
    """A number of any kind as Python's int or float; None for anything else, and for what is too large for a float."""
    found = plain(value)
    try:
        if issubclass(type(found), float):
            return float.__float__(found)
        return None if (number := whole(found)) is None or not float(number) < inf else number
    except OverflowError:
        return None


def integer(field: str, value: Any, low: int, high: int) -> int:
    """`value` as an int in [low, high]."""
    number = whole(value)
    if number is None or not low <= number <= high:
        raise ConfigError(field, value, f"an integer from {low} to {high}")
    return number


def items(field: str, value: Any, most: int, allowed: str) -> tuple[Any, ...]:
    """What a collection holds, at most so much; nothing beyond that is looked at, however long it is."""
    listed = plain(value)
    found: tuple[Any, ...] | None = None
    if hasattr(type(listed), "__iter__") and not isinstance(listed, (str, bytes, bytearray, type)):
        try:
            found = tuple(islice(listed, most + 1))
        except DenseScopeError:  # what makes the items has said what is wrong
            raise
        except Exception as error:
            raise ConfigError(field, value, allowed) from error
    if found is None or len(found) > most:
        raise ConfigError(field, value, allowed)
    return found


def mapping(field: str, value: Any, most: int, allowed: str) -> dict[Any, Any]:
    """What stands under each key, of at most so many."""
    if not isinstance(value, Mapping):
        raise ConfigError(field, value, allowed)
    try:
        return {key: value[key] for key in items(field, value, most, allowed)}
    except DenseScopeError:
        raise
    except Exception as error:
        raise ConfigError(field, value, allowed) from error


def text(field: str, value: Any, most: int = MAX_TEXT) -> str:
    """A text of at most so many characters, as Python's own."""
    found = word(value)
    if found is None or len(found) > most:
        raise ConfigError(field, value, f"a text of at most {most} characters")
    return found


def integers(field: str, value: Any, low: int, high: int, lengths: range) -> tuple[int, ...]:
    """`value` as a tuple of ints in [low, high], with an allowed length."""
    allowed = f"a sequence of {span(lengths)} integers from {low} to {high}"
    found = items(field, value, lengths[-1], allowed)
    numbers = [number for number in map(whole, found) if number is not None and low <= number <= high]
    if len(found) not in lengths or len(numbers) < len(found):
        raise ConfigError(field, value, allowed)
    return tuple(numbers)


def span(lengths: range) -> str:
    """How many there may be.

    >>> span(range(4, 5)), span(range(1, 9))
    ('4', '1 to 8')
    """
    return f"{lengths[0]}" if len(lengths) == 1 else f"{lengths[0]} to {lengths[-1]}"


def number(field: str, value: Any, low: float, high: float = inf, *, open_low: bool, open_high: bool) -> float:
    """`value` as a float between `low` and `high`."""
    found = real(value)
    if found is None or not (
        (low < found if open_low else low <= found) and (found < high if open_high else found <= high)
    ):
        interval = f"{'(' if open_low else '['}{low:g}, {high:g}{')' if open_high else ']'}"
        raise ConfigError(field, value, f"a number in {interval}")
    return float(found)


def numbers(
    field: str, value: Any, lengths: range, low: float, high: float = inf, *, open_low: bool, open_high: bool
) -> tuple[float, ...]:
    """`value` as a tuple of floats between `low` and `high`, with an allowed length."""
    allowed = f"a sequence of {span(lengths)} numbers"
    listed = items(field, value, lengths[-1], allowed) if isinstance(plain(value), (tuple, list)) else ()
    if len(listed) not in lengths:
        raise ConfigError(field, value, allowed)
    return tuple(number(field, each, low, high, open_low=open_low, open_high=open_high) for each in listed)


def choice(field: str, value: Any, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of the allowed words."""
    found = word(value)
    if found is None or found not in allowed:
        raise ConfigError(field, value, f"one of {', '.join(map(repr, allowed))}")
    return found


def boolean(field: str, value: Any) -> bool:
    """`value` if it is True or False."""
    found = plain(value)
    if type(found) is not bool:
        raise ConfigError(field, value, "True or False")
    return found


def path(field: str, value: Any) -> Path:
    """A path, written or as an object."""
    try:
        written = word(fspath(value))
        fsencode(written or "")  # half a surrogate pair names no file
    except Exception:
        written = None
    if written is None or "\0" in written or len(written) > MAX_PATH:
        raise ConfigError(field, value, f"a path of at most {MAX_PATH} characters")
    return Path(written)


def image_size(value: Any) -> Pair:
    """An int or a pair (h, w), as (h, w)."""
    allowed = f"an integer or a pair (h, w) from 1 to {MAX_IMAGE_SIDE}"
    found = plain(value)
    sides = items("image_size", found, 2, allowed) if isinstance(found, (tuple, list)) else (found, found)
    if len(sides) == 2:
        height, width = map(whole, sides)
        if height and width and 1 <= height <= MAX_IMAGE_SIDE and 1 <= width <= MAX_IMAGE_SIDE:
            return height, width
    raise ConfigError("image_size", value, allowed)


#: Where each network's own image size is meant.
OWN_SIZE = "own"


def parse_image_size(text: str) -> int | Pair | None:
    """What a person writes as an image size: "own", a side, or height × width.

    >>> parse_image_size("224"), parse_image_size("192 × 256"), parse_image_size("own")
    (224, (192, 256), None)

    Raises:
        ConfigError: it is none of these.
    """
    written = (word(text) or "").strip().lower()
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
