"""A network of one's own as a file: a name and a config in JSON, checked when read.

    {"schema": 1, "name": "slim", "family": "densenet", "config": {"growth_rate": 24}}

Fields that a file leaves out have the family's defaults.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from os import PathLike
from typing import Any

from archs import checks, files
from archs.config import Declared, NetworkConfig
from archs.errors import ConfigError, DenseScopeError, UnknownFieldError, abbreviate, said
from archs.registry import get_config, get_family, is_config, list_archs, list_families

#: Grows when older versions of DenseScope would misread a file.
SCHEMA = 1
#: Far more than a config takes, and little enough to read at once.
MAX_BYTES = 64 * 1024
MAX_NAME = 80
_KEYS = ("schema", "name", "family", "config")


class DesignError(DenseScopeError, ValueError):
    """A file or text that is no design."""


@dataclass(frozen=True)
class Design:
    """A config with a name."""

    name: str
    config: NetworkConfig

    def __post_init__(self) -> None:
        name = checks.word(self.name) or ""
        if not (0 < len(name) <= MAX_NAME and name.isprintable()):
            raise ConfigError("name", self.name, f"1 to {MAX_NAME} printable characters")
        if not is_config(self.config):
            raise ConfigError("config", self.config, "the config of a network")
        checks.keep(self, name=name)

    def to_json(self) -> str:
        """The text of its file, with all fields of the config."""
        return json.dumps(self._content(asdict(self.config)), indent=2, ensure_ascii=False) + "\n"

    def to_link(self) -> str:
        """The same in one short line, for a URL: only fields that differ from the family's defaults."""
        config = changes(type(self.config)(), self.config)
        return json.dumps(self._content(config), separators=(",", ":"), ensure_ascii=False)

    def _content(self, config: dict[str, Any]) -> dict[str, Any]:
        return {"schema": SCHEMA, "name": self.name, "family": self.config.family, "config": config}

    def code(self) -> str:
        """The line of Python that builds it.

        >>> Design("slim", get_config("densenet121", growth_rate=24)).code()
        "archs.create_model('densenet121', growth_rate=24)"
        """
        base, changes = nearest_arch(self.config)
        return f"archs.create_model({', '.join([repr(base), *(f'{key}={value!r}' for key, value in changes.items())])})"


def nearest_arch(config: NetworkConfig) -> tuple[str, dict[str, Any]]:
    """The registered name that a config differs least from, and the fields to change there."""
    differences = {name: changes(get_config(name), config) for name in list_archs(family=config.family)}
    return min(differences.items(), key=lambda item: len(item[1]))


def changes(base: Declared, config: Declared) -> dict[str, Any]:
    """The fields in which a config, or a recipe, differs from another of its kind, with its own values."""
    names = [field.name for field in fields(config)]
    return {name: getattr(config, name) for name in names if getattr(config, name) != getattr(base, name)}


def is_design_path(value: object) -> bool:
    """Whether a value names a design file: a path, or a string that ends in ".json"."""
    return isinstance(value, PathLike) or (checks.word(value) or "").endswith(".json")


def read_design(path: str | PathLike[str]) -> Design:
    """The design in a file. Raises: DesignError, ConfigError, UnknownFieldError: one sentence says what is wrong."""
    place = checks.path("design", path)
    try:
        content = files.read(place, MAX_BYTES)
    except OSError as error:
        raise DesignError(f"The design {_shown(str(place))} cannot be read: {error.strerror or error}.") from None
    return parse_design(content, str(place))


def parse_design(content: str | bytes, source: str = "text") -> Design:
    """The design that a text describes. Raises: as `read_design`; `source` is what the sentence calls the text."""
    shown = _shown(source)
    values = _object(content, shown)
    for key in _KEYS:
        if key not in values:
            raise DesignError(f"The design {shown} has no {key!r}: it needs {_listed(_KEYS)}.")
    for key in values:
        if key not in _KEYS:
            raise UnknownFieldError(key, f"The design {shown}", _KEYS)
    schema = checks.integer("schema", values["schema"], 1, 10**6)
    if schema > SCHEMA:
        allowed = f"reads up to {SCHEMA}: a newer one wrote it"
        raise DesignError(f"The design {shown} has schema {schema}, but this version of DenseScope {allowed}.")
    family = get_family(checks.choice("family", values["family"], tuple(list_families())))
    config = values["config"]
    if not isinstance(config, dict):
        raise ConfigError("config", config, 'an object of fields such as {"growth_rate": 24}')
    known = [field.name for field in fields(family.config_type)]
    for field in config:
        if field not in known:
            raise UnknownFieldError(field, family.config_type.__name__, known)
    return Design(values["name"], family.config_type(**config))


def _shown(source: object) -> str:
    """What sentences call a text."""
    return abbreviate(said(source), 200)


def _object(content: str | bytes, shown: str) -> dict[str, Any]:
    """The JSON object in a text; neither its size, its depth nor its numbers can hurt."""
    content = checks.plain(content)
    if type(content) not in (str, bytes):
        raise DesignError(f"The design {shown} is {abbreviate(content)}, but must be a text in JSON.")
    if len(content) > MAX_BYTES:
        raise DesignError(f"The design {shown} is longer than {MAX_BYTES // 1024} KiB, which no design is.")
    try:
        values = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise DesignError(f"The design {shown} is not valid JSON.") from None
    if not isinstance(values, dict):
        raise DesignError(
            f"The design {shown} holds {abbreviate(values)}, but must be an object with {_listed(_KEYS)}."
        )
    return values


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a key stands twice")
    return values


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
