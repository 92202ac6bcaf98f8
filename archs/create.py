"""From a name or a config to the `nn.Module`, with or without weights. Only calling it imports torch."""

from __future__ import annotations

from contextlib import nullcontext
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from archs.described import is_described
from archs.errors import require
from archs.planning import resolve_config
from archs.registry import get_family

if TYPE_CHECKING:
    from torch import nn


def create_model(
    arch: Any, *, weights: str | PathLike[str] | None = None, device: str | None = None, **overrides: Any
) -> nn.Module:
    """The `nn.Module` of a registered name or a config, with freshly initialised or given weights.

    >>> create_model("densenet121", num_classes=10).classifier.out_features  # doctest: +SKIP
    10

    Args:
        arch: a registered name or a config; or "run:NAME" or a .safetensors file, whose weights it then has.
        weights: a file, "run:NAME", "timm/NAME.TAG" or "torchvision/DEFAULT" (docs/weights.md); None to initialise
            them. What was loaded, and what was not and why, is the model's `weights_report`, else None.
        device: where to put the weights; None for torch's default, "meta" for none at all.
        overrides: config fields to change.

    Raises:
        UnknownArchError, UnknownFieldError, ConfigError: as `get_config`.
        MissingPackageError: torch is not installed, or what reads the weights.
        WeightsError: the weights cannot be found, fetched, read, or fitted to the network.
    """
    config = resolve_config(arch, **overrides)
    if weights is None and is_described(arch):
        weights = arch
    module_path, class_name = get_family(config.family).module.split(":")
    torch = require("torch", "Building a module")
    with torch.device(device) if device else nullcontext():
        model = getattr(import_module(module_path), class_name)(config)
    if weights is not None:
        from archs.weights import load_weights

        model.weights_report = load_weights(model, weights)
    return model
