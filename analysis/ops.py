"""Every operation that DenseScope knows, as one record. One table for the meter and all that goes beyond counting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from typing import Any

from analysis import costs, saved
from analysis.costs import CostRule
from analysis.saved import SavedRule
from archs.layer import Layer, Shape

#: The kinds of operation that tables and charts tell apart, finer than ops for convolutions, coarser for the rest; in
#: the order of every legend.
KINDS = (
    "convolution 1×1",
    "convolution k×k",
    "depthwise",
    "linear",
    "matrix product",
    "concat",
    "normalisation",
    "activation",
    "pooling",
    "arithmetic",
    "copy",
)
#: The kinds that are convolutions.
CONV_KINDS = frozenset(KINDS[:3])
#: The kinds with multiply-accumulates, which FLOPs and the memory access cost count.
WEIGHTED_KINDS = frozenset(KINDS[:5])

#: How a compiler makes kernels of ops. A library runs it, and merges nothing into it.
LIBRARY = "library"
#: A kernel of its own: each output is computed from many elements of the input, which may be merged into it.
REDUCTION = "reduction"
#: The same, from windows of an input that are in memory.
WINDOWS = "windows"
#: Merged into its only reader, unless it joins too many pieces.
CONCATENATION = "concatenation"
#: Merged into its only reader.
POINTWISE = "pointwise"
FUSIONS = (LIBRARY, REDUCTION, WINDOWS, CONCATENATION, POINTWISE)


@dataclass(frozen=True, slots=True)
class Op:
    """All that DenseScope knows of one operation."""

    name: str
    _: KW_ONLY
    #: One of `KINDS`, or how a layer's follows from its geometry.
    kind: str | Callable[[Layer], str]
    cost: CostRule
    #: What autograd saves for the backward pass; None where that is not followed.
    saved: SavedRule | None = None
    #: One of `FUSIONS`.
    fusion: str = POINTWISE
    #: Whether autocast runs it in float32.
    in_float32: bool = False
    #: Whether op and shapes imply learnable weights; such a layer has the name of the module that owns them.
    is_weighted: bool = False
    #: Whether the last axis of what it reads holds the channels, also of four.
    channels_last: bool = False
    #: Whether it runs step by step along a sequence, in many kernels.
    is_stepwise: bool = False
    #: What a sentence calls it; by default its name.
    word: str = ""
    #: How a paper's table writes it, with {window}, {kind} of convolution, {size} of the input and {features} of the
    #: output; empty if it leaves the op out.
    notation: str = ""
    #: What a block diagram writes in a circle of its own (arithmetic) or in the box of the convolution beside it
    #: (normalisation, activation); empty if the op has a box of its own.
    symbol: str = ""

    @property
    def is_product(self) -> bool:
        """Whether it multiplies tensors, so that even of weights alone it is a layer."""
        return self.fusion == LIBRARY


def _conv_kind(layer: Layer) -> str:
    if layer.groups > 1 and layer.groups == layer.input_shapes[0][1]:
        return "depthwise"
    return "convolution 1×1" if set(layer.kernel or ()) == {1} else "convolution k×k"


def _conv(name: str, cost: CostRule = costs.convolution, word: str = "convolution", notation: str = "") -> Op:
    return Op(
        name,
        kind=_conv_kind,
        cost=cost,
        saved=saved.CONV,
        fusion=LIBRARY,
        is_weighted=True,
        word=word,
        notation=notation,
    )


_PRODUCTS = (
    _conv("conv1d"),
    _conv("conv2d", notation="{window} {kind}conv"),
    _conv("conv3d"),
    *(_conv(f"conv_transpose{axes}d", costs.transposed_convolution, "transposed convolution") for axes in (1, 2, 3)),
    Op(
        "linear",
        kind="linear",
        channels_last=True,
        cost=costs.linear,
        saved=saved.LINEAR,
        fusion=LIBRARY,
        is_weighted=True,
        notation="{features}-way fully connected",
    ),
    Op("matmul", kind="matrix product", cost=costs.matmul, fusion=LIBRARY),
    Op("einsum", kind="matrix product", cost=costs.einsum, fusion=LIBRARY),
    Op("attention", kind="matrix product", cost=costs.attention, fusion=LIBRARY, notation="attention"),
    *(
        Op(name, kind="matrix product", cost=costs.recurrent, fusion=LIBRARY, is_stepwise=True)
        for cell in ("lstm", "gru", "rnn_tanh", "rnn_relu")
        for name in (cell, f"{cell}_cell")
    ),
)


def _norm(name: str, cost: CostRule = costs.layer_norm, **more: Any) -> Op:
    """A normalisation by statistics of the layer's own input."""
    return Op(name, kind="normalisation", cost=cost, fusion=REDUCTION, in_float32=True, **more)


