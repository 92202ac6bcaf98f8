"""A space of networks: a config of one family, and for some of its fields the values to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache
from math import prod
from types import MappingProxyType
from typing import Any

from archs import checks
from archs.config import NetworkConfig, declared, one_for_each
from archs.errors import ConfigError, DenseScopeError, UnknownFieldError, abbreviate, nearest_names
from archs.registry import search_spaces
from archs.resolve import resolve_config

#: So that the number of a config, and twice as much, fits into 64 bits.
MAX_SIZE = 1 << 62
MAX_VALUES = 10_000
MAX_CHOICES, MAX_NAME = 100, 200


@dataclass(frozen=True)
class Axis:
    """One choice that a space leaves open."""

    #: As written: "growth_rate", "block_config", "block_config[2]".
    name: str
    field: str
    #: Which number of a sequence; None: the whole field.
    position: int | None
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Space:
    """Every config that takes one of the values of each choice, and the rest from `base`.

    >>> space = Space("densenet121", {"growth_rate": (16, 24, 32), "block_config[2]": range(8, 25, 8)})
    >>> space.size, space.config_at(5).block_config
    (9, (6, 12, 24, 16))

    Raises:
        ConfigError: a choice without values, or with a value that no network of the space can have.
        UnknownFieldError: a choice of something that is no field of the config.
    """

    #: A registered name, a config, or a design file; kept as a config. Networks are counted at its image size.
    base: NetworkConfig
    #: Values by field, or by place in a sequence ("block_config[2]" is the third number).
    choices: Mapping[str, Iterable[Any]]
    name: str = "own space"
    axes: tuple[Axis, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        base = resolve_config(self.base)
        allowed = f"values by field, such as {{'growth_rate': (16, 24)}}, of at most {MAX_CHOICES} choices"
        choices = checks.mapping("choices", self.choices, MAX_CHOICES, allowed)
        checks.keep(self, base=base, name=checks.text("name", self.name, MAX_NAME))
        axes = tuple(_axis(base, name, values) for name, values in choices.items())
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "choices", MappingProxyType({axis.name: axis.values for axis in axes}))
        if self.size > MAX_SIZE:
            raise ConfigError("choices", f"{self.size:.2g} configs", f"at most {MAX_SIZE:.2g} configs: leave less open")
        _check_overlaps(axes)
        _check_values(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.base, dict(self.choices), self.name)  # made again in another process

    @property
    def family(self) -> str:
        return self.base.family

    @property
    def size(self) -> int:
        """How many combinations of values there are; those that are no networks among them."""
        return prod(len(axis.values) for axis in self.axes)

    @property
    def open_fields(self) -> tuple[str, ...]:
        """The fields in which the configs may differ, in the order of the choices."""
        return tuple(dict.fromkeys(axis.field for axis in self.axes))

    def config_at(self, index: int) -> NetworkConfig:
        """A config by its number, from 0; the last choice changes fastest.

        Raises: ConfigError: there is no such number, or the combination of values is no network.
        """
        index = checks.integer("index", index, 0, self.size - 1)
        values = []
        for axis in reversed(self.axes):
            index, digit = divmod(index, len(axis.values))
            values.append((axis, axis.values[digit]))
        return with_values(self.base, reversed(values))


def with_values(base: NetworkConfig, values: Iterable[tuple[Axis, Any]]) -> NetworkConfig:
    """The config with values in some places. Raises: ConfigError: they are no network."""
    changes: dict[str, Any] = {}
    for axis, value in values:
        if axis.position is None:
            changes[axis.field] = value
        else:
            whole = list(changes.get(axis.field, sequence_of(base, axis.field)))
            whole[axis.position] = value
            changes[axis.field] = tuple(whole)
    return replace(base, **changes)


def sequence_of(base: NetworkConfig, name: str) -> tuple[Any, ...]:
    """A field as a sequence: one number that stands for all stages as one per stage, anything else as none."""
    per = declared(type(base))[name].per
    return one_for_each(getattr(base, name), getattr(base, per) if per else ())


def _axis(base: NetworkConfig, name: Any, values: Any) -> Axis:
    match = re.fullmatch(r"(\w+)(?:\[(\d{1,3})\])?", checks.word(name) or "", re.ASCII)
    known = [each.name for each in fields(base)]
    if not match or match[1] not in known:
        raise UnknownFieldError(name, type(base).__name__, known)
    name = match[0]
    listed = _values(name, values)
    if match[2] is None:
        return Axis(name, name, None, listed)
    position, length = int(match[2]), len(sequence_of(base, match[1]))
    if position >= length:
        allowed = f"a place from 0 to {length - 1}" if length else f"given as a whole: {match[1]} is one value"
        raise ConfigError(f"the choice of {match[1]}", name, allowed)
    return Axis(name, match[1], position, listed)


def _values(name: str, values: Any) -> tuple[Any, ...]:
    allowed = f"a sequence of 1 to {MAX_VALUES} values, so that the space is not empty"
    if not hasattr(type(values), "__len__"):
        raise ConfigError(f"the choice of {name}", values, allowed)
    listed = checks.items(f"the choice of {name}", values, MAX_VALUES, allowed)
    if not listed:
        raise ConfigError(f"the choice of {name}", values, allowed)
    try:
        return tuple(dict.fromkeys(map(_simple, listed)))
    except Exception:  # also what a sequence of a class of its own raises
        raise ConfigError(f"the choice of {name}", values, "made of numbers, words and tuples") from None


def _simple(value: Any) -> Any:
    """A value of a field as Python's own. Raises: TypeError: no field has such a value."""
    found = checks.plain(value)
    if isinstance(found, (list, tuple)):
        return tuple(_simple(each) for each in found[: checks.MAX_ITEMS])
    if found is None or type(found) in (bool, str):
        return found
    if issubclass(type(found), float):
        return float.__float__(found)
    if (number := checks.whole(found)) is None:
        raise TypeError
    return number


