"""Dropout's masks: layers are those of inference, so what only training does is told by config and module."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from analysis.memory.saved import Saved
from analysis.summary import Summary
from analysis.targets import Target
from archs.errors import ConfigError
from archs.layer import Layer

#: Classes of modules that drop something in training, by the beginning of their name, and where they say how much.
_DROPPING = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "DropPath", "DropBlock", "StochasticDepth")
_RATES = ("p", "drop_prob")


def dropout_masks(summary: Summary, element_bytes: int) -> Iterator[Saved]:
    """One mask an application of dropout, as wide as the tensor on CPUs (CUDA's fused kernel keeps a byte an element).

    Raises: ConfigError: what a module drops is not known; recomputation is not known either.
    """
    config = summary.target.config
    if config is None:
        _check_drops_nothing(summary.target)
    for owner in (config, summary.target.module):
        if getattr(owner, "memory_efficient", False):
            raise ConfigError("memory_efficient", True, "False: only plain training is accounted for")
    if getattr(config, "drop_rate", 0):
        for layer in (cost.layer for cost in summary.layers):
            if shape := _dropped(config.family, layer):
                yield Saved(layer.name, layer.name, layer.stage, "dropout mask", element_bytes * prod(shape))


def _dropped(family: str, layer: Layer) -> tuple[int, ...]:
    """Shape of what is dropped beside a layer: the new features of a dense layer; elsewhere the classifier's input."""
    if family == "densenet":
        is_last = layer.op == "conv2d" and layer.kernel == (3, 3) and layer.stage.startswith("dense block")
        return layer.output_shape if is_last else ()
    return layer.input_shapes[0] if layer.op == "linear" else ()


def _check_drops_nothing(target: Target) -> None:
    for part in target.without_weights().modules():
        name = type(part).__name__
        rates = [getattr(part, rate, 0) for rate in _RATES]
        if name.startswith(_DROPPING) and any(rates):
            raise ConfigError(f"{name} of {target.name}", max(map(float, rates)), "0: its masks cannot be followed")
