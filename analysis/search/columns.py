"""Many configs in the guise of one: each field holds an array, one value a config, so that a plan can walk them all."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from archs.peleenet import PeleeNetConfig

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

    def __iadd__(self, other: Any) -> Column:  # type: ignore[misc]
        return self + other  # not in place: the sum may have more configs, and the same column may stand elsewhere


def column(values: npt.ArrayLike) -> Column:
    """Numbers as a column."""
    return np.atleast_1d(np.asarray(values)).view(Column)


class Configs:
    """Configs of one family that differ in numbers only: their words, absences and lengths are the same.

    Attributes are the fields of the family's config: columns for numbers, tuples of columns for sequences.
    """

    family: ClassVar[str]

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields
        self.__dict__.update(fields)

    def __getattr__(self, field: str) -> Any:  # only for what is not there
        raise AttributeError(f"no config of these has a field {field!r}")

    def where(self, mask: Mask) -> Configs:
        """Some of the configs."""
        return self.replaced(**{field: _select(value, mask) for field, value in self.fields.items()})

    def replaced(self, **fields: Any) -> Configs:
        """The same configs with other values in some fields."""
        return type(self)(self.fields | fields)


class DenseNets(Configs):
    """Many `DenseNetConfig`s."""

    family = "densenet"

    def compressed(self, channels: Column) -> Column:
        """As `DenseNetConfig.compressed`, whose `int` takes one number only."""
        return column((channels * self.compression).astype(np.int64))


class PeleeNets(Configs):
    """Many `PeleeNetConfig`s."""

    family = "peleenet"

    growth_rates = PeleeNetConfig.growth_rates
    bottleneck_widths = PeleeNetConfig.bottleneck_widths
    _per_stage = PeleeNetConfig._per_stage

    def bottleneck_channels(self, stage: int, in_channels: Column) -> Column:
        """As `PeleeNetConfig.bottleneck_channels`, put together again where configs take different branches."""
        try:
            return PeleeNetConfig.bottleneck_channels(self, stage, in_channels)  # type: ignore[arg-type,return-value]
        except MixedError as mixed:
            channels = np.empty(len(mixed.mask), np.int64)
            for mask in (mixed.mask, ~mixed.mask):
                channels[mask] = self.where(mask).bottleneck_channels(stage, _select(in_channels, mask))
            return column(channels)


class VoVNets(Configs):
    """Many `VoVNetConfig`s."""

    family = "vovnet"


#: The families whose plans can be walked by many configs at once.
GUISES: dict[str, type[Configs]] = {guise.family: guise for guise in (DenseNets, PeleeNets, VoVNets)}


def _select(value: Any, mask: Mask) -> Any:
    if isinstance(value, tuple):
        return tuple(_select(part, mask) for part in value)
    return value[mask] if isinstance(value, Column) and len(value) > 1 else value
