"""A detector with a name, in JSON: as the record of a training keeps it, and as it stands beside weights.

{"schema": 1, "name": "small", "detector": "fcos", "config": {"num_classes": 11},
 "backbone": {"schema": 1, "name": "peleenet", "family": "peleenet", "config": {}}}
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from archs.design import SCHEMA, Design, DesignError, parse_design
from archs.errors import UnknownFieldError, UnknownNameError
from detectors.config import DetectorConfig
from detectors.kinds import KINDS

#: What such JSON has and that of a network doesn't; beside weights it is all of it.
KEY = "detector"


@dataclass(frozen=True)
class DetectorDesign:
    """The config of a detector, with a name."""

    name: str
    config: DetectorConfig

    def to_json(self) -> str:
        """The text of its record, with all fields of both configs."""
        backbone = Design(self.config.backbone.family, self.config.backbone)
        own = {name: value for name, value in asdict(self.config).items() if name != "backbone"}
        head = {"schema": SCHEMA, "name": self.name, KEY: self.config.kind, "config": own}
        return json.dumps(head | {"backbone": json.loads(backbone.to_json())}, indent=2, ensure_ascii=False) + "\n"


def parse_detector(content: str, source: str) -> DetectorDesign:
    """The detector that such a text describes; `source` is what a sentence calls it.

    Raises: DesignError, ConfigError, UnknownNameError, UnknownFieldError: one sentence says what is wrong.
    """
    try:
        values = json.loads(content)
        name, kind, config, backbone = (values[key] for key in ("name", KEY, "config", "backbone"))
        known = [field.name for field in fields(KINDS[kind].config_type)] if kind in KINDS else []
        unknown = [field for field in config if field not in known]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DesignError(f"What {source!r} says of its detector is damaged.") from None
    if kind not in KINDS:
        raise UnknownNameError("detector", kind, KINDS)
    if unknown:
        raise UnknownFieldError(unknown[0], KINDS[kind].config_type.__name__, known)
    own: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    made: Any = KINDS[kind].config_type(backbone=parse_design(json.dumps(backbone), source).config, **own)
    return DetectorDesign(name, made)
