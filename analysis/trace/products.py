"""The rules of products: convolutions, linear layers, matrices, attention, contractions, recurrent cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from types import FunctionType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.trace.rules import RULES, Call, Rule, by, per_axis, rule, windows
from archs.layer import conv_size


@rule("conv1d", "conv2d", "conv3d")
def convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Call | Callable[[], Any]:
    out_channels, group_channels, *kernel = weight.shape
    axes, function = len(kernel), (F.conv1d, F.conv2d, F.conv3d)[weight.ndim - 3]
    if input.ndim == axes + 1:  # one image without a batch
        return lambda: function(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
    n, in_channels, *sides = input.shape
    if len(sides) != axes:
        raise ValueError(f"maps with {axes} sides expected, {tuple(input.shape)} given")
    if in_channels != group_channels * groups:
        raise ValueError(f"{group_channels * groups} channels expected, {in_channels} given")
    if out_channels % groups or (bias is not None and bias.shape != (out_channels,)):
        raise ValueError(f"{out_channels} output channels suit neither {groups} groups nor the bias")
    stride, dilation = per_axis(stride, axes), per_axis(dilation, axes)
    if padding == "same":
        around = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        padding = tuple(total // 2 for total in around)
        if set(stride) != {1}:
            raise ValueError("padding='same' is not supported for strided convolutions")
        if any(total % 2 for total in around):  # what torch does: one row more behind than before
            behind = [side for total in reversed(around) for side in (0, total % 2)]
            return lambda: function(F.pad(input, behind), weight, bias, stride, padding, dilation, groups)
    padding = per_axis(0 if padding == "valid" else padding, axes)
    shape = (n, out_channels, *map(conv_size, sides, kernel, stride, padding, dilation))
    if min(shape[2:]) < 1 or min(padding) < 0:
        raise ValueError(f"a kernel of {by(kernel)} does not fit into maps of {by(sides)}")
    geometry = windows(kernel, stride, padding, dilation) | {"groups": groups, "bias": bias is not None}
    return Call(f"conv{axes}d", (input,), shape, geometry)


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed_convolution(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Call | Callable[[], Any]:
    axes = weight.ndim - 2
    if input.ndim == axes + 1:
        function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[axes - 1]
        image = input.unsqueeze(0)
        return lambda: function(image, weight, bias, stride, padding, output_padding, groups, dilation).squeeze(0)
    stride, padding, dilation = (per_axis(value, axes) for value in (stride, padding, dilation))
    if any(extra >= max(steps) for extra, *steps in zip(per_axis(output_padding, axes), stride, dilation, strict=True)):
        raise ValueError(f"the output padding {output_padding} is not below the stride {stride} or dilation {dilation}")
    geometry = windows(weight.shape[2:], stride, padding, dilation) | {"groups": groups, "bias": bias is not None}
    return Call(f"conv_transpose{axes}d", (input,), None, geometry)


@rule("linear")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Call:
    if input.shape[-1] != weight.shape[-1]:
        raise ValueError(f"{weight.shape[-1]} features expected, {input.shape[-1]} given")
    if weight.ndim != 2:
        return Call("matmul", (input, weight), tuple(input.shape[:-1]))
    if bias is not None and bias.shape not in ((weight.shape[0],), (1,), ()):
        raise ValueError(f"a bias of {tuple(bias.shape)} does not suit {weight.shape[0]} features")
    return Call("linear", (input,), (*input.shape[:-1], weight.shape[0]), {"bias": bias is not None})


@rule("matmul")
def matmul(input: Tensor, other: Tensor | None = None, *more: Tensor, **named: Any) -> Call:
    """Also of `bmm`, `mv` and `dot`, which name their second factor in ways of their own."""
    factor = next((value for value in (other, *more, *named.values()) if isinstance(value, Tensor)), None)
    if factor is None:
        raise TypeError("a product of two tensors expected")
    return Call("matmul", (input, factor))


@rule("addmm", "baddbmm")
def matmul_and_add(input: Tensor, a: Tensor, b: Tensor, **_: Any) -> Call:
    return Call("matmul", (a, b, input), None, {"bias": True})


@rule("attention")
def attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> Call:
    return Call("attention", (query, key, value))


def as_written(function: Any) -> Any:
    """One of torch's functions that is made of others, in a version that lets a trace see those."""
    unseen = dict.fromkeys(("has_torch_function", "has_torch_function_unary"), lambda _: False)
    seen = FunctionType(function.__code__, vars(F) | unseen, function.__name__)
    seen.__defaults__, seen.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return seen


def _made_of_others(function: Any) -> Rule:
    seen = as_written(function)
    return lambda *args, **kwargs: lambda: seen(*args, **kwargs)


for _function in (F.multi_head_attention_forward, F.lp_pool1d, F.lp_pool2d, F.lp_pool3d):
    RULES[_function.__name__] = _made_of_others(_function)


