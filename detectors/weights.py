"""Weights of detectors: files that say what they are of, and those of classifiers, which fill the backbone alone."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any

from archs.create import create_model
from archs.described import described_file, is_described, read_description
from archs.errors import WeightsError, require
from detectors.design import KEY, DetectorDesign, parse_detector

Weights = str | PathLike[str]


def described_detector(value: object) -> DetectorDesign | None:
    """The detector that weights are of, "run:NAME" or a .safetensors file; None where they are of something else.

    Raises: WeightsError, UnknownNameError: there are no such weights; as `detectors.design.parse_detector`.
    """
    if not (isinstance(value, (str, PathLike)) and is_described(value)):
        return None
    text = read_description(described_file(value)).get(KEY)
    return parse_detector(text, str(fspath(value))) if text else None


def detector_weights(tensors: Mapping[str, Any], design: DetectorDesign, **more: str) -> bytes:
    """The content of a .safetensors file with the weights of a detector, what it is, and `more`."""
    safetensors = require("safetensors.torch", "Writing a .safetensors file")
    state = {key: tensor.contiguous() for key, tensor in tensors.items()}
    description = {"format": "pt", "name": design.name, KEY: design.to_json(), **more}
    content: bytes = safetensors.save(state, description)
    return content


def load_detector_weights(detector: Any, weights: Weights) -> str:
    """Fill a detector from a file of one, or its backbone from a classifier's; what was loaded, in a sentence.

    Raises: WeightsError: they fit neither; the detector is unchanged.
    """
    if described_detector(weights):
        return _load_all(detector, weights)
    from archs.weights import load_weights

    whole = create_model(detector.config.backbone)
    return str(load_weights(detector.backbone.body, weights, whole.state_dict()))


def _load_all(detector: Any, weights: Weights) -> str:
    """As `load_detector_weights`; what other classes make different, at the end of a head, keeps its initialisation."""
    shown = str(fspath(weights))
    found = require("safetensors.torch", "Reading a .safetensors file").load_file(described_file(weights))
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