_NORMALISATIONS = (
    Op(
        "batch_norm",
        kind="normalisation",
        cost=costs.batch_norm,
        saved=saved.BATCH_NORM,
        is_weighted=True,
        word="batch norm",
        symbol="BN",
    ),
    _norm("layer_norm", saved=saved.LAYER_NORM, channels_last=True, word="layer norm", symbol="LN"),
    _norm("group_norm", saved=saved.GROUP_NORM, word="group norm", symbol="GN"),
    _norm("instance_norm"),
    _norm("rms_norm", costs.per_output(4), channels_last=True),  # square, sum, divide, scale
    Op("normalize", kind="normalisation", cost=costs.per_output(3)),  # square, sum, divide
    # a square and an average over neighbouring channels, scale, shift, power, division
    Op("local_response_norm", kind="normalisation", cost=costs.per_output(6)),
)


def _activation(name: str, operations: int, saves: SavedRule | None = None, word: str = "", symbol: str = "") -> Op:
    return Op(name, kind="activation", cost=costs.per_output(operations), saved=saves, word=word, symbol=symbol)


#: Operations per output element; a transcendental function counts as one.
_ACTIVATIONS = (
    Op("relu", kind="activation", cost=costs.relu, saved=saved.RELU, word="ReLU", symbol="ReLU"),
    _activation("relu6", 2, saved.ACTIVATION_INPUT, "ReLU6", "ReLU6"),  # two comparisons
    _activation("hardtanh", 2, saved.ACTIVATION_INPUT),
    _activation("clamp", 2, saved.ACTIVATION_INPUT),
    _activation("leaky_relu", 2, saved.ACTIVATION_INPUT, "leaky ReLU", "leaky ReLU"),  # compare, multiply
    _activation("prelu", 2),
    *(_activation(name, 3) for name in ("elu", "selu", "celu")),  # compare, exp, subtract
    _activation("threshold", 1),
    _activation("hardshrink", 2),
    _activation("softshrink", 3),
    _activation("softsign", 3),  # abs, add, divide
    _activation("logsigmoid", 4),
    _activation("glu", 5),  # sigmoid of one half, multiplication with the other
    _activation("softplus", 3, saved.ACTIVATION_INPUT),  # exp, add, log
    _activation("tanh", 1, saved.ACTIVATION_OUTPUT),
    _activation("sigmoid", 4, saved.ACTIVATION_OUTPUT, symbol="sigmoid"),  # negate, exp, add, divide
    # clip(x/6 + 1/2, 0, 1): multiply, add, two comparisons
    _activation("hardsigmoid", 4, saved.ACTIVATION_INPUT, symbol="hard sigmoid"),
    _activation("hardswish", 5, saved.ACTIVATION_INPUT, "hard swish", "hard swish"),  # hardsigmoid, multiply
    _activation("silu", 5, saved.ACTIVATION_INPUT, "SiLU", "SiLU"),  # sigmoid, multiply
    _activation("mish", 5, saved.ACTIVATION_INPUT),  # softplus, tanh, multiply
    _activation(
        "gelu", 5, saved.ACTIVATION_INPUT, "GELU", "GELU"
    ),  # x/2 · (1 + erf(x/√2)): scale twice, erf, add, multiply
    _activation("softmax", 5, saved.ACTIVATION_OUTPUT),  # max, subtract, exp, sum, divide
    _activation("log_softmax", 5, saved.ACTIVATION_OUTPUT),  # max, subtract, exp, sum with log, subtract
)


def _pool(
    name: str, cost: CostRule, saves: SavedRule | None, word: str, notation: str = "", fusion: str = WINDOWS
) -> Op:
    return Op(name, kind="pooling", cost=cost, saved=saves, fusion=fusion, word=word, notation=notation)


_POOLINGS = (
    *(_pool(f"max_pool{n}d", costs.max_pool, saved.MAX_POOLING, "max pooling", "{window} max pool") for n in (1, 2, 3)),
    *(
        _pool(f"avg_pool{n}d", costs.avg_pool, saved.POOLING, "average pooling", "{window} average pool")
        for n in (1, 2, 3)
    ),
    *(_pool(f"adaptive_avg_pool{n}d", costs.adaptive_pool, saved.POOLING, "adaptive pooling") for n in (1, 2, 3)),
    *(_pool(f"adaptive_max_pool{n}d", costs.adaptive_pool, None, "adaptive max pooling") for n in (1, 2, 3)),
    _pool("roi_align", costs.roi_align, saved.BOXES, "pooling of boxes"),
    _pool("global_avg_pool", costs.reduction, saved.NOTHING, "global pooling", "{size} global average pool", REDUCTION),
)


def _arithmetic(name: str, operations: int, saves: SavedRule | None = None, word: str = "", symbol: str = "") -> Op:
    return Op(name, kind="arithmetic", cost=costs.per_output(operations), saved=saves, word=word, symbol=symbol)