#: Gates of a recurrent cell, and its operations per element of a gate's output beside the products: activations, and
#: the new state from the old.
_CELLS = {"lstm": (4, 18), "gru": (3, 14), "rnn_tanh": (1, 1), "rnn_relu": (1, 1)}


def _recurrent(op: str) -> Rule:
    def recurrent(input: Tensor, *args: Any, **_: Any) -> Call:
        """Every weight matrix multiplies every step of every sequence, once."""
        weights = next(value for value in args if isinstance(value, (list, tuple)) and len(value) > 2)
        return _cell(op, input, weights, prod(input.shape[:-1]))

    return recurrent


def _recurrent_cell(op: str) -> Rule:
    return lambda input, hidden, *weights, **_: _cell(op, input, weights, prod(input.shape[:-1]))


def _cell(op: str, input: Tensor, weights: Sequence[Tensor | None], steps: int) -> Call:
    """The numbers of MACs and of other operations are kept in `kernel`."""
    gates, others = _CELLS[op]
    tensors = [weight for weight in weights if weight is not None]
    macs = sum(weight.numel() for weight in tensors if weight.ndim == 2)
    biases = sum(weight.numel() for weight in tensors if weight.ndim == 1)
    outputs = sum(weight.shape[0] for weight in tensors if weight.ndim == 2) // 2  # of input and state, added up
    operations = biases + outputs + outputs // gates * others
    return Call(op, (input,), None, {"kernel": (steps * macs, steps * operations)})


RECURRENT = frozenset((*_CELLS, *(f"{name}_cell" for name in _CELLS)))
for _name in _CELLS:
    RULES[_name], RULES[f"{_name}_cell"] = _recurrent(_name), _recurrent_cell(_name)


@rule("einsum")
def einsum(equation: Any, *operands: Any) -> Call | Callable[[], Any]:
    """Operand by operand from the left, as torch does; a contraction's MACs are kept in `kernel`."""
    tensors = operands[0] if len(operands) == 1 and isinstance(operands[0], (list, tuple)) else operands
    if not isinstance(equation, str):
        raise ValueError("einsum is followed in the form of an equation alone")
    terms, output = _spelled_out(equation, tensors)
    if any(len(set(term)) < len(term) for term in terms):
        raise ValueError(f"einsum is not followed where one operand has an axis twice ({equation!r})")
    if len(tensors) == 1:
        kept = [axis for axis in terms[0] if axis in output]
        summed = [place for place, axis in enumerate(terms[0]) if axis not in output]
        order = [kept.index(axis) for axis in output]
        return lambda: (tensors[0].sum(summed) if summed else tensors[0]).permute(order)
    if len(tensors) > 2:
        later = set(output).union(*terms[2:])
        between = "".join(dict.fromkeys(axis for axis in terms[0] + terms[1] if axis in later))
        first = f"{terms[0]},{terms[1]}->{between}"
        rest = f"{','.join((between, *terms[2:]))}->{output}"
        return lambda: torch.einsum(rest, torch.einsum(first, *tensors[:2]), *tensors[2:])
    sides = [dict(zip(term, tensor.shape, strict=True)) for term, tensor in zip(terms, tensors, strict=True)]
    contracted = set(terms[0] + terms[1]) - set(output)
    shape = tuple(max(side.get(axis, 1) for side in sides) for axis in output)
    if not contracted:
        return Call("mul", tensors)
    inner = prod(sides[0][axis] for axis in contracted if all(side.get(axis, 1) > 1 for side in sides))
    return Call("einsum", tensors, None, {"kernel": (prod(shape) * inner,)})


def _spelled_out(equation: str, tensors: Sequence[Tensor]) -> tuple[list[str], str]:
    """The axes of each operand and of the output, with letters for `…` and an output where none is written.

    >>> from torch import empty
    >>> _spelled_out("...hw,wk", [empty(1, 2, 3, 4), empty(4, 5)])
    (['ABhw', 'wk'], 'ABhk')
    """
    left, arrow, output = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise ValueError(f"einsum {equation!r} is given {len(tensors)} operands")
    used = {axis for axis in equation if axis.isalpha()}
    free = [letter for letter in map(chr, range(65, 123)) if letter.isalpha() and letter not in used]
    most = max(
        (tensor.ndim - len(term) + 3 for term, tensor in zip(terms, tensors, strict=True) if "..." in term), default=0
    )
    spelled = [
        term.replace("...", "".join(free[most - (tensor.ndim - len(term) + 3) : most]))
        for term, tensor in zip(terms, tensors, strict=True)
    ]
    if arrow:
        return spelled, output.replace("...", "".join(free[:most]))
    once = sorted(axis for axis in used if left.count(axis) == 1)
    return spelled, "".join(free[:most]) + "".join(once)
