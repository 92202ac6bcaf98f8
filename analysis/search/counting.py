"""The exact costs of many configs of a space at once: which of them a plan can walk together, and as what."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.meter import element_bytes
from analysis.quantities import ADDITIVE_QUANTITIES, QUANTITIES
from analysis.search.space import Axis, Space, sequence_of, with_values
from analysis.search.walks import WALKED, Column, Configs, Integers, Mask, MixedError, NoChannelsError, column, walk
from analysis.summary import Summary, summarize
from archs import checks
from archs.config import NetworkConfig, declared
from archs.errors import ConfigError
from archs.layer import Pair
from archs.plan import UnfitImageError, image
from archs.registry import get_family

#: Sums up to here, differences and sums of a few of them, fit into 64 bits.
_SAFE = 1 << 59


@dataclass(frozen=True)
class Costs:
    """What was counted of some configs; zeros where a combination of values is no network."""

    is_network: Mask
    #: One array a quantity of `WALKED`; Python's integers where 64 bits do not suffice.
    quantities: dict[str, npt.NDArray[Any]]


class BatchCosts:
    """Counts configs of a space: exactly what `summarize` counts of each, walked together as far as possible."""

    def __init__(self, space: Space, batch_size: int = 1, dtype: str = "float32") -> None:
        self.space = space
        self.batch_size = checks.batch_size(batch_size)
        self.dtype = dtype
        self._scale = np.array([[element_bytes(dtype) if QUANTITIES[key].unit == "B" else 1] for key in WALKED])
        self._structures = Structures(space)
        self._fits: dict[Any, bool | None] = {}

    def of(self, indices: npt.ArrayLike) -> Costs:
        """The costs of configs by their numbers in the space, in the order given."""
        numbers = np.asarray(indices, np.int64)
        groups = self._structures.groups(numbers)
        parts = [(group.places, *self._group(group, numbers[group.places])) for group in groups]
        wide = any(costs.dtype == object for _, _, costs in parts)
        is_network = np.zeros(len(numbers), bool)
        totals = np.zeros((len(WALKED), len(numbers)), object if wide else np.int64)
        for places, networks, costs in parts:
            is_network[places], totals[:, places] = networks, costs
        return Costs(is_network, dict(zip(WALKED, totals, strict=True)))

    def _group(self, group: Group, indices: Integers) -> tuple[Mask, npt.NDArray[Any]]:
        """Which configs of a group are networks, and their costs."""
        fits = self._fits_into_64_bits(group)
        if fits is None:
            return np.zeros(len(indices), bool), np.zeros((len(WALKED), len(indices)), np.int64)
        if not fits:
            return self._one_by_one(indices)
        networks, costs = np.ones(len(indices), bool), np.zeros((len(WALKED), len(indices)), np.int64)
        size = checks.image_size(with_values(self.space.base, group.largest).image_size)
        self._walk(self._structures.configs(group), size, np.arange(len(indices)), networks, costs)
        return networks, costs

    def _walk(self, configs: Configs, size: Pair, places: Integers, networks: Mask, costs: Integers) -> None:
        """Fill in the configs at some places; apart, if they take different branches."""
        try:
            first = image(1, size, self.batch_size)
            first = first._replace(output_shape=(self.batch_size, configs.in_channels, *size))
            costs[:, places] = walk(configs, first) * self._scale
        except MixedError as mixed:
            for mask in (mixed.mask, ~mixed.mask):
                self._walk(configs.where(mask), size, places[mask], networks, costs)
        except (ConfigError, NoChannelsError, UnfitImageError):
            networks[places] = False

    def _fits_into_64_bits(self, group: Group) -> bool | None:
        """Whether all that a walk computes does; None where no config of this structure is a network."""
        if group.largest not in self._fits:
            self._fits[group.largest] = self._check(group)
        return self._fits[group.largest]

    def _check(self, group: Group) -> bool | None:
        searching = get_family(self.space.family).searching
        if not searching.together or searching.apart(self._structures.configs(group)):
            return False
        try:
            config = roomiest(with_values(self.space.base, group.largest))
        except ConfigError:  # others of this structure may be networks all the same
            return False
        try:
            largest = self.summarize(config)
        except ConfigError:  # an image that is too small: smaller configs do no better
            return None
        return all(getattr(largest, key) < _SAFE for key in ADDITIVE_QUANTITIES)

    def _one_by_one(self, indices: Integers) -> tuple[Mask, npt.NDArray[Any]]:
        networks, costs = np.zeros(len(indices), bool), np.zeros((len(WALKED), len(indices)), object)
        for place, index in enumerate(indices.tolist()):
            try:
                summary = self.summarize(self.space.config_at(index))
            except ConfigError:
                continue
            networks[place] = True
            costs[:, place] = [*(getattr(summary, key) for key in ADDITIVE_QUANTITIES), summary.depth.total]
        return networks, costs

    def summarize(self, config: Any) -> Summary:
        """One config by itself. Raises: ConfigError: it cannot take its image."""
        return summarize(config, None, self.batch_size, self.dtype)


#: Up to so many repetitions are walked whatever a config has.
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
        #: Fields that configs must share to be walked together, whatever they hold.
        self._fixed = {name for name, each in declared(type(space.base)).items() if each.structural}
        self._codes = [_structure_codes(axis, axis.field in self._fixed) for axis in space.axes]
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
        values = {each.name: self._guise(each.name, getattr(base, each.name)) for each in fields(base)}
        for number, axis in enumerate(self.space.axes):
            digits = group.digits[:, number]
            if axis.position is None:
                values[axis.field] = axis.values[digits[0]] if axis.field in self._fixed else _chosen(axis, digits)
            else:
                whole = list(self._guise(axis.field, sequence_of(base, axis.field)))
                if isinstance(values[axis.field], tuple):
                    whole = list(values[axis.field])
                whole[axis.position] = column(np.array(axis.values)[digits])
                values[axis.field] = tuple(whole)
        return Configs(type(base), values)

    def _guise(self, name: str, value: Any) -> Any:
        """One value for all configs."""
        if name in self._fixed or _is_word(value):
            return value
        return tuple(column(part) for part in value) if isinstance(value, tuple) else column(value)


def _is_word(value: Any) -> bool:
    """Whether a value is no number."""
    return value is None or isinstance(value, (str, bool))


def roomiest(config: NetworkConfig) -> NetworkConfig:
    """The config with no fewer repetitions than are walked: nothing that a walk computes is larger."""
    changes: Any = {}
    for name, each in declared(type(config)).items():
        if each.repeats:
            least, value = int(min(_WALKED_REPETITIONS, each.high)), getattr(config, name)
            changes[name] = tuple(max(n, least) for n in value) if isinstance(value, tuple) else max(value, least)
    return replace(config, **changes)


def _structure(value: Any) -> Any:
    """What configs must share to be walked together: not the value of a number."""
    if _is_word(value):
        return value
    return len(value) if isinstance(value, tuple) else "number"


def _structure_codes(axis: Axis, fixed: bool) -> Integers:
    """For each value of a choice, the number of its structure."""
    structures = list(axis.values) if fixed else [_structure(value) for value in axis.values]
    distinct = list(dict.fromkeys(structures))
    return np.array([distinct.index(structure) for structure in structures])


def _largest(values: list[Any]) -> Any:
    """Of values of one structure: a number at each place that none exceeds."""
    if isinstance(values[0], tuple):
        return tuple(map(max, *values)) if len(values) > 1 else values[0]
    return values[0] if _is_word(values[0]) else max(values)


def _chosen(axis: Axis, digits: Integers) -> Any:
    """The values of a whole field."""
    first = axis.values[digits[0]]
    if _is_word(first):
        return first
    if not isinstance(first, tuple):
        return _numbers([value if _structure(value) == "number" else 0 for value in axis.values], digits)
    rows = [value if isinstance(value, tuple) and len(value) == len(first) else first for value in axis.values]
    return tuple(_numbers(list(places), digits) for places in zip(*rows, strict=True))


def _numbers(table: list[Any], digits: Integers) -> Column:
    return column(np.array(table)[digits])
