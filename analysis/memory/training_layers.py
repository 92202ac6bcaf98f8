"""The layers that run in training: with dropout, and with the boxes that second stages learn of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from analysis.summary import Summary
from archs.layer import Layer
from archs.registry import get_family
from detectors import plan_detector

if TYPE_CHECKING:
    from torch import nn


def training_layers(summary: Summary) -> tuple[Layer, ...]:
    """The layers that run in training, in execution order: a config's by rule, a module's by a trace of their own."""
    target = summary.target
    if target.best_route == "plan":
        layers = [cost.layer for cost in summary.layers]
        if target.detector and target.detector.in_training != target.detector:
            layers = plan_detector(target.detector.in_training, summary.image_size, summary.batch_size)
        drops, network = get_family(target.network.family).training.drops, target.network
        drops_any = network.drop_rate and (drops or target.detector is None)
        return tuple(_with_dropout(layers, drops) if drops_any else layers)
    return tuple(target.trace(summary.image_size, summary.batch_size, training=True).layers)


def frozen_norms(module: nn.Module) -> frozenset[str]:
    """Names of the batch norms that a module in training leaves in evaluation: they keep their statistics."""
    return frozenset(name for name, part in module.named_modules() if module.training and not part.training)


def _with_dropout(layers: Sequence[Layer], drops: Callable[[Layer], bool] | None) -> Iterator[Layer]:
    """Drop the outputs that the family drops, such as new features of a dense layer, or what the classifier reads."""
    renamed: dict[str, str] = {}
    for before in layers:
        layer = before._replace(inputs=tuple([renamed.get(name, name) for name in before.inputs]))
        if drops is None and before is layers[-1]:
            dropout = _dropout(layer, layer.inputs[0], layer.input_shapes[0])
            yield dropout
            layer = layer._replace(inputs=(dropout.name,))
        yield layer
        if drops and drops(layer):
            dropout = _dropout(layer, layer.name, layer.output_shape)
            renamed[layer.name] = dropout.name
            yield dropout


def _dropout(beside: Layer, tensor: str, shape: tuple[int, ...]) -> Layer:
    scope, dot, _ = beside.name.rpartition(".")
    return Layer(f"{scope}{dot}dropout", "dropout", beside.stage, (tensor,), (shape,), shape)
