"""A detector with a name, in JSON: as the record of a training keeps it, and as it stands beside weights.

{"schema": 1, "name": "small", "detector": "fcos", "config": {"num_classes": 11},
 "backbone": {"schema": 1, "name": "peleenet", "family": "peleenet", "config": {}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from archs.described import described_file, is_described, read_description
from archs.design import SCHEMA, Design, DesignError, parse_design
from archs.errors import UnknownFieldError, UnknownNameError, WeightsError, require
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


def described_detector(value: str | PathLike[str]) -> DetectorDesign | None:
    """The detector that weights are of: "run:NAME" or a .safetensors file; None where they are of something else.

    Raises: WeightsError, UnknownNameError: there are no such weights; as `parse_detector`.
    """
    if not is_described(value):
        return None
    text = read_description(described_file(value)).get(KEY)
    return parse_detector(text, str(fspath(value))) if text else None


def detector_weights(tensors: Mapping[str, Any], design: DetectorDesign, **more: str) -> bytes:
    """The content of a .safetensors file with the weights of a detector and what it is, and `more`."""
    safetensors = require("safetensors.torch", "Writing a .safetensors file")
    state = {key: tensor.contiguous() for key, tensor in tensors.items()}
    description = {"format": "pt", "name": design.name, KEY: design.to_json(), **more}
    content: bytes = safetensors.save(state, description)
    return content


def load_detector_weights(detector: Any, path: Path, shown: str) -> str:
    """Fill a detector from a file of one; what was loaded, in a sentence.

    Tensors that other classes make differ, at the end of a head, keep their initialisation.

    Raises: WeightsError: it is of another kind of detector or of another backbone; the detector is unchanged.
    """
    found = require("safetensors.torch", "Reading a .safetensors file").load_file(path)
    own = detector.state_dict()
    if found.keys() != own.keys():
        odd = sorted(found.keys() ^ own.keys())
        raise WeightsError(
            f"{shown} is of another detector or backbone: {len(odd)} tensors differ, such as {odd[0]!r}."
        )
    anew = [key for key in own if own[key].shape != found[key].shape]
    if strange := [key for key in anew if own[key].shape[1:] != found[key].shape[1:] or key.startswith("backbone.")]:
        raise WeightsError(f"{shown} is of another detector or backbone: {strange[0]!r} has another shape.")
    detector.load_state_dict({key: value for key, value in found.items() if key not in anew}, strict=False)
    rest = f"; {', '.join(anew)} not loaded, for other classes" if anew else ""
    return f"{len(own) - len(anew)} tensors loaded from {shown}, weights of a detector{rest}."
