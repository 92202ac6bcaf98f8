"""The kinds of operation that tables and charts tell apart, finer than `op` for convolutions, coarser for the rest."""

from __future__ import annotations

from archs.layer import Layer

#: In the order of every legend.
KINDS = (
    "convolution 1×1",
    "convolution k×k",
    "depthwise",
    "linear",
    "concat",
    "normalisation",
    "activation",
    "pooling",
    "arithmetic",
)
#: The kinds that FLOPs and the memory access cost count.
WEIGHTED_KINDS = frozenset(KINDS[:4])

_KIND_OF_OP = {
    "linear": "linear",
    "concat": "concat",
    "batch_norm": "normalisation",
    "relu": "activation",
    "hardsigmoid": "activation",
    "max_pool2d": "pooling",
    "avg_pool2d": "pooling",
    "global_avg_pool": "pooling",
}


def op_kind(layer: Layer) -> str:
    """The kind of a layer, one of `KINDS`."""
    if layer.op == "conv2d":
        if layer.groups > 1 and layer.groups == layer.input_shapes[0][1]:
            return "depthwise"
        return "convolution 1×1" if layer.kernel == (1, 1) else "convolution k×k"
    return _KIND_OF_OP.get(layer.op, "arithmetic")
