"""Every rule of shapes says what PyTorch says of the same call on real tensors: shapes, FLOPs, parameters, refusals.

The table draws arguments that PyTorch takes, and some of them are spoilt: one number or one tensor's rank is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import given, note, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

import analysis
from analysis.trace import products  # noqa: F401  registers its rules
from analysis.trace.rules import RULES
from archs.errors import DenseScopeError
from tests.support.exhaustive import examples

aten = torch.ops.aten
#: FLOPs of the products that torch's counter has no formula for, from the shapes of their arguments.
FORMULAS = {
    **dict.fromkeys((aten.mv, aten.dot, aten.vdot), lambda matrix, *_, **__: 2 * prod(matrix)),
    aten.addmm_: lambda _, a, b, *__, **___: 2 * prod(a) * b[-1],
    aten.addmv: lambda _, matrix, *__, **___: 2 * prod(matrix),
    aten._scaled_dot_product_flash_attention_for_cpu: lambda q, k, v, *_, **__: sdpa_flop_count(q, k, v),
    aten.mkldnn_rnn_layer: lambda x, w, u, *_, **__: 2 * x[0] * x[1] * (prod(w) + prod(u)),
}
WEIGHTS = ("weight", "bias")


@dataclass(frozen=True)
class Of:
    """A tensor of this shape."""

    shape: tuple[int, ...]


class Calls(nn.Module):
    """A module that calls a function with its inputs, its own parameters, and constants."""

    def __init__(self, function: Callable[..., Any], arguments: dict[str, Any], positional: int) -> None:
        super().__init__()
        self.function, self.arguments, self.positional = function, arguments, positional
        for name in WEIGHTS:
            if isinstance(arguments.get(name), Of):
                self.register_parameter(f"own_{name}", nn.Parameter(torch.rand(arguments[name].shape)))

    def inputs(self, device: str) -> tuple[Tensor, ...]:
        stated = [of for name, value in self.arguments.items() if name not in WEIGHTS for of in parts(value)]
        return tuple(torch.rand(of.shape, device=device) for of in stated)

    def forward(self, *inputs: Tensor) -> Any:
        left, values = iter(inputs), {}
        for name, value in self.arguments.items():
            own = getattr(self, f"own_{name}", None)
            values[name] = (
                values[value] if value in ("query", "key") else own if own is not None else filled(value, left)
            )
        args = list(values.values())[: self.positional]
        return self.function(*args, **dict(list(values.items())[self.positional :]))


def parts(value: Any, kind: type = Of) -> list[Any]:
    """What there is of a kind in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [of for item in value for of in parts(item, kind)]
    return [value] if isinstance(value, kind) else []


