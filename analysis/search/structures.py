"""The configs of a space as arrays: which of them a plan can walk together, and as what."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np

from analysis.search.columns import GUISES, Column, Configs, Integers, column
from analysis.search.space import Axis, Space, sequence_of
from archs.config import NetworkConfig

#: Numbers by which plans count and branch: configs that differ in them are walked apart.
_BRANCHING = ("layer_per_block", "image_size")
#: Numbers of repetitions; up to three are walked whatever a config has.
_REPETITIONS = ("block_config", "block_per_stage")
_WALKED_REPETITIONS = 3


class Group(NamedTuple):
    """Configs that a plan can walk together."""

    #: Where they stand in what was asked for.
    places: Integers
    #: The value of each choice, by its place among the choice's values; one row a config.
    digits: Integers
    #: A config that has no smaller number anywhere than any of the space's configs of this structure.
    largest: tuple[tuple[Axis, Any], ...]


class Structures:
    """Splits configs of a space, given by number, into groups of one structure."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._codes = [_structure_codes(axis) for axis in space.axes]
        self._largest: dict[tuple[int, ...], tuple[tuple[Axis, Any], ...]] = {}

    def groups(self, indices: Integers) -> list[Group]:
        """Every config of `indices`, in one of the groups."""
        digits = np.stack(self._digits(indices), axis=1) if self.space.axes else np.zeros((len(indices), 0), np.int64)
        number, radix = np.zeros(len(indices), np.int64), 1
        for axis, codes in enumerate(self._codes):
            if codes.max():
                number, radix = number + radix * codes[digits[:, axis]], radix * (int(codes.max()) + 1)
        order = np.argsort(number, kind="stable")
        borders = np.flatnonzero(np.diff(number[order])) + 1
        return [
            Group(places, digits[places], self._largest_of(digits[places[0]])) for places in np.split(order, borders)
        ]

    def _digits(self, indices: Integers) -> list[Integers]:
        digits = []
        for axis in reversed(self.space.axes):
            indices, digit = np.divmod(indices, len(axis.values))
            digits.append(digit)
        return digits[::-1]

    def _largest_of(self, digits: Integers) -> tuple[tuple[Axis, Any], ...]:
        key = tuple(int(codes[digit]) for codes, digit in zip(self._codes, digits, strict=True))
        if key not in self._largest:
            self._largest[key] = tuple(
                (axis, _largest([value for value, own in zip(axis.values, codes, strict=True) if own == code]))
                for axis, codes, code in zip(self.space.axes, self._codes, key, strict=True)
            )
        return self._largest[key]

    def configs(self, group: Group) -> Configs:
        """The group in the guise of one config."""
        base = self.space.base
        values = {each.name: _guise(each.name, getattr(base, each.name)) for each in fields(base)}
        for number, axis in enumerate(self.space.axes):
            digits = group.digits[:, number]
            if axis.position is None:
                values[axis.field] = _chosen(axis, digits)
            else:
                whole = list(_guise(axis.field, sequence_of(base, axis.field)))
                if isinstance(values[axis.field], tuple):
                    whole = list(values[axis.field])
                whole[axis.position] = column(np.array(axis.values)[digits])
                values[axis.field] = tuple(whole)
        return GUISES[base.family](values)


def roomiest(config: NetworkConfig) -> NetworkConfig:
    """The config with no fewer repetitions than are walked: nothing that a walk computes is larger."""
    counts = {name: getattr(config, name) for name in _REPETITIONS if hasattr(config, name)}
    changes: Any = {name: tuple(max(n, _WALKED_REPETITIONS) for n in value) for name, value in counts.items()}
    return replace(config, **changes)


def _structure(name: str, value: Any) -> Any:
    """What configs must share to be walked together: not the value of a number."""
    if name in _BRANCHING or value is None or isinstance(value, (str, bool)):
        return value
    return len(value) if isinstance(value, tuple) else "number"


def _structure_codes(axis: Axis) -> Integers:
    """For each value of a choice, the number of its structure."""
    structures = [_structure(axis.field, value) for value in axis.values]
    distinct = list(dict.fromkeys(structures))
    return np.array([distinct.index(structure) for structure in structures])


def _largest(values: list[Any]) -> Any:
    """Of values of one structure: a number at each place that none exceeds."""
    if isinstance(values[0], tuple):
        return tuple(map(max, *values)) if len(values) > 1 else values[0]
    return values[0] if values[0] is None or isinstance(values[0], (str, bool)) else max(values)


def _guise(name: str, value: Any) -> Any:
    """One value for all configs."""
    if name in _BRANCHING or value is None or isinstance(value, (str, bool)):
        return value
    return tuple(column(part) for part in value) if isinstance(value, tuple) else column(value)


def _chosen(axis: Axis, digits: Integers) -> Any:
    """The values of a whole field."""
    first = axis.values[digits[0]]
    if axis.field in _BRANCHING or first is None or isinstance(first, (str, bool)):
        return first
    if not isinstance(first, tuple):
        return _numbers([value if _structure(axis.field, value) == "number" else 0 for value in axis.values], digits)
    rows = [value if isinstance(value, tuple) and len(value) == len(first) else first for value in axis.values]
    return tuple(_numbers(list(places), digits) for places in zip(*rows, strict=True))


def _numbers(table: list[Any], digits: Integers) -> Column:
    return column(np.array(table)[digits])
