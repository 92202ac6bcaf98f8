"""What many configs cost, by walking the plan of their family once for all of them.

A plan is arithmetic on shapes, and so is the meter: both work on columns as they do on numbers. What is repeated a
different number of times by each config is walked a few times, and the rest follows exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.depth import counted_layers
from analysis.meter import Totals, add_up, cost_layers
from analysis.quantities import ADDITIVE_QUANTITIES
from archs.config import NetworkConfig
from archs.layer import Layer
from archs.plan import Repetition, Steps
from archs.registry import get_family

#: What is counted of each config, in the order of the rows of `Piece.costs`.
WALKED = (*ADDITIVE_QUANTITIES, "depth")


class NoChannelsError(Exception):
    """Internal: a convolution would make no channels, so that the configs are no networks."""


class Piece(NamedTuple):
    """A part of a plan: what it hands on, and its costs of shape (quantities, configs) or (quantities, 1)."""

    output: Layer
    costs: Integers


def walk(configs: Configs, image: Layer) -> Integers:
    """The costs of configs, of shape (quantities, configs): quantities as in `WALKED`, bytes for elements of one byte.

    Raises:
        MixedError: they take different branches of the plan, or only some of them are networks.
        ConfigError, NoChannelsError, UnfitImageError: they are no networks.
    """
    configs.config_type.check_together(configs)  # type: ignore[arg-type]  # they have its fields
    return _walk(configs.family, get_family(configs.family).plan(configs, image)).costs


def _walk(family: str, steps: Steps) -> Piece:
    """A part of a plan, walked and metered; what it repeats is left to the law of the repetition."""
    layers: list[Layer] = []
    costs: Any = 0
    try:
        step: Any = next(steps)
        while True:
            if isinstance(step, Repetition):
                step, more = _LAWS[step.law](family, step)
                costs = costs + more
            else:
                layers.append(step)
            step = steps.send(step)
    except StopIteration as end:
        return Piece(end.value, costs + _meter(family, layers) if layers else costs)


def _meter(family: str, layers: list[Layer]) -> Integers:
    if any(layer.op == "conv2d" and layer.output_shape[1] == 0 for layer in layers):
        raise NoChannelsError
    totals = Totals(cost=add_up(cost_layers(layers, "int8")), element_bytes=1)
    depth = len(counted_layers(family, layers))
    rows = (np.atleast_1d(np.asarray(getattr(totals, key))) for key in ADDITIVE_QUANTITIES)
    return np.stack(np.broadcast_arrays(*rows, depth))


def _quadratic(family: str, part: Repetition) -> Piece:
    """n layers that each read what all before them made, from one, two and three.

    The costs are a polynomial of degree 2 in n, which Newton's forward differences continue exactly, and the channels
    one of degree 1.
    """
    one, two, three = (_walk(family, part.steps(count)) for count in (1, 2, 3))
    more = column(part.count - 1)
    slope, curve = two.costs - one.costs, three.costs - 2 * two.costs + one.costs
    channels, wider = one.output.output_shape[1], two.output.output_shape[1]
    output = _with_channels(one.output, channels + more * (wider - channels))
    return Piece(output, one.costs + more * slope + more * (more - 1) // 2 * curve)


def _linear(family: str, part: Repetition) -> Piece:
    """n modules, from one, two and three: between the first and the last, all are alike."""
    one, two, three = (_walk(family, part.steps(count)) for count in (1, 2, 3))
    many = two.costs + (part.count - 2) * (three.costs - two.costs)
    return Piece(three.output, np.where(part.count == 1, one.costs, many))


def _chained(family: str, part: Repetition) -> Piece:
    """Layer after layer, where they follow no polynomial; each counts in the configs that have it."""
    x: Any = part.x
    costs: Any = 0
    channels = x.output_shape[1]
    for number in range(1, int(part.count.max()) + 1):
        exists = number <= part.count
        x, more = _walk(family, part.steps(number, x))
        costs = costs + exists * more
        channels = column(np.where(exists, x.output_shape[1], channels))
    return Piece(_with_channels(x, channels), costs)


_LAWS = {"quadratic": _quadratic, "linear": _linear, "chained": _chained}


def _with_channels(layer: Layer, channels: Any) -> Layer:
    n, _, *sides = layer.output_shape
    shape: Any = (n, column(channels), *sides)
    return layer._replace(output_shape=shape)


Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class MixedError(Exception):
    """Internal: some configs take one branch of a plan, and some the other; they have to be walked apart."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask


class Column(np.ndarray[Any, Any]):
    """One number a config, shape (configs,), or (1,) where all have the same, used as if it were one number.

    Where a plan asks whether it is true, or for its one value, either all configs agree, or they are walked apart.
    """

    def __bool__(self) -> bool:
        answers = np.asarray(self, bool)
        if answers.all():
            return True
        if answers.any():
            raise MixedError(answers)
        return False

    def __index__(self) -> int:
        same = np.asarray(self == self[0])
        if same.all():
            return int(self[0])
        raise MixedError(same)

    def __floor__(self) -> Column:
        return column(np.floor(self).astype(np.int64))

    def __round__(self) -> Column:
        return column(np.round(self).astype(np.int64))

    def __iadd__(self, other: Any) -> Column:  # type: ignore[misc]
        return self + other  # not in place: the sum may have more configs, and the same column may stand elsewhere


def column(values: npt.ArrayLike) -> Column:
    """Numbers as a column."""
    return np.atleast_1d(np.asarray(values)).view(Column)


class Configs:
    """Configs of one family that differ in numbers only: their words, absences and lengths are the same.

    Attributes are the fields of the family's config, columns for numbers and tuples of columns for sequences, and what
    its class works out of them.
    """

    def __init__(self, config_type: type[NetworkConfig], fields: dict[str, Any]) -> None:
        self.config_type = config_type
        self.family = config_type.family
        self.fields = fields
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Any:  # only for what is not there
        member = getattr(self.config_type, name, None)
        if isinstance(member, property) and member.fget:
            return member.fget(self)
        if not callable(member):
            raise AttributeError(f"no config of these has a field {name!r}")
        return partial(self._call, member)

    def _call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        """A method of the config's class; its numbers are put together where configs take different branches of it."""
        try:
            return method(self, *arguments)
        except MixedError as mixed:
            numbers = np.empty(len(mixed.mask), np.int64)
            for mask in (mixed.mask, ~mixed.mask):
                numbers[mask] = self.where(mask)._call(method, *(_select(each, mask) for each in arguments))
            return column(numbers)

    def where(self, mask: Mask) -> Configs:
        """Some of the configs."""
        return Configs(self.config_type, {field: _select(value, mask) for field, value in self.fields.items()})


def _select(value: Any, mask: Mask) -> Any:
    if isinstance(value, tuple):
        return tuple(_select(part, mask) for part in value)
    return value[mask] if isinstance(value, Column) and len(value) > 1 else value
