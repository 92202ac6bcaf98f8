"""Chains as records: networks in a row, each one change away from the one before it, and who argues for it."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from analysis.facts import DATA
from analysis.targets import Target, resolve_target
from archs import checks
from archs.config import declared
from archs.design import changes
from archs.errors import ConfigError, DenseScopeError, abbreviate, nearest_names
from archs.registry import get_config, get_family, list_archs, override


class UnknownChainError(DenseScopeError, KeyError):
    """No chain has that name."""

    def __init__(self, name: object) -> None:
        nearest = nearest_names(name, (*list_chains(), *list_archs()))
        super().__init__(
            f"There is no chain {abbreviate(name)}; the nearest names of chains and networks are {nearest}."
        )


@dataclass(frozen=True)
class Step:
    """One network of a chain."""

    title: str
    #: A config, or whatever else `analysis.summarize` takes.
    network: Any
    #: Why the step is taken; what the change is where it is more than one field.
    argument: str = ""
    #: What a source measured of this very network, in the chain's metric.
    measured: float | None = None

    @property
    def target(self) -> Target:
        """The network, by its title."""
        found = resolve_target(self.network)
        return found if found.module else Target(self.title, found.config)

    @property
    def registered(self) -> str:
        """The name under which exactly this network is registered, if any."""
        config = self.target.config
        return "" if config is None else _registered().get(config, "")


@dataclass(frozen=True)
class Chain:
    """Networks in a row."""

    name: str
    title: str
    steps: tuple[Step, ...]
    #: Where the changes are argued for.
    source: str = ""
    #: What the steps' `measured` is, in percent, and who measured it.
    metric: str = ""
    measured_by: str = ""


@cache
def _registered() -> dict[Any, str]:
    """The first registered name of each config."""
    return {get_config(name): name for name in reversed(list_archs())}


#: More fields than these are better told by names.
MOST_FIELDS = 3


def change_words(before: Step, after: Step) -> str:
    """What changes from one step to the next: fields by their labels, or the family, or the network.

    >>> plain, bottlenecks, *_ = get_chain("densenet100-bc").steps
    >>> change_words(plain, bottlenecks)
    'Bottleneck width: none → 4'
    """
    one, other = before.target.config, after.target.config
    if one is None or other is None:
        return f"{before.title} → {after.title}"
    if one.family != other.family:
        return f"{get_family(one.family).title} → {get_family(other.family).title}"
    changed, labels = changes(one, other), declared(type(one))
    if len(changed) > MOST_FIELDS:
        return f"{before.title} → {after.title}"
    return "; ".join(
        f"{labels[field].label}: {_written(getattr(one, field))} → {_written(value)}"
        for field, value in changed.items()
    )


def _written(value: Any) -> str:
    """A field's value, as a sentence has it.

    >>> _written((6, 12)), _written(None), _written(True), _written(1.0), _written("two_way")
    ('6, 12', 'none', 'yes', '1', 'two way')
    """
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return {"None": "none", "True": "yes", "False": "no"}.get(str(value), str(value).replace("_", " "))


def is_one_change(before: Step, after: Step) -> bool:
    """Whether two steps differ in one field, or a sentence says why their difference is one change."""
    one, other = before.target.config, after.target.config
    if one is not None and type(one) is type(other) and len(changes(one, other)) == 1:
        return True
    return one != other and bool(after.argument)


def list_chains() -> list[str]:
    """Names of the shipped chains, in the order of the story."""
    return list(_shipped())


def get_chain(*names: Any) -> Chain:
    """The shipped chain of a name, or any networks in a row.

    >>> get_chain("vovnet39-ese").title
    'VoVNet-39 to VoVNetV2-39'
    >>> [step.title for step in get_chain("densenet121", "densenet169").steps]
    ['densenet121', 'densenet169']

    Raises:
        UnknownChainError: no chain has the one name that is given; it names the nearest three.
        DenseScopeError: a network that is unknown or cannot be analysed.
    """
    if len(names) > 1:
        targets = [resolve_target(name) for name in names]
        steps = tuple(Step(one.name, one if one.module else one.config) for one in targets)
        return Chain(" ".join(step.title for step in steps), f"{steps[0].title} to {steps[-1].title}", steps)
    [given] = names or [""]
    name = checks.word(given)
    if name in _shipped():
        return _shipped()[name]
    if name in list_archs():
        raise ConfigError("chain", name, "a chain's name, or two networks or more")
    raise UnknownChainError(given)


@cache
def _shipped() -> dict[str, Chain]:
    with (DATA / "chains.toml").open("rb") as file:
        records = tomllib.load(file)
    return {name: Chain(name, **record | {"steps": _steps(record["steps"])}) for name, record in records.items()}


def _steps(records: Sequence[dict[str, Any]]) -> tuple[Step, ...]:
    """Steps of a file: each goes on from a registered network, or from the step before it."""
    steps: list[Step] = []
    for record in records:
        record = dict(record)
        name, fields = record.pop("network", None), record.pop("fields", {})
        base = get_config(name) if name else steps[-1].network
        optional = {field for field, known in declared(type(base)).items() if known.optional}
        fields |= {field: None for field in optional if fields.get(field) == "none"}  # TOML has no word for it
        steps.append(Step(network=override(base, **fields), **record))
    return tuple(steps)
