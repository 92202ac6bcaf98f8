"""The meter: the only place where an operation or a byte is counted. One table, op -> pure function of shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import prod
from typing import NamedTuple

from archs.errors import ConfigError, UnknownOpError
from archs.layer import Layer

#: Bytes of one element.
DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int8": 1}


class OpCost(NamedTuple):
    """What one layer costs, in scalars and elements, for the whole batch, at inference."""

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


class LayerCost(NamedTuple):
    """A layer and every quantity of the meter, in the order of `analysis.quantities`."""

    layer: Layer
    params: int
    macs: int
    flops: int
    elementwise_ops: int
    memory_access_cost: int
    bytes_read: int
    bytes_written: int
    activations: int

    @property
    def bytes_moved(self) -> int:
        return self.bytes_read + self.bytes_written

    @property
    def arithmetic_intensity(self) -> float:
        """FLOPs per byte moved."""
        return self.flops / self.bytes_moved if self.bytes_moved else 0.0


def conv2d(layer: Layer) -> OpCost:
    """MACs N·ho·wo·co·(ci/groups)·kh·kw; a bias is one elementwise addition per output element."""
    assert layer.kernel is not None
    n, c_in, h, w = layer.input_shapes[0]
    _, c_out, h_out, w_out = layer.output_shape
    weights = c_out * (c_in // layer.groups) * layer.kernel[0] * layer.kernel[1]
    return _weighted(layer, weights, c_out, n * h_out * w_out, n * c_in * h * w, is_conv=True)


def linear(layer: Layer) -> OpCost:
    """MACs rows·in·out; a bias is one elementwise addition per output element."""
    shape, c_out = layer.input_shapes[0], layer.output_shape[-1]
    return _weighted(layer, shape[-1] * c_out, c_out, prod(shape[:-1]), prod(shape), is_conv=False)


def _weighted(layer: Layer, weights: int, c_out: int, positions: int, inputs: int, *, is_conv: bool) -> OpCost:
    """A layer that applies `weights` once at each of `positions`."""
    outputs, bias = positions * c_out, c_out if layer.bias else 0
    return OpCost(
        weights + bias,
        positions * weights,
        positions * bias,
        inputs + outputs + weights,
        inputs + weights + bias,
        outputs,
        outputs if is_conv else 0,
    )


def batch_norm(layer: Layer) -> OpCost:
    """One multiplication and one addition per element; reads running mean and variance beside the affine pair."""
    shape = layer.output_shape
    elements, channels = prod(shape), shape[1]
    affine = 2 * channels if layer.bias else 0
    return OpCost(affine, 0, 2 * elements, 0, elements + affine + 2 * channels, elements, 0)


def max_pool2d(layer: Layer) -> OpCost:
    """kh·kw − 1 comparisons per output element."""
    assert layer.kernel is not None
    return _elementwise(layer, prod(layer.output_shape) * (prod(layer.kernel) - 1))


def avg_pool2d(layer: Layer) -> OpCost:
    """kh·kw − 1 additions and one division per output element."""
    assert layer.kernel is not None
    return _elementwise(layer, prod(layer.output_shape) * prod(layer.kernel))


def global_avg_pool(layer: Layer) -> OpCost:
    """h·w − 1 additions and one division per channel: as many operations as input elements."""
    return _elementwise(layer, prod(layer.input_shapes[0]))


def relu(layer: Layer) -> OpCost:
    """One comparison per element."""
    elements = prod(layer.output_shape)
    return OpCost(0, 0, elements, 0, elements, elements, 0)


def hardsigmoid(layer: Layer) -> OpCost:
    """clip(x/6 + 1/2, 0, 1): one multiplication, one addition, two comparisons per element."""
    return _elementwise(layer, 4 * prod(layer.output_shape))


def pairwise(layer: Layer) -> OpCost:
    """One operation per output element, of two tensors that may broadcast."""
    return _elementwise(layer, prod(layer.output_shape))


def concat(layer: Layer) -> OpCost:
    """No arithmetic, but every element is read and written once more."""
    elements = prod(layer.output_shape)
    return OpCost(0, 0, 0, 0, elements, elements, 0)


def _elementwise(layer: Layer, operations: int) -> OpCost:
    return OpCost(0, 0, operations, 0, sum(map(prod, layer.input_shapes)), prod(layer.output_shape), 0)


OP_COSTS: dict[str, Callable[[Layer], OpCost]] = {
    "conv2d": conv2d,
    "linear": linear,
    "batch_norm": batch_norm,
    "relu": relu,
    "hardsigmoid": hardsigmoid,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "global_avg_pool": global_avg_pool,
    "concat": concat,
    "add": pairwise,
    "mul": pairwise,
}


def cost_layer(layer: Layer, dtype: str = "float32") -> LayerCost:
    """What one layer costs. Raises: UnknownOpError: the meter has no rule for the op."""
    return cost_layers((layer,), dtype)[0]


def cost_layers(layers: Iterable[Layer], dtype: str = "float32") -> tuple[LayerCost, ...]:
    """What each layer costs, with bytes at the given dtype.

    Raises:
        UnknownOpError: the meter has no rule for an op.
        ConfigError: `dtype` is not one of `DTYPE_BYTES`.
    """
    size = element_bytes(dtype)
    costs = []
    for layer in layers:
        rule = OP_COSTS.get(layer.op)
        if rule is None:
            raise UnknownOpError(layer.op, layer.name)
        params, macs, elementwise, access, read, written, activations = rule(layer)
        costs.append(
            LayerCost(layer, params, macs, 2 * macs, elementwise, access, read * size, written * size, activations)
        )
    return tuple(costs)


def element_bytes(dtype: str) -> int:
    """Bytes of one element. Raises: ConfigError: an unknown dtype."""
    try:
        return DTYPE_BYTES[dtype]
    except (KeyError, TypeError):
        raise ConfigError("dtype", dtype, f"one of {', '.join(map(repr, DTYPE_BYTES))}") from None
