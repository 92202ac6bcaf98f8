"""Every architecture by name, and the way from a name to its config."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from typing import Any

from archs import checks
from archs.config import NetworkConfig
from archs.errors import ConfigError, UnknownArchError, UnknownFieldError
from archs.family import Family


@dataclass(frozen=True)
class ArchSpec:
    """One registered architecture."""

    name: str
    config: NetworkConfig
    #: The paper or repository that defines it.
    source: str
    #: The depth in its published name, None where the name has none.
    named_depth: int | None


#: Far longer than any name; patterns that are looked for are kept.
MAX_PATTERN = 200

_FAMILIES: dict[str, Family] = {}
_ARCHS: dict[str, ArchSpec] = {}


def register_family(family: Family) -> Family:
    """Add a family. Raises: ValueError: the name is taken."""
    if family.name in _FAMILIES:
        raise ValueError(f"The family {family.name!r} is already registered.")
    return _FAMILIES.setdefault(family.name, family)


def register_arch(name: str, config: NetworkConfig, *, source: str, named_depth: int | None = None) -> ArchSpec:
    """Add an architecture. Raises: ValueError: the name is taken."""
    if name in _ARCHS:
        raise ValueError(f"The architecture {name!r} is already registered.")
    return _ARCHS.setdefault(name, ArchSpec(name, config, source, named_depth))


def list_families() -> list[str]:
    """Names of the families, in the order of their papers."""
    return list(_FAMILIES)


def get_family(name: str) -> Family:
    """The family of that name. Raises: ConfigError: there is none."""
    return _FAMILIES[checks.choice("family", name, tuple(_FAMILIES))]


def search_spaces() -> dict[str, tuple[str, Mapping[str, Iterable[Any]]]]:
    """The spaces of all families by name: a registered network, and what is left open of it."""
    return {name: space for family in _FAMILIES.values() for name, space in family.searching.spaces.items()}


def list_archs(pattern: str = "*", family: str | None = None) -> list[str]:
    """Registered names that match a shell pattern, by family and in natural order.

    >>> list_archs("densenet1?1")
    ['densenet121', 'densenet161']
    """
    pattern = checks.text("pattern", pattern, MAX_PATTERN)
    wanted = list(_FAMILIES) if family is None else [get_family(family).name]
    names = [name for name, spec in _ARCHS.items() if fnmatchcase(name, pattern) and spec.config.family in wanted]
    return sorted(names, key=_by_family_and_number)


def is_registered(name: object) -> bool:
    """Whether a network is registered under that name."""
    return isinstance(name, str) and name in _ARCHS


def _by_family_and_number(name: str) -> tuple[int, list[tuple[int, str]]]:
    parts = [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]
    return list(_FAMILIES).index(_ARCHS[name].config.family), parts


def get_spec(name: str) -> ArchSpec:
    """What is registered under a name. Raises: UnknownArchError: nothing is; it names the nearest three."""
    if (found := _ARCHS.get(checks.word(name) or "")) is None:
        raise UnknownArchError(name, _ARCHS)
    return found


def get_config(name: str, /, **overrides: Any) -> Any:
    """The config of a registered architecture, with some fields changed.

    >>> get_config("densenet121", growth_rate=24).growth_rate
    24

    Raises:
        UnknownArchError: no such name.
        UnknownFieldError: an override is not a field of the config.
        ConfigError: an override's value is not allowed.
    """
    return override(get_spec(name).config, **overrides)


def override(config: Any, /, **overrides: Any) -> Any:
    """`dataclasses.replace` that answers an unknown field with one clear sentence."""
    known = [field.name for field in fields(config)]
    for field in overrides:
        if field not in known:
            raise UnknownFieldError(field, type(config).__name__, known)
    return replace(config, **overrides) if overrides else config


def recomputes(config: NetworkConfig) -> bool:
    """Whether networks like the config's can be `memory_efficient`."""
    training = get_family(config.family).training
    return training.recompute is not None and not training.plainly(config)


def check_recomputes(config: Any) -> Any:
    """The config. Raises: ConfigError: it is `memory_efficient`, which its like cannot be."""
    if config.memory_efficient and not recomputes(config):
        family = get_family(config.family)
        modules = family.training.plainly(config) or f"the modules of {family.title}"
        allowed = f"False: {modules} make nothing again in the backward pass"
        raise ConfigError("memory_efficient", True, allowed)
    return config


def is_config(value: object) -> bool:
    """Whether a value is the config of some family."""
    return isinstance(value, NetworkConfig)