def _check_overlaps(axes: tuple[Axis, ...]) -> None:
    whole = {axis.field for axis in axes if axis.position is None}
    for axis in axes:
        if axis.position is not None and axis.field in whole:
            allowed = f"left out where {axis.field} is chosen as a whole"
            raise ConfigError(f"the choice of {axis.name}", axis.values, allowed)


def _check_values(space: Space) -> None:
    """Find values that cannot stand: neither in the base, nor beside another value of another choice."""
    for axis in space.axes:
        for value in axis.values:
            problem = _problem(space, (axis, value))
            others = ((other, option) for other in space.axes if other is not axis for option in other.values)
            if problem and all(_problem(space, (axis, value), other) for other in others):
                raise ConfigError(f"the choice of {axis.name}", axis.values, f"without {abbreviate(value)}: {problem}")


def _problem(space: Space, *values: tuple[Axis, Any]) -> str:
    try:
        with_values(space.base, values)
    except ConfigError as error:
        return str(error).rstrip(".")
    return ""


class UnknownSpaceError(DenseScopeError, KeyError):
    """There is no space of that name."""

    def __init__(self, name: object) -> None:
        nearest = nearest_names(name, search_spaces())
        super().__init__(f"There is no space {abbreviate(name)}; the nearest names are {nearest}.")


def list_spaces() -> list[str]:
    """Names of the spaces that `get_space` knows."""
    return list(search_spaces())


def get_space(name: str) -> Space:
    """A space by name.

    >>> get_space("peleenet").size
    216000

    Raises: UnknownSpaceError: there is none; it names the nearest three.
    """
    found = checks.word(name)
    if found is None or found not in search_spaces():
        raise UnknownSpaceError(name)
    return _preset(found)


@cache
def _preset(name: str) -> Space:
    base, choices = search_spaces()[name]
    return Space(base, choices, name)  # type: ignore[arg-type]
