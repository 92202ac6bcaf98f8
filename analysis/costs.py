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
        weights + bias,
        positions * weights,
        positions * bias,
        inputs + outputs + weights,
        inputs + weights + bias,
        outputs,
        outputs if is_conv else 0,
    )


def matmul(layer: Layer) -> OpCost:
    """Product (…, m, k) × (…, k, n): MACs …·m·k·n, without weights."""
    return _product(layer, prod(layer.output_shape) * layer.input_shapes[0][-1])


def attention(layer: Layer) -> OpCost:
    """softmax(QKᵀ)V: MACs of both products; elementwise a scaling and a softmax of every score."""
    query, key, value = layer.input_shapes[:3]
    scores = prod(query[:-1]) * key[-2]
    return _product(layer, scores * (query[-1] + value[-1]), elementwise_ops=6 * scores)


def einsum(layer: Layer) -> OpCost:
    """A contraction of two tensors: MACs are kept in `kernel` by the trace, as (their number,)."""
    assert layer.kernel is not None
    return _product(layer, prod(layer.kernel))


def _product(layer: Layer, macs: int, elementwise_ops: int = 0) -> OpCost:
    read, written = sum(map(prod, layer.input_shapes)), prod(layer.output_shape)
    return OpCost(0, macs, elementwise_ops, read + written, read, written, 0)


def batch_norm(layer: Layer) -> OpCost:
    """One multiplication and one addition per element; reads running mean and variance beside the affine pair."""
    shape = layer.output_shape
    elements, channels = prod(shape), shape[1]
    affine = 2 * channels if layer.bias else 0
    return OpCost(affine, 0, 2 * elements, 0, elements + affine + 2 * channels, elements, 0)


def layer_norm(layer: Layer) -> OpCost:
    """Mean, variance and normalisation: five operations per element; two more for scale and shift."""
    return _elementwise(layer, (7 if layer.extra_params else 5) * prod(layer.output_shape))


def max_pool2d(layer: Layer) -> OpCost:
    """kh·kw − 1 comparisons per output element."""
    assert layer.kernel is not None
    return _elementwise(layer, prod(layer.output_shape) * (prod(layer.kernel) - 1))


def avg_pool2d(layer: Layer) -> OpCost:
    """kh·kw − 1 additions and one division per output element."""
    assert layer.kernel is not None
    return _elementwise(layer, prod(layer.output_shape) * prod(layer.kernel))


def adaptive_pool2d(layer: Layer) -> OpCost:
    """As many operations per output element as its window has input elements; windows may overlap."""
    (*_, h, w), (n, c, h_out, w_out) = layer.input_shapes[0], layer.output_shape
    return _elementwise(layer, n * c * _window_total(h, h_out) * _window_total(w, w_out))


