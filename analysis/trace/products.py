"""The rules of products: convolutions, linear layers, matrices, attention, contractions, recurrent cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.trace.rules import RULES, Call, Rule, by, made_of_others, per_axis, rule, windows
from archs.layer import conv_size


def _convolution(axes: int) -> Rule:
    def convolution(
        input: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> Call | Callable[[], Any]:
        _require_maps(axes, input, weight, bias, groups, weight.shape[1] * groups, weight.shape[0])
        function = (F.conv1d, F.conv2d, F.conv3d)[axes - 1]
        if input.ndim == axes + 1:  # one image without a batch
            return lambda: function(input.unsqueeze(0), weight, bias, stride, padding, dilation, groups).squeeze(0)
        n, _, *sides = input.shape
        out_channels, _, *kernel = weight.shape
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
        geometry = windows(kernel, stride, padding, dilation) | {"groups": groups, "bias": bias is not None}
        shape = (n, out_channels, *map(conv_size, sides, kernel, stride, padding, dilation))
        if min(shape[2:]) < 1:
            raise ValueError(f"a kernel of {by(kernel)} does not fit into maps of {by(sides)}")
        return Call(f"conv{axes}d", (input,), shape, geometry)

    return convolution


def _transposed_convolution(axes: int) -> Rule:
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
        _require_maps(axes, input, weight, bias, groups, weight.shape[0], weight.shape[1] * groups)
        if input.ndim == axes + 1:
            function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[axes - 1]
            rest = (weight, bias, stride, padding, output_padding, groups, dilation)
            return lambda: function(input.unsqueeze(0), *rest).squeeze(0)
        stride, padding, dilation, more = (
            per_axis(value, axes) for value in (stride, padding, dilation, output_padding)
        )
        if any(extra >= max(pair) for extra, *pair in zip(more, stride, dilation, strict=True)) or min(more) < 0:
            raise ValueError("an output padding must be smaller than the stride or the dilation, and not negative")
        geometry = windows(weight.shape[2:], stride, padding, dilation) | {"groups": groups, "bias": bias is not None}
        sides = map(_side, input.shape[2:], weight.shape[2:], stride, padding, dilation, more)
        shape = (input.shape[0], weight.shape[1] * groups, *sides)
        if min(shape[2:]) < 1:
            raise ValueError(f"nothing is left of maps of {by(input.shape[2:])}")
        return Call(f"conv_transpose{axes}d", (input,), shape, geometry)

    return transposed_convolution


def _side(size: int, kernel: int, stride: int, padding: int, dilation: int, output_padding: int) -> int:
    """Output length of a transposed convolution along one axis."""
    return (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1


def _require_maps(
    axes: int, input: Tensor, weight: Tensor, bias: Tensor | None, groups: int, in_channels: int, out_channels: int
) -> None:
    """Raises: ValueError: the image of a convolution does not suit its weights, or these its groups."""
    if weight.ndim != axes + 2 or input.ndim not in (axes + 1, axes + 2):
        raise ValueError(f"maps with {axes} sides expected, {tuple(input.shape)} given")
    if input.shape[-axes - 1] != in_channels:
        raise ValueError(f"{in_channels} channels expected, {input.shape[-axes - 1]} given")
    if groups < 1 or weight.shape[0] % groups or (bias is not None and bias.shape != (out_channels,)):
        raise ValueError(f"{out_channels} output channels suit neither {groups} groups nor the bias")


for _axes in (1, 2, 3):
    RULES[f"conv{_axes}d"], RULES[f"conv_transpose{_axes}d"] = _convolution(_axes), _transposed_convolution(_axes)


@rule("linear")
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Call:
    if input.shape[-1] != weight.shape[-1] or weight.ndim > 2:
        raise ValueError(f"{weight.shape[-1]} features expected, {input.shape[-1]} given")
    if weight.ndim != 2:
        return Call("matmul", (input, weight))
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
def matmul_and_add(input: Tensor, *factors: Tensor, **named: Any) -> Call:
    """The factors are `mat1` and `mat2`, `batch1` and `batch2`, or `mat` and `vec`."""
    others = [named[name] for name in sorted(named) if isinstance(named[name], Tensor)]
    a, b = factors + tuple(others)
    input.expand((*a.shape[:-1], *b.shape[a.ndim - 1 :]))  # meta tensors are added whatever their shapes
    return Call("matmul", (a, b, input), None, {"bias": True})


@rule("attention")
def attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, *_: Any, **named: Any
) -> Call | Callable[[], Any]:
    """Heads that share their keys, and batches that are repeated to suit each other, as the products they are."""
    tensors = (query, key, value)
    if min(tensor.ndim for tensor in tensors) < 2 or (attn_mask is not None and attn_mask.ndim < 2 and query.ndim == 4):
        raise ValueError("two axes expected of queries, keys, values and masks")
    if named.get("enable_gqa"):
        return lambda: F.scaled_dot_product_attention(query, _repeated(key, query), _repeated(value, query), attn_mask)
    scores = query.new_empty((*query.shape[:-1], key.shape[-2]))
    widened = attn_mask is not None and (scores + attn_mask).shape != scores.shape
    if query.shape[:-2] == key.shape[:-2] == value.shape[:-2] and not widened:
        return Call("attention", tensors)
    return lambda: F.softmax(query @ key.mT + (0 if attn_mask is None else attn_mask), -1) @ value


def _repeated(shared: Tensor, query: Tensor) -> Tensor:
    """Keys or values for each of the heads that share them."""
    return shared.repeat_interleave(query.shape[-3] // shared.shape[-3], -3)


RULES["multi_head_attention_forward"] = made_of_others(F.multi_head_attention_forward)

#: Gates of a recurrent cell, and its operations per element of a gate's output beside the products: activations, and
#: the new state from the old.
_CELLS = {"lstm": (4, 18), "gru": (3, 14), "rnn_tanh": (1, 1), "rnn_relu": (1, 1)}


def _recurrent(op: str) -> Rule:
    def recurrent(input: Tensor, *args: Any, **_: Any) -> Call:
        """Every weight matrix multiplies every step of every sequence, once."""
        lists = [value for value in args if isinstance(value, (list, tuple))]  # of states, of weights
        return _cell(op, input, lists[-1], prod(input.shape[:-1]))

    return recurrent


def _recurrent_cell(op: str) -> Rule:
    def cell(input: Tensor, hidden: Any, *weights: Tensor | None, **_: Any) -> Call:
        if any(tensor.ndim != 2 for tensor in (input, *([hidden] if isinstance(hidden, Tensor) else hidden))):
            raise ValueError("a cell takes an input and states of one batch")  # torch itself crashes
        return _cell(op, input, weights, prod(input.shape[:-1]))

    return cell


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
    for place, (term, tensor) in enumerate(zip(terms, tensors, strict=True)):
        if twice := next((axis for axis in term if term.count(axis) > 1), ""):
            first, second = term.index(twice), term.rindex(twice)
            if tensor.shape[first] != tensor.shape[second]:
                raise ValueError(f"einsum {equation!r} is given two lengths of {twice}")
            terms[place] = "".join(axis for at, axis in enumerate(term) if at not in (first, second)) + twice
            once = f"{','.join(terms)}->{output}"
            before, after = tensors[:place], tensors[place + 1 :]
            return lambda: torch.einsum(once, *before, tensor.diagonal(0, first, second), *after)
    sides = [dict(zip(term, tensor.shape, strict=True)) for term, tensor in zip(terms, tensors, strict=True)]
    if len(tensors) == 1:
        kept = [axis for axis in terms[0] if axis in output]
        summed = [place for place, axis in enumerate(terms[0]) if axis not in output]
        order = [kept.index(axis) for axis in output]
        return lambda: (tensors[0].sum(summed) if summed else tensors[0]).permute(order)
    if len(tensors) > 2:
        later = set(output).union(axis for side in sides[2:] for axis, length in side.items() if length > 1)
        between = "".join(dict.fromkeys(axis for axis in terms[0] + terms[1] if axis in later))
        two = f"{terms[0]},{terms[1]}->{between}"
        rest = f"{','.join((between, *terms[2:]))}->{output}"
        return lambda: torch.einsum(rest, torch.einsum(two, *tensors[:2]), *tensors[2:])
    inner = [sides[0][axis] for axis in terms[0] if axis not in output and sides[0][axis] > 1 < sides[1].get(axis, 1)]
    if not inner:
        return Call("mul", tensors)
    outputs = [max(side.get(axis, 1) for side in sides) for axis in output]
    return Call("einsum", tensors, None, {"kernel": (prod(outputs) * prod(inner),)})


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
