"""What a trace knows about torch's operations: output shapes and geometry, views, and compositions of simpler ones.

Operations are looked up by name, so that `torch.add`, `Tensor.add_`, `+` and `+=` are one. An operation without a rule
is run on meta tensors to learn its output shape; whether it can be counted is for the meter to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn import functional as F

from archs.layer import Shape, Sides, ceil_pool_size, conv_size


class Call(NamedTuple):
    """One operation about to become a `Layer`: the fields after `inputs` are the layer's own."""

    op: str
    inputs: Sequence[Tensor]
    output_shape: Shape
    kernel: Sides | None = None
    stride: Sides | None = None
    padding: Sides | None = None
    dilation: Sides | None = None
    groups: int = 1
    bias: bool = False


Rule = Callable[..., Call | None]

#: Rule per operation, by name; a rule has the signature of torch's function, and returns None for what does nothing.
RULES: dict[str, Rule] = {}
#: The same, but as a composition of other operations, each of which becomes a layer.
COMPOSITIONS: dict[str, Callable[..., Any]] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register the rule of some operations."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


@rule("conv1d", "conv2d", "conv3d")
def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Call:
    n, in_channels, *sides = x.shape
    out_channels, group_channels, *kernel = weight.shape
    if in_channels != group_channels * groups:
        raise ValueError(f"{group_channels * groups} channels expected, {in_channels} given")
    axes = len(sides)
    stride, dilation = per_axis(stride, axes), per_axis(dilation, axes)
    if padding == "same":
        padding = [d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True)]
    padding = per_axis(0 if padding == "valid" else padding, axes)
    shape = (n, out_channels, *map(conv_size, sides, kernel, stride, padding, dilation))
    return Call(f"conv{axes}d", (x,), shape, tuple(kernel), stride, padding, dilation, groups, bias is not None)


@rule("conv_transpose2d")
def transposed_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Call:
    n, _, *sides = x.shape
    _, group_channels, *kernel = weight.shape
    stride, padding, output_padding, dilation = (per_axis(v, 2) for v in (stride, padding, output_padding, dilation))
    grown = (
        (side - 1) * s - 2 * p + d * (k - 1) + extra + 1
        for side, s, p, d, k, extra in zip(sides, stride, padding, dilation, kernel, output_padding, strict=True)
    )
    shape, has_bias = (n, group_channels * groups, *grown), bias is not None
    return Call("conv_transpose2d", (x,), shape, tuple(kernel), stride, padding, dilation, groups, has_bias)


@rule("linear")
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Call:
    if x.shape[-1] != weight.shape[1]:
        raise ValueError(f"{weight.shape[1]} features expected, {x.shape[-1]} given")
    return Call("linear", (x,), (*x.shape[:-1], weight.shape[0]), bias=bias is not None)


@rule("batch_norm")
def batch_norm(
    x: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None, *_: Any, **__: Any
) -> Call:
    return Call("batch_norm", (x,), tuple(x.shape), bias=weight is not None)


@rule("max_pool2d")
def max_pool2d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Call:
    return pool2d("max_pool2d", x, kernel_size, stride, padding, per_axis(dilation, 2), ceil_mode)


@rule("avg_pool2d")
def avg_pool2d(
    x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, *_: Any, **__: Any
) -> Call:
    return pool2d("avg_pool2d", x, kernel_size, stride, padding, None, ceil_mode)


def pool2d(
    op: str, x: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Sides | None, ceil_mode: bool
) -> Call:
    kernel, padding = per_axis(kernel_size, 2), per_axis(padding, 2)
    stride = per_axis(stride, 2) if stride else kernel
    size = ceil_pool_size if ceil_mode else conv_size
    sides = tuple(map(size, x.shape[2:], kernel, stride, padding, dilation or (1, 1)))
    if min(sides) < 1:
        raise ValueError(f"nothing left to pool in maps of {x.shape[2]}×{x.shape[3]}")
    return Call(op, (x,), (*x.shape[:2], *sides), kernel, stride, padding, dilation)


@rule("adaptive_avg_pool2d")
def adaptive_avg_pool2d(x: Tensor, output_size: Any) -> Call:
    sides = tuple(side or own for side, own in zip(per_axis(output_size, 2), x.shape[2:], strict=True))
    return Call("global_avg_pool" if sides == (1, 1) else "adaptive_avg_pool2d", (x,), (*x.shape[:2], *sides))


@rule("mean")
def mean(x: Tensor, dim: Any = None, keepdim: bool = False, **_: Any) -> Call:
    """Averages over height and width are the same operation as a global pooling."""
    axes = set(range(x.ndim)) if dim is None else {axis % x.ndim for axis in per_axis(dim, 1)}
    shape = tuple(1 if axis in axes else side for axis, side in enumerate(x.shape) if keepdim or axis not in axes)
    return Call("global_avg_pool" if x.ndim == 4 and axes == {2, 3} else "mean", (x,), shape)