def _window_total(size: int, windows: int) -> int:
    """Summed length of the windows of an adaptive pooling: from ⌊i·size/windows⌋ to ⌈(i+1)·size/windows⌉."""
    return sum(-((i + 1) * size // -windows) - i * size // windows for i in range(windows))


def reduction(layer: Layer) -> OpCost:
    """Sums, means, maxima, global or non-overlapping pooling: one operation per input element."""
    return _elementwise(layer, prod(layer.input_shapes[0]))


def relu(layer: Layer) -> OpCost:
    """One comparison per element."""
    elements = prod(layer.output_shape)
    return OpCost(0, 0, elements, 0, elements, elements, 0)


def concat(layer: Layer) -> OpCost:
    """No arithmetic, but every element is read and written once more."""
    elements = prod(layer.output_shape)
    return OpCost(0, 0, 0, 0, elements, elements, 0)


def write(layer: Layer) -> OpCost:
    """A part of a larger tensor is overwritten: no arithmetic, the part is read and written, the rest stays."""
    elements = prod(layer.input_shapes[0])
    return OpCost(0, 0, 0, 0, elements, elements, 0)


def uncounted(_: Layer) -> OpCost:
    """Stands in for an op without a rule where the caller allows it."""
    return OpCost()


def _elementwise(layer: Layer, operations: int) -> OpCost:
    return OpCost(0, 0, operations, 0, sum(map(prod, layer.input_shapes)), prod(layer.output_shape), 0)


def _per_output(operations: int) -> Callable[[Layer], OpCost]:
    """The rule of an op that computes so many operations per output element."""
    return lambda layer: _elementwise(layer, operations * prod(layer.output_shape))


#: Operations per output element; a transcendental function counts as one.
ELEMENTWISE = {
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "maximum", "minimum", "masked_fill", "where"), 1),
    **dict.fromkeys(("exp", "log", "sqrt", "rsqrt", "square", "abs", "neg", "sin", "cos", "erf", "tanh", "rsub"), 1),
    **dict.fromkeys(("relu6", "hardtanh", "clamp", "leaky_relu", "prelu"), 2),  # two comparisons; compare, multiply
    **dict.fromkeys(("dropout", "feature_dropout"), 1),  # where it acts at inference too: a multiplication by the mask
    "alpha_dropout": 2,
    "elu": 3,  # compare, exp, subtract
    "softplus": 3,  # exp, add, log
    "hardsigmoid": 4,  # clip(x/6 + 1/2, 0, 1): multiply, add, two comparisons
    "sigmoid": 4,  # negate, exp, add, divide
    "hardswish": 5,  # hardsigmoid, multiply
    "silu": 5,  # sigmoid, multiply
    "mish": 5,  # softplus, tanh, multiply
    "gelu": 5,  # x/2 · (1 + erf(x/√2)): two multiplications for the scale, erf, add, multiply
    "softmax": 5,  # max, subtract, exp, sum, divide
    "log_softmax": 5,  # max, subtract, exp, sum with log, subtract
    "normalize": 3,  # square, sum, divide
    "rms_norm": 4,  # square, sum, divide, scale
    "interpolate": 7,  # bilinear: two interpolations along one axis, one along the other
    "addcmul": 2,
    "lerp": 3,
}
#: Ops that move elements and compute nothing.
COPIES = (
    *("copy", "clone", "pad", "roll", "flip", "stack", "repeat", "repeat_interleave", "tile"),
    *("reflect_pad", "replicate_pad", "circular_pad"),
    *("gather", "index_select", "getitem", "setitem", "unfold", "pixel_shuffle", "pixel_unshuffle"),
)
REDUCTIONS = ("global_avg_pool", "avg_pool1d", "mean", "sum", "amax", "amin", "max", "norm", "var", "std", "fold")

OP_COSTS: dict[str, Callable[[Layer], OpCost]] = {
    "conv2d": convolution,
    "conv1d": convolution,
    "conv3d": convolution,
    "conv_transpose2d": transposed_convolution,
    "linear": linear,
    "matmul": matmul,
    "attention": attention,
    "einsum": einsum,
    "batch_norm": batch_norm,
    **dict.fromkeys(("layer_norm", "group_norm", "instance_norm"), layer_norm),
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d"), adaptive_pool2d),
    **dict.fromkeys(REDUCTIONS, reduction),
    "relu": relu,
    "concat": concat,
    "write": write,
    **{op: _per_output(operations) for op, operations in ELEMENTWISE.items()},
    **{op: _per_output(0) for op in COPIES},
}


def cost_layer(layer: Layer, dtype: str = "float32") -> LayerCost:
    """What one layer costs. Raises: UnknownOpError: the meter has no rule for the op."""
    return cost_layers((layer,), dtype)[0]


def cost_layers(
    layers: Iterable[Layer], dtype: str = "float32", *, allow_uncounted: bool = False
) -> tuple[LayerCost, ...]:
    """What each layer costs, with bytes at the given dtype.

    Raises:
        UnknownOpError: the meter has no rule for an op, unless such layers are allowed to cost nothing.
        ConfigError: `dtype` is not one of `DTYPE_BYTES`.
    """
    size = element_bytes(dtype)
    costs = []
    for layer in layers:
        rule = OP_COSTS.get(layer.op)
        if rule is None:
            if not allow_uncounted:
                raise UnknownOpError(layer.op, layer.name)
            rule = uncounted
        params, macs, elementwise, access, read, written, activations = rule(layer)
        if layer.extra_params:
            params += layer.extra_params
            read += max(0, layer.extra_params)
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
