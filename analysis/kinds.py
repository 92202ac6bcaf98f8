"""The kinds of operation that tables and charts tell apart, finer than `op` for convolutions, coarser for the rest."""

from __future__ import annotations

from archs.layer import Layer

#: In the order of every legend.
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

_OPS_OF_KIND = {
    "linear": "linear",
    "matrix product": "matmul attention einsum",
    "concat": "concat stack",
    "normalisation": "batch_norm layer_norm group_norm instance_norm rms_norm normalize",
    "activation": "relu relu6 leaky_relu prelu elu hardtanh clamp sigmoid hardsigmoid silu hardswish gelu mish tanh "
    "softplus softmax log_softmax",
    "pooling": "max_pool2d avg_pool2d avg_pool1d global_avg_pool adaptive_avg_pool2d adaptive_max_pool2d",
    "copy": "copy write clone pad roll flip repeat repeat_interleave tile gather index_select getitem setitem unfold "
    "fold pixel_shuffle pixel_unshuffle",
}
_KIND_OF_OP = {op: kind for kind, ops in _OPS_OF_KIND.items() for op in ops.split()}


def op_kind(layer: Layer) -> str:
    """The kind of a layer, one of `KINDS`."""
    if layer.op.startswith("conv") and layer.kernel:
        if layer.groups > 1 and layer.groups == layer.input_shapes[0][1]:
            return "depthwise"
        return "convolution 1×1" if set(layer.kernel) == {1} else "convolution k×k"
    return _KIND_OF_OP.get(layer.op, "arithmetic")
