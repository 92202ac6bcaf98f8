"""How an operation is counted: the rules of the meter, each a pure function of a layer's shapes."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from archs.layer import Layer


class OpCost(NamedTuple):
    """What one layer costs, in scalars and elements, for the whole batch, at inference; built by keywords."""

    params: int = 0
    macs: int = 0
    elementwise_ops: int = 0
    #: Input + output + weight elements, convolution and linear layers only.
    memory_access_cost: int = 0
    #: Elements moved when the op runs as a kernel of its own: every input and weight once, every output once.
    elements_read: int = 0
    elements_written: int = 0
    #: Output elements of convolutions.
    activations: int = 0


#: The cost of a layer from its shapes.
CostRule = Callable[[Layer], OpCost]


def convolution(layer: Layer) -> OpCost:
    """MACs N·ho·wo·co·(ci/groups)·kh·kw; a bias is one elementwise addition per output element."""
    assert layer.kernel is not None
    shape, out = layer.input_shapes[0], layer.output_shape
    weights = out[1] * (shape[1] // layer.groups) * prod(layer.kernel)
    return _weighted(layer, weights, out[1], prod(shape), is_conv=True)


def transposed_convolution(layer: Layer) -> OpCost:
    """MACs N·hi·wi·ci·(co/groups)·kh·kw: the kernel is applied once per input position."""
    assert layer.kernel is not None
    cost = convolution(layer)
    weights = cost.params - (layer.output_shape[1] if layer.bias else 0)
    n, _, *sides = layer.input_shapes[0]
    return cost._replace(macs=n * prod(sides) * weights)


def linear(layer: Layer) -> OpCost:
    """MACs rows·in·out; a bias is one elementwise addition per output element."""
    shape, c_out = layer.input_shapes[0], layer.output_shape[-1]
    return _weighted(layer, shape[-1] * c_out, c_out, prod(shape), is_conv=False)


def _weighted(layer: Layer, weights: int, c_out: int, inputs: int, *, is_conv: bool) -> OpCost:
    """A layer that applies all `weights` at each position of its output."""
    outputs, bias = prod(layer.output_shape), c_out if layer.bias else 0
    positions = outputs // c_out
    return OpCost(
        params=weights + bias,
        macs=positions * weights,
        elementwise_ops=positions * bias,
        memory_access_cost=inputs + outputs + weights,
        elements_read=inputs + weights + bias,
        elements_written=outputs,
        activations=outputs if is_conv else 0,
    )


def matmul(layer: Layer) -> OpCost:
    """Product (…, m, k) × (…, k, n): MACs …·m·k·n, without weights; a matrix that is added is a bias."""
    outputs = prod(layer.output_shape)
    return _product(layer, outputs * layer.input_shapes[0][-1], operations=outputs if layer.bias else 0)


def attention(layer: Layer) -> OpCost:
    """softmax(QKᵀ)V: MACs of both products; elementwise a scaling and a softmax of every score."""
    query, key, value = layer.input_shapes[:3]
    scores = prod(query[:-1]) * key[-2]
    return _product(layer, scores * (query[-1] + value[-1]), operations=6 * scores)


def einsum(layer: Layer) -> OpCost:
    """A contraction of two tensors: MACs are kept in `kernel` by the trace, as (their number,)."""
    assert layer.kernel is not None
    return _product(layer, prod(layer.kernel))


def recurrent(layer: Layer) -> OpCost:
    """A recurrent network, or one step of it: MACs and other operations are kept in `kernel` by the trace."""
    assert layer.kernel is not None
    macs, operations = layer.kernel
    return _product(layer, macs, operations)


def _product(layer: Layer, macs: int, operations: int = 0) -> OpCost:
    moved = _elementwise(layer, operations)
    return moved._replace(macs=macs, memory_access_cost=moved.elements_read + moved.elements_written)


def batch_norm(layer: Layer) -> OpCost:
    """One multiplication and one addition per element; reads running mean and variance beside the affine pair."""
    elements, channels = prod(layer.output_shape), layer.output_shape[1]
    affine = 2 * channels if layer.bias else 0
    return OpCost(
        params=affine,
        elementwise_ops=2 * elements,
        elements_read=elements + affine + 2 * channels,
        elements_written=elements,
    )


def layer_norm(layer: Layer) -> OpCost:
    """Mean, variance and normalisation: five operations per element; two more for scale and shift."""
    return _elementwise(layer, (7 if layer.bias else 5) * prod(layer.output_shape))


def max_pool(layer: Layer) -> OpCost:
    """One comparison less than the window has places, per output element."""
    assert layer.kernel is not None
    return _elementwise(layer, prod(layer.output_shape) * (prod(layer.kernel) - 1))


def avg_pool(layer: Layer) -> OpCost:
    """As many operations per output element as the window has places: additions and one division."""
    assert layer.kernel is not None
    return _elementwise(layer, prod(layer.output_shape) * prod(layer.kernel))


def adaptive_pool(layer: Layer) -> OpCost:
    """As many operations per output element as its window has input elements; windows may overlap."""
    windows = map(_window_total, layer.input_shapes[0][2:], layer.output_shape[2:])
    return _elementwise(layer, prod(layer.output_shape[:2]) * prod(windows))


def _window_total(size: int, windows: int) -> int:
    """Summed length of the windows of an adaptive pooling: from ⌊i·size/windows⌋ to ⌈(i+1)·size/windows⌉."""
    return sum(-((i + 1) * size // -windows) - i * size // windows for i in range(windows))


def roi_align(layer: Layer) -> OpCost:
    """The mean of bilinear samples, their number in `kernel`: seven operations each, additions and one division."""
    assert layer.kernel is not None
    return _elementwise(layer, 8 * prod(layer.output_shape) * prod(layer.kernel))


def reduction(layer: Layer) -> OpCost:
    """Sums, means, maxima, global or non-overlapping pooling: one operation per input element."""
    return _elementwise(layer, prod(layer.input_shapes[0]))


def relu(layer: Layer) -> OpCost:
    """One comparison per element."""
    elements = prod(layer.output_shape)
    return OpCost(elementwise_ops=elements, elements_read=elements, elements_written=elements)


def per_output(operations: int) -> CostRule:
    """The rule of an op that computes so many operations per output element."""
    return lambda layer: _elementwise(layer, operations * prod(layer.output_shape))


def _elementwise(layer: Layer, operations: int) -> OpCost:
    return OpCost(
        elementwise_ops=operations,
        elements_read=sum(map(prod, layer.input_shapes)),
        elements_written=prod(layer.output_shape),
    )


def copy(layer: Layer) -> OpCost:
    """Elements are moved, nothing is computed."""
    return _elementwise(layer, 0)


def selection(layer: Layer) -> OpCost:
    """No arithmetic, but every element of the output is read and written once more: concatenations, selections."""
    elements = prod(layer.output_shape)
    return OpCost(elements_read=elements, elements_written=elements)


def write(layer: Layer) -> OpCost:
    """A part of a larger tensor is overwritten: no arithmetic, the part is read and written, the rest stays."""
    elements = prod(layer.input_shapes[0])
    return OpCost(elements_read=elements, elements_written=elements)


def uncounted(_: Layer) -> OpCost:
    """Stands in for an op without a rule where the caller allows it."""
    return OpCost()
