"""From a detector's name or config to its layers, without torch, and to its `nn.Module`."""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from archs.errors import require
from archs.layer import Layer, Pair
from archs.planning import walk
from detectors.kinds import KINDS, resolve_detector
from detectors.weights import Weights, described_detector, load_detector_weights

if TYPE_CHECKING:
    from torch import nn


def plan_detector(detector: Any, image_size: int | Pair | None = None, batch_size: int = 1) -> list[Layer]:
    """The layers of a detector in execution order, without torch.

    Args:
        detector: "KIND/NETWORK", or a config.
        image_size: side or (h, w) of what reaches the backbone, in pixels; None for the config's own.
        batch_size: N of the input (N, C, H, W).

    Raises:
        UnknownArchError: no such name.
        ConfigError: a size is not allowed, or the image does not suit the strides.
    """
    config = resolve_detector(detector)
    return walk(KINDS[config.kind].plan, config, image_size, batch_size)


def create_detector(
    detector: Any, *, weights: Weights | None = None, device: str | None = None, **overrides: Any
) -> nn.Module:
    """The `nn.Module` of a detector: torchvision's, around a backbone of the registry, with fresh or given weights.

    >>> create_detector("fcos/peleenet", num_classes=11).config.num_classes  # doctest: +SKIP
    11

    Args:
        detector: "KIND/NETWORK" or a config; or "run:NAME" or a .safetensors file, whose weights it then has.
        weights: of a detector, or of a classifier for its backbone, as in `archs.create_model`; None to initialise
            them. What was loaded, and what was not and why, is the module's `weights_report`, a sentence.
        device: where to put the weights; None for torch's default, "meta" for none at all.
        overrides: fields to change, of the detector or of its backbone.

    Raises:
        UnknownArchError, UnknownFieldError, ConfigError: as `resolve_detector`.
        MissingPackageError: torch or torchvision is not installed.
        WeightsError: the weights cannot be found or read, or fit neither the detector nor its backbone.
    """
    if design := described_detector(detector):
        detector, weights = design.config, weights or detector
    config = resolve_detector(detector, **overrides)
    torch = require("torch", "Building a detector")
    require("torchvision", "Building a detector")
    path, _, name = KINDS[config.kind].module.partition(":")
    with torch.device(device) if device else nullcontext():
        module: Any = getattr(import_module(path), name)(config)
    if weights:
        module.weights_report = load_detector_weights(module, weights)
    return module
