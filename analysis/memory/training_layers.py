"""The layers of training: those of inference, and what runs in training alone, such as dropout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from analysis.summary import Summary
from analysis.targets import Target
from archs.errors import ConfigError
from archs.layer import Layer

if TYPE_CHECKING:
    from torch import nn


def training_layers(summary: Summary) -> tuple[Layer, ...]:
    """The layers that run in training, in execution order: a config's by rule, a module's by a trace of their own.

    Raises: ConfigError: a module from elsewhere recomputes; what it keeps then is not known.
    """
    target = summary.target
    if target.best_route == "plan":
        layers = [cost.layer for cost in summary.layers]
        return tuple(_with_dropout(layers, target.family) if target.config.drop_rate else layers)
    module = target.without_weights()
    if target.config is None:
        _check_recomputes_nothing(module)
    from analysis.trace import trace

    channels = target.module_input.in_channels
    return tuple(trace(module, summary.image_size, summary.batch_size, channels, training=True))


def frozen_norms(target: Target) -> frozenset[str]:
    """Names of the batch norms that a module in training leaves in evaluation: they keep their statistics."""
    module = target.module
    if module is None or not module.training:
        return frozenset()
    return frozenset(name for name, part in module.named_modules() if not part.training)


def _with_dropout(layers: Iterable[Layer], family: str | None) -> Iterator[Layer]:
    """Drop the new features of every dense layer of a DenseNet; elsewhere what the classifier reads."""
    renamed: dict[str, str] = {}
    for before in layers:
        layer = before._replace(inputs=tuple([renamed.get(name, name) for name in before.inputs]))
        if family != "densenet" and layer.op == "linear":
            dropout = _dropout(layer, layer.inputs[0], layer.input_shapes[0])
            yield dropout
            layer = layer._replace(inputs=(dropout.name,))
        yield layer
        if family == "densenet" and _makes_features(layer):
            dropout = _dropout(layer, layer.name, layer.output_shape)
            renamed[layer.name] = dropout.name
            yield dropout


def _makes_features(layer: Layer) -> bool:
    return layer.op == "conv2d" and layer.kernel == (3, 3) and layer.stage.startswith("dense block")


def _dropout(beside: Layer, tensor: str, shape: tuple[int, ...]) -> Layer:
    scope, dot, _ = beside.name.rpartition(".")
    return Layer(f"{scope}{dot}dropout", "dropout", beside.stage, (tensor,), (shape,), shape)


def _check_recomputes_nothing(module: nn.Module) -> None:
    for name, part in module.named_modules():
        if getattr(part, "memory_efficient", False):
            field = f"memory_efficient of {name or type(part).__name__}"
            raise ConfigError(field, True, "False: what a module from elsewhere recomputes is not known")
