"""What a config is: fields that each declare once what they may hold and how they are shown, and are checked by that.

    growth_rate: int = integer(32, "Growth rate k", "Channels that each dense layer adds.", high=1024, slider=64)

Controls of the app and searches read the declarations (`declared`); `NetworkConfig` checks by them and keeps what the
checks give back, so that counts never depend on what made a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, ClassVar, Literal

from archs import checks
from archs.layer import Pair


def _always(config: Any) -> str:
    """Every field has an effect, unless it says otherwise."""
    return ""


@dataclass(frozen=True, kw_only=True)
class Field:
    """What one field may hold, and what an editor has to know of it."""

    label: str
    help: str
    kind: Literal["integer", "number", "choice", "boolean", "image_size"]
    low: float = 1
    high: float = 1024
    #: Whether `low` and `high` themselves are out of bounds.
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    #: Whether None is allowed.
    optional: bool = False
    #: Allowed lengths of a sequence; None: the field is one value.
    lengths: range | None = None
    #: The sequence of which the field has one number for each, or one number for all.
    per: str = ""
    #: By how much an editor changes a number, and the ends of a slider, which are no bounds of the field.
    step: float = 1
    slider: tuple[float, float] | None = None
    #: Says why the field has no effect as things stand; empty where it has.
    idle: Callable[[Any], str] = _always
    #: Whether plans count by it or branch on it: configs that differ in it are not planned together.
    structural: bool = False
    #: Whether its numbers tell how often a part of the plan is repeated.
    repeats: bool = False

    @property
    def allowed(self) -> str:
        """What it may hold, in words.

        >>> declared(NetworkConfig)["drop_rate"].allowed, declared(NetworkConfig)["num_classes"].allowed
        ('a number in [0, 1)', 'an integer from 1 to 100000')
        """
        match self.kind:
            case "boolean":
                return "true or false"
            case "choice":
                return " or ".join(self.choices)
            case "number":
                ends = "[("[self.open_low], "])"[self.open_high]
                each = f", or one for each of {self.per}" if self.per else ""
                one = f"{checks.span(self.lengths)} numbers" if self.lengths else "a number"
                return f"{one} in {ends[0]}{self.low:g}, {self.high:g}{ends[1]}{each}"
        numbers = f"from {int(self.low)} to {int(self.high)}"
        if self.kind == "image_size":
            return f"a side, or height and width, {numbers}"
        one = f"{checks.span(self.lengths)} integers {numbers}" if self.lengths else f"an integer {numbers}"
        return one + (f", or one for each of {self.per}" if self.per else "") + (", or none" if self.optional else "")

    def check(self, name: str, config: Any) -> Any:
        """The value of a config's field as Python's own. Raises: ConfigError: it is not allowed."""
        value = checks.plain(getattr(config, name))
        if value is None and self.optional:
            return None
        match self.kind:
            case "image_size":
                height, width = checks.image_size(value)
                return height if height == width else (height, width)
            case "boolean":
                return checks.boolean(name, value)
            case "choice":
                return checks.choice(name, value, self.choices)
            case "number":
                ends = {"open_low": self.open_low, "open_high": self.open_high}
                if lengths := self._lengths(config, value):
                    return checks.numbers(name, value, lengths, self.low, self.high, **ends)
                return checks.number(name, value, self.low, self.high, **ends)
        low, high, lengths = int(self.low), int(self.high), self._lengths(config, value)
        return checks.integers(name, value, low, high, lengths) if lengths else checks.integer(name, value, low, high)

    def _lengths(self, config: Any, value: Any) -> range | None:
        """How long the value may be as a sequence; None where it is one number."""
        if self.per and isinstance(value, (tuple, list)):
            count = len(getattr(config, self.per))
            return range(count, count + 1)
        return self.lengths


def _declare(default: Any, label: str, help: str, kind: Any, **more: Any) -> Any:
    return field(default=default, metadata={Field: Field(label=label, help=help, kind=kind, **more)})


def integer(default: Any, label: str, help: str, *, slider: int | None = None, **more: Any) -> Any:
    """A field of one whole number; `slider` is the upper end of an editor's slider."""
    return _declare(default, label, help, "integer", slider=slider and (more.get("low", 1), slider), **more)


