"""Arguments that PyTorch takes for convolutions, products of matrices, attention, recurrent networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.support.calls import Case, Draw, Of, of


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


#: By the name of the rule.
PRODUCTS: dict[str, Callable[[Draw], Case]] = {
    **{f"conv{axes}d": conv(axes) for axes in (1, 2, 3)},
    **{f"conv_transpose{axes}d": conv_transpose(axes) for axes in (1, 2, 3)},
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
}