def _reduction(name: str, saves: SavedRule | None = None, *, in_float32: bool = False) -> Op:
    return Op(name, kind="arithmetic", cost=costs.reduction, saved=saves, fusion=REDUCTION, in_float32=in_float32)


_ARITHMETIC = (
    _arithmetic("add", 1, saved.NOTHING, "addition", "+"),
    _arithmetic("sub", 1, saved.NOTHING),
    _arithmetic("mul", 1, saved.PRODUCT, "multiplication", "×"),
    _arithmetic("neg", 1, saved.NOTHING),
    *(_arithmetic(name, 1, saved.ACTIVATION_INPUT) for name in ("square", "abs", "log")),
    *(_arithmetic(name, 1, saved.ACTIVATION_OUTPUT) for name in ("exp", "sqrt", "rsqrt")),
    *(_arithmetic(name, 1) for name in ("div", "pow", "maximum", "minimum", "masked_fill", "where")),
    *(
        _arithmetic(name, 1)
        for name in ("sin", "cos", "erf", "rsub", "reciprocal", "expm1", "log1p", "floor_divide", "cumsum")
    ),
    *(_arithmetic(name, 1, saved.NOTHING) for name in ("floor", "ceil", "round", "sign", "trunc")),
    *(_arithmetic(name, 1) for name in ("eq", "ne", "lt", "le", "gt", "ge")),
    *(_arithmetic(name, 1) for name in ("logical_and", "logical_or", "logical_not")),
    _arithmetic("addcmul", 2),
    _arithmetic("lerp", 3),
    _arithmetic("interpolate", 7, saved.NOTHING),  # bilinear: two interpolations along one axis, one along the other
    _arithmetic("linear_upsampling", 3, saved.NOTHING),  # two multiplications, one addition
    _arithmetic("trilinear_upsampling", 15, saved.NOTHING),
    _arithmetic("bicubic_upsampling", 31, saved.NOTHING),
    _arithmetic("dropout", 1, saved.DROPOUT),  # where it acts at inference too: a multiplication by the mask
    _arithmetic("feature_dropout", 1, saved.FEATURE_DROPOUT),
    _arithmetic("alpha_dropout", 2),
    *(_reduction(name, saved.NOTHING) for name in ("mean", "sum")),
    *(_reduction(name) for name in ("amax", "amin", "max", "min", "argmax", "argmin", "any", "all", "prod")),
    *(_reduction(name, in_float32=True) for name in ("norm", "var", "std")),
    _reduction("fold"),  # adds up patches where they overlap
)


def _copy(name: str, saves: SavedRule | None = None, cost: CostRule = costs.copy, word: str = "") -> Op:
    return Op(name, kind="copy", cost=cost, saved=saves, word=word)


_COPIES = (
    Op("concat", kind="concat", cost=costs.selection, saved=saved.CONCAT, fusion=CONCATENATION),
    Op("stack", kind="concat", cost=costs.copy, saved=saved.NOTHING),
    Op("write", kind="copy", cost=costs.write, saved=saved.PLACES),
    *(_copy(name, saved.NOTHING) for name in ("copy", "clone", "pad", "roll", "flip")),
    *(_copy(name, saved.NOTHING) for name in ("pixel_shuffle", "pixel_unshuffle")),
    _copy("channel_shuffle", saved.NOTHING, word="channel shuffle"),
    *(_copy(name, saved.NOTHING) for name in ("nearest_upsampling", "nearest_exact_upsampling")),
    *(_copy(name) for name in ("reflect_pad", "replicate_pad", "circular_pad")),
    *(_copy(name) for name in ("repeat", "repeat_interleave", "tile")),
    _copy("index_select", saved.NOTHING, costs.selection, "index"),
    *(_copy(name) for name in ("gather", "getitem", "setitem", "unfold", "embedding", "tril", "triu")),
)

#: By name.
OPS: dict[str, Op] = {}


def register_op(op: Op) -> None:
    """Add an op to the table. Raises: ValueError: there is one of that name."""
    if op.name in OPS:
        raise ValueError(f"the operation {op.name!r} is registered twice")
    OPS[op.name] = op


for _op in (*_PRODUCTS, *_NORMALISATIONS, *_ACTIVATIONS, *_POOLINGS, *_ARITHMETIC, *_COPIES):
    register_op(_op)


def find_op(name: str) -> Op:
    """The record of an op; for one that is not in the table, of arithmetic that costs nothing."""
    return OPS.get(name) or Op(name, kind="arithmetic", cost=costs.uncounted)


def op_kind(layer: Layer) -> str:
    """The kind of a layer, one of `KINDS`."""
    kind = find_op(layer.op).kind
    return kind if isinstance(kind, str) else kind(layer)


def as_maps(op: str, shape: Shape) -> Shape:
    """What an op reads or makes, as maps (N, C, H, W) where it has four axes."""
    is_turned = len(shape) == 4 and find_op(op).channels_last
    return (shape[0], shape[3], shape[1], shape[2]) if is_turned else shape