@rule("concat")
def concat(tensors: Sequence[Tensor], dim: int = 0) -> Call:
    shape = list(tensors[0].shape)
    shape[dim] = 0
    for tensor in tensors:
        for axis, side in enumerate(tensor.shape):
            if axis == dim % len(shape):
                shape[dim] += side
            elif side != shape[axis]:
                raise ValueError(f"tensors of {tuple(tensors[0].shape)} and {tuple(tensor.shape)} cannot be joined")
    return Call("concat", tensors, tuple(shape))


@rule("pad")
def pad(x: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Call:
    shape = list(x.shape)
    for axis, (before, after) in enumerate(zip(pad[::2], pad[1::2], strict=True), start=1):
        shape[-axis] += before + after
    return Call("pad" if mode == "constant" else f"{mode}_pad", (x,), tuple(shape))


@rule("matmul")
def matmul(a: Tensor, b: Tensor) -> Call:
    left, right = (1, *a.shape)[-max(2, a.ndim) :], (*b.shape, 1)[: max(2, b.ndim)]
    if left[-1] != right[-2]:
        raise ValueError(f"{tuple(a.shape)} and {tuple(b.shape)} cannot be multiplied")
    rows, columns = ((left[-2],) if a.ndim > 1 else ()), ((right[-1],) if b.ndim > 1 else ())
    return Call("matmul", (a, b), (*broadcast([left[:-2], right[:-2]]), *rows, *columns))


@rule("attention")
def attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> Call:
    return Call("attention", (query, key, value), (*query.shape[:-1], value.shape[-1]))


@rule("einsum")
def einsum(equation: str, *operands: Any) -> Call:
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    terms, _, output = equation.replace(" ", "").partition("->")
    sizes = {
        axis: side
        for term, x in zip(terms.split(","), tensors, strict=True)
        for axis, side in zip(term, x.shape, strict=True)
    }
    contracted = set(sizes) - set(output)
    shape = tuple(sizes[axis] for axis in output)
    if not contracted:
        return Call("mul", tensors, shape)
    return Call("einsum", tensors, shape, kernel=(prod(sizes.values()),))


@rule("relu")
def relu(x: Tensor, inplace: bool = False) -> Call:
    return Call("relu", (x,), tuple(x.shape))


def _same_shape(op: str) -> Rule:
    return lambda x, *_, **__: Call(op, (x,), tuple(x.shape))


for _name in (
    *("relu6", "hardsigmoid", "hardswish", "silu", "sigmoid", "gelu", "tanh", "softmax"),
    *("layer_norm", "group_norm"),
):
    RULES[_name] = _same_shape(_name)


def _dropout(op: str) -> Rule:
    def dropout(x: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Call | None:
        return Call(op, (x,), tuple(x.shape)) if p and training else None

    return dropout


RULES["dropout"] = _dropout("dropout")
for _name in ("dropout1d", "dropout2d", "dropout3d"):
    RULES[_name] = _dropout("feature_dropout")
for _name in ("alpha_dropout", "feature_alpha_dropout"):
    RULES[_name] = _dropout("alpha_dropout")


def _pairwise(op: str) -> Rule:
    def pairwise(a: Any, b: Any, **_: Any) -> Call:
        tensors = [operand for operand in (a, b) if isinstance(operand, Tensor)]
        return Call(op, tensors, broadcast([tuple(tensor.shape) for tensor in tensors]))

    return pairwise


for _name in ("add", "sub", "mul", "div", "maximum", "minimum"):
    RULES[_name] = _pairwise(_name)


def multi_head_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor,
    in_proj_bias: Tensor | None,
    bias_k: Any,
    bias_v: Any,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Self-attention of (L, N, E) tensors as `nn.MultiheadAttention` does it, in operations that have rules."""
    length, batch, width = query.shape
    heads = (length, batch * num_heads, width // num_heads)
    q, k, v = (
        part.reshape(heads).transpose(0, 1) for part in F.linear(query, in_proj_weight, in_proj_bias).chunk(3, -1)
    )
    mixed = F.scaled_dot_product_attention(q, k, v)
    merged = mixed.transpose(0, 1).reshape(length, batch, width)
    return F.linear(merged, out_proj_weight, out_proj_bias), None


COMPOSITIONS["multi_head_attention_forward"] = multi_head_attention


def broadcast(shapes: list[Shape]) -> Shape:
    """The shape that an elementwise operation on these shapes has."""
    rank = max(map(len, shapes))
    columns = list(zip(*[(1,) * (rank - len(shape)) + tuple(shape) for shape in shapes], strict=True))
    if any(len({side for side in column if side != 1}) > 1 for column in columns):
        raise ValueError(f"tensors of {' and '.join(map(str, shapes))} cannot be combined")
    return tuple(max(column) if min(column) else 0 for column in columns)


def per_axis(value: Any, axes: int) -> Sides:
    """One int, or one per axis, as torch takes kernel sizes and strides, as one per axis."""
    if isinstance(value, int):
        return (value,) * axes
    return tuple(value) * (axes if len(value) == 1 else 1)
