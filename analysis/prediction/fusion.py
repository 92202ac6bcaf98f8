"""Which layers a compiler merges: the rules of TorchInductor that matter for the traffic of a convolutional network.

An elementwise layer is computed inside the kernel that reads it, and never reaches memory, unless a convolution, a
pooling or several layers read it. A concatenation of many maps is written to memory, each piece by the kernel that
makes it; pieces that come straight from convolutions are copied.

Source: torch/_inductor/lowering.py (cat, pooling), torch/_inductor/ir.py (realize, realize_hint, mark_reuse).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from analysis.kinds import WEIGHTED_KINDS, op_kind
from archs.layer import Layer

#: torch._inductor.config.max_pointwise_cat_inputs
MAX_INLINED_PIECES = 8
_REDUCTIONS = frozenset(("layer_norm", "group_norm", "instance_norm", "rms_norm", "var", "std", "mean", "norm"))
_WINDOWED = frozenset(("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"))


def fuse(layers: Sequence[Layer]) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """What each kernel reads, and what it copies into a concatenation beside; keys are the layers that remain."""
    readers: dict[str, list[Layer]] = defaultdict(list)
    for layer in layers:
        for name in layer.inputs:
            readers[name].append(layer)
    merged = {layer.name: layer for layer in layers if _is_merged(layer, readers[layer.name])}
    uncopyable = {layer.name for layer in layers if _is_opaque(layer) or op_kind(layer) == "pooling"}
    sources, copied = {}, {}
    for layer in layers:
        if layer.name in merged:
            continue
        inputs = layer.inputs
        if layer.op == "concat":
            copied[layer.name] = tuple(name for name in inputs if name in uncopyable)
            inputs = tuple(name for name in inputs if name in merged)
        sources[layer.name] = tuple(dict.fromkeys(_memory_sources(inputs, merged)))
    return sources, copied


def _is_opaque(layer: Layer) -> bool:
    """Run by a library: convolutions, linear layers, matrix products."""
    return op_kind(layer) in WEIGHTED_KINDS


def _is_merged(layer: Layer, readers: Sequence[Layer]) -> bool:
    """Whether a layer's output never reaches memory."""
    if _is_opaque(layer) or op_kind(layer) == "pooling" or layer.op in _REDUCTIONS or len(readers) != 1:
        return False
    if layer.op == "concat" and len(layer.inputs) > MAX_INLINED_PIECES:
        return False
    return not (_is_opaque(readers[0]) or readers[0].op in _WINDOWED)


def _memory_sources(names: Sequence[str], merged: dict[str, Layer]) -> list[str]:
    """The maps in memory from which merged layers are computed."""
    found = []
    for name in names:
        found += _memory_sources(merged[name].inputs, merged) if name in merged else [name]
    return found
