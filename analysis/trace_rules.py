"""Output shapes of the operations that a trace knows: one rule per function of torch, no arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from archs.layer import Pair, Shape, ceil_pool_size, conv_size


class Call(NamedTuple):
    """One operation about to become a `Layer`: the fields after `inputs` are the layer's own."""

    op: str
    inputs: Sequence[Tensor]
    output_shape: Shape
    kernel: Pair | None = None
    stride: Pair | None = None
    padding: Pair | None = None
    dilation: Pair | None = None
    groups: int = 1
    bias: bool = False


Rule = Callable[..., Call]

#: Rule per function; a rule has the function's own signature.
RULES: dict[Any, Rule] = {}


def rule(*functions: Any) -> Callable[[Rule], Rule]:
    """Register the rule of some functions that mean the same."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(functions, function))
        return function

    return register


@rule(F.conv2d)
def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Call:
    n, in_channels, h, w = x.shape
    out_channels, group_channels, kernel_h, kernel_w = weight.shape
    if in_channels != group_channels * groups:
        raise ValueError(f"{group_channels * groups} channels expected, {in_channels} given")
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    height = conv_size(h, kernel_h, stride[0], padding[0], dilation[0])
    width = conv_size(w, kernel_w, stride[1], padding[1], dilation[1])
    shape, kernel = (n, out_channels, height, width), (kernel_h, kernel_w)
    return Call("conv2d", (x,), shape, kernel, stride, padding, dilation, groups, bias is not None)


@rule(F.linear)
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Call:
    return Call("linear", (x,), (*x.shape[:-1], weight.shape[0]), bias=bias is not None)


@rule(F.batch_norm)
def batch_norm(
    x: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None, *_: Any, **__: Any
) -> Call:
    return Call("batch_norm", (x,), tuple(x.shape), bias=weight is not None)


@rule(F.max_pool2d, torch.max_pool2d)
def max_pool2d(
    x: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Call:
    return pool2d("max_pool2d", x, kernel_size, stride, padding, pair(dilation), ceil_mode)


@rule(F.avg_pool2d)
def avg_pool2d(
    x: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, *_: Any, **__: Any
) -> Call:
    return pool2d("avg_pool2d", x, kernel_size, stride, padding, None, ceil_mode)


def pool2d(
    op: str, x: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Pair | None, ceil_mode: bool
) -> Call:
    kernel, padding = pair(kernel_size), pair(padding)
    stride = kernel if stride in (None, [], ()) else pair(stride)
    size = ceil_pool_size if ceil_mode else conv_size
    height, width = (
        size(side, kernel[axis], stride[axis], padding[axis], (dilation or (1, 1))[axis])
        for axis, side in enumerate(x.shape[2:])
    )
    if height < 1 or width < 1:
        raise ValueError(f"nothing left to pool in maps of {x.shape[2]}×{x.shape[3]}")
    return Call(op, (x,), (*x.shape[:2], height, width), kernel, stride, padding, dilation)


@rule(F.adaptive_avg_pool2d)
def adaptive_avg_pool2d(x: Tensor, output_size: Any) -> Call:
    height, width = (side or own for side, own in zip(pair(output_size), x.shape[2:], strict=True))
    op = "global_avg_pool" if (height, width) == (1, 1) else "adaptive_avg_pool2d"
    return Call(op, (x,), (*x.shape[:2], height, width))


@rule(torch.cat, torch.concat)
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


@rule(torch.add, Tensor.add, Tensor.__add__, Tensor.__radd__, Tensor.add_, Tensor.__iadd__)
def add(a: Any, b: Any, **_: Any) -> Call:
    return pairwise("add", a, b)


@rule(torch.mul, Tensor.mul, Tensor.__mul__, Tensor.__rmul__, Tensor.mul_, Tensor.__imul__)
def mul(a: Any, b: Any, **_: Any) -> Call:
    return pairwise("mul", a, b)


def pairwise(op: str, a: Any, b: Any) -> Call:
    tensors = [operand for operand in (a, b) if isinstance(operand, Tensor)]
    return Call(op, tensors, broadcast([tuple(tensor.shape) for tensor in tensors]))


@rule(F.relu, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)
def relu(x: Tensor, inplace: bool = False) -> Call:
    return Call("relu", (x,), tuple(x.shape))


@rule(F.hardsigmoid)
def hardsigmoid(x: Tensor, inplace: bool = False) -> Call:
    return Call("hardsigmoid", (x,), tuple(x.shape))


#: Functions that hand on the same elements: they move nothing, so they are no layers.
VIEWS = frozenset(
    {
        F.dropout,
        torch.flatten,
        torch.reshape,
        Tensor.flatten,
        Tensor.reshape,
        Tensor.view,
        Tensor.contiguous,
        Tensor.detach,
    }
)


def broadcast(shapes: list[Shape]) -> Shape:
    """The shape that an elementwise operation on these shapes has."""
    rank = max(map(len, shapes))
    padded = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(map(max, zip(*padded, strict=True)))


def pair(value: Any) -> Pair:
    """An int or two, as torch takes kernel sizes and strides, as two."""
    return (value, value) if isinstance(value, int) else tuple(value)