def integers(default: Any, label: str, help: str, **more: Any) -> Any:
    """A field of whole numbers: `lengths` of them, or one for each of the sequence `per`, or one for all of that."""
    return _declare(default, label, help, "integer", **more)


def number(default: float, label: str, help: str, **more: Any) -> Any:
    """A field of one number from `low` to `high`."""
    return _declare(default, label, help, "number", **more)


def share(default: float, label: str, help: str, **more: Any) -> Any:
    """A field of one number from 0 to 1."""
    return number(default, label, help, low=0, high=1, step=0.05, **more)


def numbers(default: Any, label: str, help: str, **more: Any) -> Any:
    """A field of numbers from `low` to `high`: `lengths` of them, or one for each of the sequence `per`, or for all."""
    return _declare(default, label, help, "number", **more)


def one_for_each(value: Any, sequence: Sized) -> tuple[Any, ...]:
    """The numbers of a field that is `per` a sequence, where one may stand for all."""
    return value if isinstance(value, tuple) else (value,) * len(sequence)


def choice(default: str, label: str, help: str, *choices: str, **more: Any) -> Any:
    """A field of one word of several."""
    return _declare(default, label, help, "choice", choices=choices, **more)


def boolean(label: str, help: str, *, default: bool = False, **more: Any) -> Any:
    """A field that is False unless it is set, or unless its default says otherwise."""
    return _declare(default, label, help, "boolean", **more)


def sides(default: int | Pair, label: str, help: str, **more: Any) -> Any:
    """A field of an image's side, or of its height and width."""
    return _declare(default, label, help, "image_size", high=checks.MAX_IMAGE_SIDE, step=32, **more)


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A record whose fields are checked by what they declare, and kept as Python's own values.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    def __post_init__(self) -> None:
        for name, each in sorted(declared(type(self)).items(), key=lambda item: bool(item[1].per)):
            checks.keep(self, **{name: each.check(name, self)})
        self.check_together()

    def check_together(self) -> None:
        """What no field can tell alone. Raises: ConfigError: the values do not go together."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Declared):
    """An image classifier: what it takes and what it tells apart; each family adds what it is made of.

    Raises:
        ConfigError: a field holds a value that is not allowed.
    """

    family: ClassVar[str]

    #: The size that the network was made for.
    image_size: int | tuple[int, int] = sides(
        224,
        "Own image size",
        "Side in pixels that the network is made for; used while the sidebar says own.",
        structural=True,
    )
    num_classes: int = integer(1000, "Classes", "Outputs of the classifier.", high=100_000)
    in_channels: int = integer(3, "Image channels", "3 for colour, 1 for grey.")
    drop_rate: float = share(
        0.0, "Dropout", "Probability, in training; inference has none.", slider=(0.0, 0.95), open_high=True
    )
    #: Whether training keeps no concatenation, BN or ReLU output, but makes them again (docs/memory.md): same results.
    memory_efficient: bool = boolean("Recompute in training", "Concatenation, BN and ReLU: docs/memory.md.")


def declared(config_type: Any) -> dict[str, Field]:
    """The declarations of a config's fields, the family's own first; a default that is set anew keeps them.

    >>> declared(NetworkConfig)["num_classes"].label
    'Classes'
    """
    return _declared(config_type)


@cache
def _declared(config_type: Any) -> dict[str, Field]:
    owners = filter(is_dataclass, reversed(config_type.__mro__))
    found = {each.name: each.metadata[Field] for owner in owners for each in fields(owner) if Field in each.metadata}
    common = [each.name for each in fields(NetworkConfig)]
    return {
        each.name: found[each.name]
        for each in sorted(fields(config_type), key=lambda each: each.name in common)
        if each.name in found
    }
