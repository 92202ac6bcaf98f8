"""Many configs in the guise of one: each field holds an array, one value a config, so that a plan can walk them all."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from archs.config import NetworkConfig

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class MixedError(Exception):
    """Internal: some configs take one branch of a plan, and some the other; they have to be walked apart."""

    def __init__(self, mask: Mask) -> None:
        self.mask = mask


class Column(np.ndarray[Any, Any]):
    """One number a config, shape (configs,), or (1,) where all have the same, used as if it were one number.

    Where a plan asks whether it is true, either all configs agree, or they are walked apart.
    """

    def __bool__(self) -> bool:
        answers = np.asarray(self, bool)
        if answers.all():
            return True
        if answers.any():
            raise MixedError(answers)
        return False

    def __floor__(self) -> Column:
        return column(np.floor(self).astype(np.int64))

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
