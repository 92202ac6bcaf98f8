"""What PyTorch's autograd saves of an operation for the backward pass: the rules, each a pure function of a layer.

All parameters learn. What a network computes of its weights alone, such as standardised weights, is not followed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

from archs.layer import CONSTANT, Layer

#: Bytes of one index, an int64: where a maximum was, which channel is meant.
INDEX_BYTES = 8


def _nothing(_: Layer) -> Sequence[str]:
    return ()


def _inputs(layer: Layer) -> Sequence[str]:
    """Names of the tensors that a layer reads, weights and constants aside."""
    return tuple([tensor for tensor in layer.inputs if tensor != CONSTANT])


def _output(layer: Layer) -> Sequence[str]:
    return (layer.name,)


def _factors(layer: Layer) -> Sequence[str]:
    """Each factor is saved for the gradient of the other, if that has one."""
    inputs = _inputs(layer)
    return inputs if len(inputs) > 1 or _learns(layer) else ()


def _learns(layer: Layer) -> bool:
    """Whether one factor of a product is a parameter, such as the scale of a residual branch."""
    return layer.extra_params > 0


def _statistics(layer: Layer, element_bytes: int) -> int:
    """Mean and inverse standard deviation of the batch, one of each a channel."""
    return 2 * element_bytes * layer.output_shape[1]


def _row_statistics(layer: Layer, element_bytes: int) -> int:
    """Mean and inverse standard deviation, one of each a row of the last axis."""
    return 2 * element_bytes * prod(layer.output_shape[:-1])


def _group_statistics(layer: Layer, element_bytes: int) -> int:
    """Mean and inverse standard deviation, one of each a group of channels of each image."""
    return 2 * element_bytes * layer.output_shape[0] * layer.groups


def _boxes(layer: Layer, element_bytes: int) -> int:
    """An image's number and four sides of each box."""
    return 5 * element_bytes * layer.output_shape[0]


def _places(layer: Layer, _: int) -> int:
    """Where each box's maps were written."""
    return INDEX_BYTES * layer.input_shapes[0][0]


def _indices(layer: Layer, _: int) -> int:
    """Where each maximum was."""
    return INDEX_BYTES * prod(layer.output_shape)


def _mask(layer: Layer, element_bytes: int) -> int:
    """What each element is multiplied with (CPU; CUDA's fused kernel keeps a byte an element)."""
    return element_bytes * prod(layer.output_shape)


def _channel_mask(layer: Layer, element_bytes: int) -> int:
    """What each channel of each image is multiplied with."""
    return element_bytes * prod(layer.output_shape[:2])


def _constant_factor(layer: Layer, element_bytes: int) -> int:
    """A factor that neither learns nor comes from the image, such as the mask of a stochastic depth."""
    if _learns(layer):
        return 0
    tensors = zip(layer.inputs, layer.input_shapes, strict=True)
    return element_bytes * sum([prod(shape) for tensor, shape in tensors if tensor == CONSTANT])


class SavedRule(NamedTuple):
    """What one op saves; weights are not listed, they are there anyway."""

    #: Names of the tensors.
    tensors: Callable[[Layer], Sequence[str]] = _nothing
    #: Their kind, unless the layer that made them tells more.
    kind: str = ""
    #: What else is saved, with its kind: bytes of a layer at so many bytes an element.
    extra_kind: str = ""
    extra_bytes: Callable[[Layer, int], int] = lambda layer, element_bytes: 0
    #: The kind of what the op itself makes, whichever layer saves it; empty where that layer's rule says it.
    made_kind: str = ""


NOTHING = SavedRule()
CONCAT = SavedRule(made_kind="concat copy")
RELU = SavedRule(_output, made_kind="ReLU output")
CONV = SavedRule(_inputs, "conv input")
LINEAR = SavedRule(_inputs, "linear input")
BATCH_NORM = SavedRule(_inputs, "BN input", "BN statistics", _statistics)
LAYER_NORM = SavedRule(_inputs, "LN input", "LN statistics", _row_statistics)
GROUP_NORM = SavedRule(_inputs, "GN input", "GN statistics", _group_statistics)
ACTIVATION_INPUT = SavedRule(_inputs, "activation input")
ACTIVATION_OUTPUT = SavedRule(_output, "activation output")
POOLING = SavedRule(_inputs, "pooling input")
MAX_POOLING = SavedRule(_inputs, "pooling input", "pooling index", _indices)
BOXES = SavedRule(extra_kind="boxes", extra_bytes=_boxes)
PLACES = SavedRule(extra_kind="boxes", extra_bytes=_places)
PRODUCT = SavedRule(_factors, "product operand", "product operand", _constant_factor)
DROPOUT = SavedRule(extra_kind="dropout mask", extra_bytes=_mask)
FEATURE_DROPOUT = SavedRule(extra_kind="dropout mask", extra_bytes=_channel_mask)
