"""From a name or a config to the `nn.Module`, with or without weights. Only calling it imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from archs.described import is_described
from archs.errors import require
from archs.registry import get_family
from archs.resolve import resolve_config

if TYPE_CHECKING:
    from torch import nn

    from archs.backbone import Backbone
    from archs.network import Network

Weights = str | PathLike[str]


def create_model(
    arch: Any, *, weights: Weights | None = None, device: str | None = None, **overrides: Any
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
    model = _build(arch, device, overrides)
    if (weights := _weights_of(arch, weights)) is not None:
        from archs.weights import load_weights

        model.weights_report = load_weights(model, weights)
    return model


def create_backbone(
    arch: Any,
    *,
    out_indices: int | Sequence[int] | None = (0, 1, 2, 3),
    frozen_stages: int = 0,
    frozen_norm: bool = False,
    stem_tap: bool = False,
    weights: Weights | None = None,
    device: str | None = None,
    **overrides: Any,
) -> Backbone:
    """A network that returns a list of feature maps, with no head and nothing beyond the deepest tap.

    >>> create_backbone("peleenet", out_indices=(1, 2, 3)).out_channels  # doctest: +SKIP
    [256, 512, 704]

    Args:
        arch: as in `create_model`.
        out_indices: taps of the network's `feature_info`, finest first: those listed, all (None), the last n (an int).
        frozen_stages: how many rows of the paper's table that have weights stay as they are, from the stem (1) on.
        frozen_norm: whether batch norms keep their statistics, weights and biases.
        stem_tap: put the map at stride 2 in front of the others, in `out_indices` too, as timm counts.
        weights: as in `create_model`; what the backbone has no place for may be missing, and is not loaded.
        device, overrides: as in `create_model`.

    Raises:
        ConfigError: there are no such taps or stages, or no map at stride 2.
        UnknownArchError, UnknownFieldError, MissingPackageError, WeightsError: as `create_model`.
    """
    network = _build(arch, device, overrides)
    from archs.backbone import Backbone

    whole = network.state_dict()
    backbone = Backbone(network, out_indices, frozen_stages, frozen_norm, stem_tap)
    if (weights := _weights_of(arch, weights)) is not None:
        from archs.weights import load_weights

        backbone.weights_report = load_weights(backbone, weights, whole)
    return backbone


def _build(arch: Any, device: str | None, overrides: dict[str, Any]) -> Network:
    """The network, freshly initialised."""
    config = resolve_config(arch, **overrides)
    module_path, class_name = get_family(config.family).module.split(":")
    torch = require("torch", "Building a module")
    with torch.device(device) if device else nullcontext():
        network: Network = getattr(import_module(module_path), class_name)(config)
    return network


def _weights_of(arch: Any, weights: Weights | None) -> Weights | None:
    """The weights to load: those that were named, or those that the network came with."""
    return arch if weights is None and is_described(arch) else weights
