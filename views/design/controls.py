"""The controls of the Design view: one for each field of a config, by what the field declares of itself."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from analysis.findings import reason
from archs.config import Field, NetworkConfig, declared, one_for_each
from archs.errors import DenseScopeError
from archs.layer import Pair
from archs.planning import plan_layers
from archs.registry import override, recomputes

#: What a choice says for None.
NONE = "none"


class Control(NamedTuple):
    """How one field is edited."""

    field: str
    declared: Field
    #: "integer", "slider", "share", "integers" (a row of numbers), "choice" or "boolean".
    kind: str
    #: The ends of what can be set, which hold the value at hand.
    low: float
    high: float
    choices: tuple[str, ...] = ()

    @property
    def grows(self) -> bool:
        """Whether blocks are added and removed here."""
        return len(self.declared.lengths or ()) > 1


def controls_for(config: NetworkConfig) -> tuple[Control, ...]:
    """The controls of a config's fields, each as far as its value reaches, so that no loaded design is bent."""
    fields = dict(declared(type(config)))
    if not recomputes(config):
        del fields["memory_efficient"]
    return tuple(_control(name, each, getattr(config, name)) for name, each in fields.items())


def _control(name: str, declared: Field, value: Any) -> Control:
    low, high = declared.slider or (declared.low, declared.high)
    if declared.kind == "boolean":
        return Control(name, declared, "boolean", low, high)
    if declared.kind == "choice" or declared.optional:
        words = declared.choices or (NONE, *map(str, range(int(low), int(high) + 1)))
        return Control(name, declared, "choice", low, high, tuple(dict.fromkeys((*words, as_choice(value)))))
    if declared.lengths or declared.per or isinstance(value, tuple):
        return Control(name, declared, "integers", low, high)
    kind = "share" if declared.kind == "number" else "slider" if declared.slider else "integer"
    return Control(name, declared, kind, min(low, value), max(high, value))


def as_choice(value: Any) -> str:
    """How a choice writes a value."""
    return NONE if value is None else str(value)


def from_choice(control: Control, text: str) -> Any:
    """The value of a choice: words stay words."""
    if control.declared.kind == "choice":
        return text
    return None if text == NONE else int(text)


def numbers(config: Any, control: Control) -> tuple[int, ...]:
    """A row of numbers; one number for all blocks is shown as one for each."""
    per = control.declared.per
    return one_for_each(getattr(config, control.field), getattr(config, per) if per else ())


def with_block(config: Any, control: Control) -> dict[str, Any]:
    """The fields to change so that there is one block more, like the last."""
    return {field: (*value, value[-1]) for field, value in _rows(config, control).items()}


def without_block(config: Any, control: Control) -> dict[str, Any]:
    """The fields to change so that the last block is gone."""
    return {field: value[:-1] for field, value in _rows(config, control).items()}


@lru_cache(64)
def problem(config: Any, control: Control, image_size: int | Pair | None, *, more: bool) -> str:
    """Why there cannot be one block more, or one less, at an image size; empty where there can."""
    count, allowed = len(getattr(config, control.field)), control.declared.lengths or range(0)
    if count + (1 if more else -1) not in allowed:
        return f"{allowed[-1 if more else 0]} is the {'most' if more else 'least'} that there can be."
    try:
        plan_layers(override(config, **(with_block if more else without_block)(config, control)), image_size)
    except DenseScopeError as error:
        return reason(error)
    return ""


def _rows(config: Any, control: Control) -> dict[str, tuple[int, ...]]:
    """The fields with a number for each block."""
    return {
        name: value
        for name, each in declared(type(config)).items()
        if control.field in (name, each.per) and isinstance(value := getattr(config, name), tuple)
    }