def filled(value: Any, left: Iterator[Tensor]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(filled(item, left) for item in value)
    return next(left) if isinstance(value, Of) else value


class Draw:
    """What the table draws from."""

    def __init__(self, data: st.DataObject) -> None:
        self._draw = data.draw

    def __call__(self, *values: Any) -> Any:
        return self._draw(st.sampled_from(values))

    def side(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def sides(self, low: int, high: int, count: int) -> tuple[int, ...]:
        return tuple(self.side(low, high) for _ in range(count))

    def per_axis(self, low: int, high: int, axes: int) -> Any:
        """One number, or one per axis."""
        return self(self.side(low, high), self.sides(low, high, axes))

    def maps(self, axes: int, channels: int = 0, low: int = 3) -> Of:
        """(N, C, …), rarely without N."""
        batch = self.sides(1, 2, self(1, 1, 1, 0))
        return of(*batch, channels or self.side(1, 4), *self.sides(low, (9, 8, 5)[axes - 1], axes))


def of(*sides: int) -> Of:
    return Of(sides)


Case = tuple[Callable[..., Any], dict[str, Any]]


def conv(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        groups, inner, outer = draw(1, 1, 2, 3), draw(1, 2), draw(1, 2)
        name = f"conv{axes}d"
        return draw(getattr(F, name), getattr(torch, name)), {
            "input": draw.maps(axes, groups * inner),
            "weight": of(groups * outer, inner, *(draw(1, 2, 3, 4) for _ in range(axes))),
            "bias": draw(None, of(groups * outer)),
            "stride": draw.per_axis(1, 2, axes),
            "padding": draw("same", "valid", draw.per_axis(0, 2, axes)),
            "dilation": draw.per_axis(1, 2, axes),
            "groups": groups,
        }

    return case


def conv_transpose(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        groups, inner, outer = draw(1, 1, 2, 3), draw(1, 2), draw(1, 2)
        return getattr(F, f"conv_transpose{axes}d"), {
            "input": draw.maps(axes, groups * inner, low=1),
            "weight": of(groups * inner, outer, *(draw(1, 2, 3) for _ in range(axes))),
            "bias": draw(None, of(groups * outer)),
            "stride": draw.per_axis(1, 3, axes),
            "padding": draw.per_axis(0, 1, axes),
            "output_padding": draw.per_axis(0, 2, axes),
            "groups": groups,
            "dilation": draw.per_axis(1, 2, axes),
        }

    return case


def linear(draw: Draw) -> Case:
    features, out = draw(1, 2, 3), draw((), (2,), (3,))
    return F.linear, {
        "input": of(*draw.sides(1, 3, draw(0, 1, 2, 3)), features),
        "weight": of(*out, features),
        "bias": draw(None, of(*out)),
    }


def matmul(draw: Draw) -> Case:
    m, k, n, b = (draw(1, 2, 3) for _ in range(4))
    return draw(
        (torch.mm, {"input": of(m, k), "mat2": of(k, n)}),
        (torch.bmm, {"input": of(b, m, k), "mat2": of(b, k, n)}),
        (torch.mv, {"input": of(m, k), "vec": of(k)}),
        (torch.dot, {"input": of(k), "tensor": of(k)}),
        (torch.vdot, {"input": of(k), "other": of(k)}),
        *(
            (torch.matmul, {"input": of(*batch, m, k), "other": of(*other)})
            for batch in ((), (b,), (b, 1))
            for other in ((k,), (k, n), (b, k, n), (1, k, n))
        ),
        (torch.matmul, {"input": of(k), "other": of(b, k, n)}),
        (lambda x, y: x @ y, {"x": of(b, m, k), "y": of(k, n)}),
    )


def addmm(draw: Draw) -> Case:
    m, k, n = draw(1, 2, 3), draw(1, 2, 3), draw(1, 2, 3)
    rest = {"beta": draw(1, 2), "alpha": draw(1, 0.5)}
    return draw(
        (torch.addmm, {"input": draw(of(m, n), of(n), of(1, 1)), "mat1": of(m, k), "mat2": of(k, n), **rest}),
        (torch.addmv, {"input": draw(of(m), of(1)), "mat": of(m, k), "vec": of(k), **rest}),
        (Tensor.addmm_, {"input": of(m, n), "mat1": of(m, k), "mat2": of(k, n), **rest}),
    )


def baddbmm(draw: Draw) -> Case:
    b, m, k, n = draw(1, 2), draw(1, 2, 3), draw(1, 2, 3), draw(1, 2, 3)
    added = draw(of(b, m, n), of(n), of(1, m, n))
    return torch.baddbmm, {"input": added, "batch1": of(b, m, k), "batch2": of(b, k, n), "alpha": draw(1, 2)}


def attention(draw: Draw) -> Case:
    batch, (length, keys, width, out) = draw((), (2,), (1, 2)), draw.sides(1, 4, 4)
    mask = draw(None, None, of(length, keys), of(1, keys))
    return F.scaled_dot_product_attention, {
        "query": of(*batch, length, width),
        "key": of(*batch, keys, width),
        "value": of(*batch, keys, draw(width, out)),
        "attn_mask": mask,
        "dropout_p": 0.0,
        "is_causal": mask is None and draw(False, True),
    }


def multi_head_attention(draw: Draw) -> Case:
    heads, keys, length, n = draw(1, 2), draw(1, 2, 3), draw(1, 3), draw(1, 2)
    width, kdim, vdim, first = heads * draw(1, 2), draw(None, 3), draw(None, 5), draw(False, True)
    made = nn.MultiheadAttention(
        width, heads, 0.0, draw(True, False), draw(False, True), draw(False, True), kdim, vdim, first
    )

    def shape(count: int, features: int) -> Of:
        return of(*((n, count) if first else (count, n)), features)

    query, key, value = shape(length, width), shape(keys, kdim or width), shape(keys, vdim or width)
    return made, {
        "query": query,
        "key": draw("query", key) if query == key else key,
        "value": draw("query", "key", value) if query == key == value else value,
        "need_weights": draw(True, False),
        "attn_mask": draw(None, of(length, keys)),
        "average_attn_weights": draw(True, False),
    }


def recurrent(kind: type[nn.RNNBase], **options: Any) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        features, hidden, layers, ways = draw(1, 3), draw(2, 3), draw(1, 2, 3), draw(1, 2)
        projected = draw(0, 0, 1) if kind is nn.LSTM else 0
        first, bias, batch = draw(False, True), draw(True, False), draw((2,), (1,), ())
        more = options | ({"proj_size": projected} if projected else {})
        made = kind(features, hidden, num_layers=layers, bias=bias, batch_first=first, bidirectional=ways == 2, **more)
        length = draw(1, 4)
        shape = (*batch, length, features) if first else (length, *batch, features)
        state = of(layers * ways, *batch, projected or hidden)
        cells = of(layers * ways, *batch, hidden)
        stated = (state, cells) if kind is nn.LSTM else state
        return made, {"input": of(*shape)} | draw({}, {"hx": stated})

    return case


def cell(kind: type[nn.RNNCellBase], **options: Any) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        features, hidden, batch = draw(1, 3), draw(1, 2), draw((2,), ())
        state = of(*batch, hidden)
        stated = draw({}, {"hx": (state, state) if kind is nn.LSTMCell else state})
        return kind(features, hidden, draw(True, False), **options), {"input": of(*batch, features)} | stated

    return case


def einsum(draw: Draw) -> Case:
    length = dict(zip("abcd", draw.sides(1, 3, 4), strict=True))
    around = draw.sides(1, 2, 2)
    terms = ["".join(draw("", *"abcd") for _ in range(3)) for _ in range(draw(1, 2, 2, 3, 4))]
    terms = [("..." if draw(False, True) else "") + term for term in terms]
    operands = []
    for term in terms:
        letters = term.removeprefix("...")
        free = around[draw(0, 1, 2) :] if letters != term else ()
        ones = draw(0, 0, 0, 1)  # axes of one place are repeated
        operands.append(of(*free, *(1 if ones and letter == "a" else length[letter] for letter in letters)))
    output = "".join(letter for letter in draw("", "a", "ba", "cab", "dcba") if letter in "".join(terms))
    right = draw("", f"->{output}", f"->...{output}")
    return torch.einsum, {"equation": draw("", " ") + ",".join(terms) + right} | {
        f"operand{number}": operand for number, operand in enumerate(operands)
    }


def batch_norm(draw: Draw) -> Case:
    maps = draw(of(2, 3), draw.maps(1), draw.maps(2), draw.maps(3))
    learned, statistics = draw(None, of(maps.shape[1])), draw(of(maps.shape[1]), None)
    named = {"input": maps, "running_mean": statistics, "running_var": statistics, "weight": learned, "bias": learned}
    if statistics and draw(False, True):
        order = ("input", "weight", "bias", "running_mean", "running_var")
        rest = {"training": False, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}
        return torch.batch_norm, {name: named[name] for name in order} | rest
    return F.batch_norm, named | {"training": statistics is None}


def instance_norm(draw: Draw) -> Case:
    maps = draw(draw.maps(1), draw.maps(2), draw.maps(3))
    learned = draw(None, of(maps.shape[1]))
    return F.instance_norm, {
        "input": maps,
        "running_mean": None,
        "running_var": None,
        "weight": learned,
        "bias": learned,
    }


def layer_norm(function: Callable[..., Any]) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        shape = draw.sides(1, 3, draw(1, 2, 3))
        learned = draw(None, of(*shape))
        rest = {"bias": draw(None, learned)} if function is F.layer_norm else {}
        return function, {
            "input": of(*draw.sides(1, 3, 2), *shape),
            "normalized_shape": shape,
            "weight": learned,
        } | rest

    return case


def group_norm(draw: Draw) -> Case:
    groups = draw(1, 2)
    maps = draw.maps(draw(1, 2), groups * draw(1, 2))
    learned = draw(None, of(maps.shape[1]))
    return F.group_norm, {"input": maps, "num_groups": groups, "weight": learned, "bias": learned}


def max_pool(axes: int, suffix: str = "") -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        function = draw(F, torch) if not suffix else F
        rest = {} if function is torch or suffix else {"return_indices": draw(False, True)}
        return getattr(function, f"max_pool{axes}d{suffix}"), {
            "input": draw.maps(axes),
            "kernel_size": draw.per_axis(1, 3, axes),
            "stride": draw.per_axis(1, 3, axes) if function is torch else draw(None, draw.per_axis(1, 3, axes)),
            "padding": draw.per_axis(0, 1, axes),
            "dilation": draw.per_axis(1, 2, axes),
            "ceil_mode": draw(False, True),
            **rest,
        }

    return case


def avg_pool(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        return getattr(F, f"avg_pool{axes}d"), {
            "input": draw.maps(axes),
            "kernel_size": draw.per_axis(1, 3, axes),
            "stride": draw.per_axis(1, 3, axes),
            "padding": draw.per_axis(0, 1, axes),
            "ceil_mode": draw(False, True),
            "count_include_pad": draw(True, False),
        }

    return case


def adaptive_avg_pool(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        size = draw(1, (1,) * axes, draw.per_axis(1, 4, axes))
        if axes > 1:
            size = draw(size, (None, *draw.sides(1, 3, axes - 1)))
        return getattr(F, f"adaptive_avg_pool{axes}d"), {"input": draw.maps(axes), "output_size": size}

    return case


def mean(draw: Draw) -> Case:
    shape = draw.sides(1, 3, draw(1, 2, 3, 4))
    axes = draw.side(-len(shape), len(shape) - 1)
    dim = draw({}, {"dim": axes}, {"dim": (axes,)}, {"dim": [0, -1][: len(shape)]}, {"dim": ()}, {"dim": (-1, -2)})
    return draw(torch.mean, Tensor.mean), {"input": of(*shape)} | dim | ({"keepdim": draw(False, True)} if dim else {})


def concat(draw: Draw) -> Case:
    shape, count = draw.sides(1, 3, draw(1, 2, 3)), draw(1, 2, 3)
    dim = draw.side(-len(shape), len(shape) - 1)
    joined = [[*shape] for _ in range(count)]
    for one in joined:
        one[dim] = draw.side(1, 3)
    parts = [of(*one) for one in joined] + draw([], [], [of(0)])
    return draw(torch.cat, torch.concat, torch.concatenate), {"tensors": parts, "dim": dim}


def pad(draw: Draw) -> Case:
    mode, axes = draw("constant", "reflect", "replicate", "circular"), draw(1, 2, 3)
    sides = draw.sides(-1 if mode == "constant" else 0, 2, 2 * axes)
    return F.pad, {"input": draw.maps(axes), "pad": sides, "mode": mode}


def interpolate(draw: Draw) -> Case:
    axes = draw(1, 2, 3)
    smooth = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}[axes]
    mode = draw("nearest", "nearest-exact", *smooth)
    size = {"size": draw.per_axis(1, 8, axes)}
    scale = {"scale_factor": draw(2, 1.5, 0.5, (2.0,) * axes), "recompute_scale_factor": draw(None, True)}
    corners = {"align_corners": draw(None, True)} if mode in smooth else {}
    return F.interpolate, {"input": draw.maps(axes)} | draw(size, scale) | {"mode": mode} | corners


def relu(draw: Draw) -> Case:
    shape = of(*draw.sides(1, 3, draw(0, 1, 3)))
    return draw(
        (F.relu, {"input": shape, "inplace": draw(False, True)}),
        *((function, {"input": shape}) for function in (torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)),
    )


def pairwise(name: str, *more: Callable[..., Any]) -> Callable[[Draw], Case]:
    in_place = [getattr(Tensor, f"{name}_")] if hasattr(Tensor, f"{name}_") else []

    def case(draw: Draw) -> Case:
        shape = draw.sides(1, 3, draw(1, 2, 3))
        other = of(*(draw(side, side, 1) for side in shape[draw(0, 0, 1) :]))
        number = [] if name in ("maximum", "minimum") else [2]
        return draw(getattr(torch, name), getattr(Tensor, name), *in_place, *more), {
            "input": of(*(draw(side, side, side, 1) for side in shape)),
            "other": draw(other, *number),
        }

    return case


def dropout(name: str, axes: int | None = None) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        maps = draw.maps(axes or 2)
        return draw(
            (getattr(F, name), {"input": maps, "p": draw(0.0, 0.5), "training": draw(False, True), "inplace": False}),
            *((f, {"input": maps, "p": 0.5, "train": draw(False, True)}) for f in [getattr(torch, name, None)] if f),
        )

    return case


CASES: dict[str, Callable[[Draw], Case]] = {
    **{f"conv{axes}d": conv(axes) for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": conv_transpose(axes) for axes in (1, 2, 3)},
    **{f"max_pool{axes}d": max_pool(axes) for axes in (1, 2, 3)},
    **{f"max_pool{axes}d_with_indices": max_pool(axes, "_with_indices") for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": avg_pool(axes) for axes in (1, 2, 3)},
    **{f"adaptive_avg_pool{axes}d": adaptive_avg_pool(axes) for axes in (1, 2, 3)},
    **{f"dropout{axes}d": dropout(f"dropout{axes}d", axes) for axes in (1, 2, 3)},
    **{name: dropout(name) for name in ("dropout", "alpha_dropout", "feature_alpha_dropout")},
    **{name: pairwise(name) for name in ("maximum", "minimum")},
    "add": pairwise("add", lambda input, other: input + other, lambda input, other: other + input, Tensor.__iadd__),
    "sub": pairwise("sub", lambda input, other: input - other, Tensor.__isub__),
    "mul": pairwise("mul", lambda input, other: other * input, torch.multiply, Tensor.__imul__),
    "div": pairwise("div", lambda input, other: input / other, torch.true_divide, Tensor.__itruediv__),
    "rdiv": lambda draw: (lambda input: 2 / input, {"input": of(*draw.sides(1, 3, draw(0, 1, 2)))}),
    "linear": linear,
    "matmul": matmul,
    "addmm": addmm,
    "baddbmm": baddbmm,
    "attention": attention,
    "multi_head_attention_forward": multi_head_attention,
    "einsum": einsum,
    "lstm": recurrent(nn.LSTM),
    "gru": recurrent(nn.GRU),
    "rnn_tanh": recurrent(nn.RNN),
    "rnn_relu": recurrent(nn.RNN, nonlinearity="relu"),
    "lstm_cell": cell(nn.LSTMCell),
    "gru_cell": cell(nn.GRUCell),
    "rnn_tanh_cell": cell(nn.RNNCell),
    "rnn_relu_cell": cell(nn.RNNCell, nonlinearity="relu"),
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm(F.layer_norm),
    "rms_norm": layer_norm(F.rms_norm),
    "group_norm": group_norm,
    "mean": mean,
    "concat": concat,
    "pad": pad,
    "interpolate": interpolate,
    "relu": relu,
}


def spoilt(value: Any, draw: Draw) -> Any:
    """The same with one of its numbers, one side, or the number of its axes changed."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return draw(value + 1, value + 2, value + 7, value - 1, value - 3, 1)
    if isinstance(value, Of):
        shape = tuple(max(side, 1) for side in spoilt(value.shape, draw))
        return Of(draw(shape, value.shape[1:], (*value.shape, 1), (2, *value.shape)))
    if not isinstance(value, (list, tuple)) or not value:
        return value
    place = draw(*range(len(value)))
    return type(value)([*value[:place], spoilt(value[place], draw), *value[place + 1 :]])


#: What torch's own functions take for an argument beside its name.
ALSO = {"input": ("x", "a", "x1"), "other": ("x2",), "dim": ("axis",), "keepdim": ("keepdims",)}


def truth(module: Calls) -> tuple[list[tuple[int, ...]], int]:
    """Output shapes and FLOPs of PyTorch itself."""
    with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=dict(FORMULAS)) as counter:
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            result = module.eval()(*module.inputs("cpu"))
        finally:
            torch.backends.mha.set_fastpath_enabled(True)
    return [tuple(tensor.shape) for tensor in parts(result, Tensor)], counter.get_total_flops()


def counted(module: Calls) -> tuple[Any, int]:
    """The same of DenseScope, and the parameters."""
    summary = analysis.summarize(module, input=module.inputs("meta"), verify=False)
    return (list(summary.trace.output_shapes), summary.flops), summary.params


def drawn(name: str, draw: Draw) -> Calls:
    """A case of the table, some spoilt, some under NumPy's names, with any number of arguments by their place."""
    function, arguments = CASES[name](draw)
    if draw(False, False, True):
        chosen = draw(*arguments)
        arguments[chosen] = spoilt(arguments[chosen], draw)
    if draw(False, False, True):
        arguments = {draw(key, *ALSO.get(key, ())): value for key, value in arguments.items()}
    return Calls(function, arguments, len(arguments) if name == "einsum" else draw(*range(len(arguments) + 1)))


def test_every_rule_has_its_case():
    assert CASES.keys() == RULES.keys()


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=examples(20))
@given(data=st.data())
def test_rules_are_those_of_pytorch(name, data):
    module = drawn(name, Draw(data))
    note(f"{module.function}, {module.positional} by place: {module.arguments}")
    with warnings.catch_warnings(action="ignore"):
        try:
            expected = truth(module), sum(parameter.numel() for parameter in module.parameters())
        except Exception as error:
            expected = note(f"PyTorch: {error}")
        try:
            found = counted(module)
        except DenseScopeError as error:
            found = note(f"DenseScope: {error}")
    assert found == expected
