"""From a detector's name or config to its layers, without torch, and to its `nn.Module`."""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from archs.errors import require
from archs.layer import Layer, Pair
from archs.planning import walk
from detectors.kinds import KINDS, resolve_detector

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


def create_detector(detector: Any, *, device: str | None = None, **overrides: Any) -> nn.Module:
    """The `nn.Module` of a detector, freshly initialised: torchvision's, around a backbone of the registry.

    >>> create_detector("fcos/peleenet", num_classes=11).config.num_classes  # doctest: +SKIP
    11

    Args:
        detector: "KIND/NETWORK", or a config.
        device: where to put the weights; None for torch's default, "meta" for none at all.
        overrides: fields to change, of the detector or of its backbone.

    Raises:
        UnknownArchError, UnknownFieldError, ConfigError: as `resolve_detector`.
        MissingPackageError: torch or torchvision is not installed.
    """
    config = resolve_detector(detector, **overrides)
    torch = require("torch", "Building a detector")
    require("torchvision", "Building a detector")
    path, _, name = KINDS[config.kind].module.partition(":")
    with torch.device(device) if device else nullcontext():
        module: nn.Module = getattr(import_module(path), name)(config)
    return module
