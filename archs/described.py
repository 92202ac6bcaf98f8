"""Weights that stand alone: files that say, beside the tensors, which network they are of.

Such is what `cli.py export` writes and what a training run keeps: a .safetensors file with name, family and config as
metadata. Reading that needs no torch: it stands at the beginning of the file, before the tensors.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from archs import checks, files
from archs.design import MAX_NAME, SCHEMA, Design, parse_design
from archs.errors import ExportError, WeightsError, require
from archs.kept import is_run, weights_of_run

ENDING = ".safetensors"
#: Bytes of the number that a file begins with: the length of its header.
_LENGTH = 8
#: Far more than the names and shapes of a network take; the format itself allows twelve times as much.
_LONGEST = 8 * 1024 * 1024


#: Of weights, and of one tensor when they are tried: as much as protobuf, of which ONNX files are made, can hold.
MAX_EXPORTED = 2 * 1024**3


def is_described(value: object) -> bool:
    """Whether a value asks for the network that weights are of: "run:NAME", or a .safetensors file."""
    if is_run(value):
        return True
    return isinstance(value, (str, PathLike)) and str(checks.path("target", value)).lower().endswith(ENDING)


def described_file(value: str | PathLike[str]) -> Path:
    """The file that such a value stands for. Raises: as `archs.kept.weights_of_run`."""
    return weights_of_run(value) if is_run(value) else checks.path("weights", value)


def described_network(value: str | PathLike[str]) -> Design:
    """The network that weights are of, by what stands beside them.

    Raises:
        ConfigError, UnknownNameError, WeightsError: there are no such weights, or nothing beside them.
        DesignError, ConfigError, UnknownFieldError: what stands beside them is no network.
    """
    path, shown = described_file(value), str(fspath(value))
    found = read_description(path)
    if "detector" in found:
        raise WeightsError(
            f"{shown!r} holds the weights of a detector, {found.get('name', '')}, and stands for no network: "
            "give a network's name, and this as weights."
        )
    if "config" not in found or "family" not in found:
        raise WeightsError(f"{shown!r} does not say which network it is of: give the name, and the file as weights.")
    try:
        config = json.loads(found["config"])
    except (ValueError, RecursionError):
        raise WeightsError(f"{shown!r} does not say which network it is of: its config is damaged.") from None
    name = found.get("name") or Path(path).stem[:MAX_NAME]
    content = {"schema": SCHEMA, "name": name, "family": found["family"], "config": config}
    return parse_design(json.dumps(content), shown)


def read_description(path: Path) -> Mapping[str, str]:
    """What stands beside the tensors of a .safetensors file; empty where nothing does.

    Raises: WeightsError: the file cannot be read.
    """
    try:
        with files.opened(path) as file:
            most = min(_LONGEST, os.fstat(file.fileno()).st_size)
            length = int.from_bytes(file.read(_LENGTH), "little")
            header = json.loads(file.read(length)) if length <= most else None
    except OSError as error:
        raise WeightsError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise WeightsError(f"{str(path)!r} is truncated, damaged, or no .safetensors file.")
    beside = header.get("__metadata__")
    return {key: text for key, text in beside.items() if isinstance(text, str)} if isinstance(beside, dict) else {}


def description(config: Any, name: str, **more: str) -> dict[str, str]:
    """What is written beside the weights of a network: its name, family and config, and `more`."""
    return {"format": "pt", "name": name, "family": config.family, "config": json.dumps(asdict(config)), **more}


def check_bytes(what: str, count: int) -> None:
    """Raises: ExportError: so many bytes are more than a network may hold that is exported."""
    if count > MAX_EXPORTED:
        allowed = f"{MAX_EXPORTED / 1e9:.1f} GB, which an ONNX file cannot exceed and several copies fit into memory"
        raise ExportError(f"{what} {count / 1e9:,.1f} GB; a network may be exported with at most {allowed}.")


def described_weights(tensors: Mapping[str, Any], config: Any, name: str, **more: str) -> bytes:
    """The content of a .safetensors file with the weights of a network and its `description`."""
    safetensors = require("safetensors.torch", "Writing a .safetensors file")
    state = {key: tensor.contiguous() for key, tensor in tensors.items()}
    content: bytes = safetensors.save(state, description(config, name, **more))
    return content
