"""What a GPU is given to do: the kernels of a network, with the arithmetic and the bytes of one image each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.meter import LayerCost, cost_layers
from analysis.ops import CONCATENATION, CONV_KINDS, LIBRARY, REDUCTION, WINDOWS, find_op, op_kind
from analysis.targets import plan_of
from archs.errors import TraceError
from archs.layer import CONSTANT, Layer, Pair

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

EXECUTIONS = ("eager", "compiled")
#: How a kernel computes, as an index: what reaches the matrix units differs.
POINTWISE_CONV, SPATIAL_CONV, STEM_CONV, GROUPED_CONV, UNEVEN_CONV, DEPTHWISE_CONV, ELEMENTWISE = range(7)
_CONV_TYPES = {
    "convolution 1×1": POINTWISE_CONV,
    "linear": POINTWISE_CONV,
    "matrix product": POINTWISE_CONV,
    "convolution k×k": SPATIAL_CONV,
    "depthwise": DEPTHWISE_CONV,
}
#: Up to so many input channels a convolution sees the image, which fills the matrix units badly.
STEM_CHANNELS = 4
#: Matrix kernels make output channels in tiles of so many; the rest of the last tile is wasted.
CHANNEL_TILE = 32
#: What autocast runs in float32 moves: input cast (2 read, 4 written), op (4, 4), output cast back (4, 2), against 2
#: and 2.
AUTOCAST_TRAFFIC = 5
#: A map in float32 moves twice the bytes of one in 16 bits; a cast reads the one and writes the other.
WIDE, CAST = 2, 3
#: More elements than any map has.
MANY = 1 << 62


class Kernels(NamedTuple):
    """One array entry a kernel; activations are those of one image, in elements."""

    kind: Integers
    #: FLOPs of convolution and linear layers, the waste of incomplete tiles included.
    padded_flops: Floats
    elements: Floats
    #: Elements that a compiled concatenation reads beside: maps that come straight from convolutions.
    copied_elements: Floats
    weights: Floats
    #: Whether PyTorch runs it as a kernel of its own (False: merged by the compiler).
    eager: npt.NDArray[np.bool_]


class Program(NamedTuple):
    """The kernels of a network in execution order, and the layer that each one ends."""

    layers: tuple[LayerCost, ...]
    #: Index of the layer that each kernel completes; other layers are merged into it.
    layer_index: Integers
    kernels: Kernels
    #: Of all images.
    flops: int
    #: Whether the compiler computes convolutions in NHWC, as `compiled_layout` says.
    channels_last: bool
    #: How many images the layers are of.
    batch_size: int = 1


@lru_cache(maxsize=256)
def planned_program(config: Any, image_size: Pair, execution: str, half: bool) -> Program:
    """The kernels of the config of a network or detector."""
    return program(plan_of(config, image_size), execution, half)


def program(layers: Sequence[Layer], execution: str, half: bool, batch_size: int = 1) -> Program:
    """The kernels of layers.

    Args:
        layers: of `batch_size` images.
        execution: "eager", one kernel a layer, or "compiled", elementwise layers merged as TorchInductor does.
        half: whether autocast runs convolutions in 16 bits.

    Raises:
        UnknownOpError: the time of an operation is not known.
        TraceError: there is nothing to run, or the model does not know how.
    """
    if not layers:
        raise TraceError("A network without any operation takes no time that could be predicted.")
    costs = cost_layers(layers, "int8")  # a byte an element
    for layer in layers:
        if find_op(layer.op).is_stepwise:
            raise TraceError(
                f"The time of layer {layer.name!r} cannot be predicted: {layer.op} runs step by step, in kernels that "
                "the model does not know."
            )
    sizes = {layer.name: prod(layer.output_shape) for layer in layers}
    if execution == "compiled":
        index, traffic = _merged_traffic(layers, sizes)
    else:
        wide = float32_maps(layers) if half else frozenset()
        index, traffic = [*range(len(layers))], [(_own_traffic(layer, sizes, wide, half), 0) for layer in layers]
    rows = [
        (*arithmetic(costs[number]), *moved, costs[number].params) for number, moved in zip(index, traffic, strict=True)
    ]
    kind, *columns = np.array(rows, float).T
    flops, elements, copied, weights = columns
    eager = np.full(len(rows), execution == "eager")
    kernels = Kernels(kind.astype(int), flops, elements, copied, weights, eager)
    channels_last = compiled_layout(costs) == "nhwc"
    return Program(costs, np.array(index), kernels, sum(cost.flops for cost in costs), channels_last, batch_size)


def float32_maps(layers: Sequence[Layer]) -> frozenset[str]:
    """The layers whose output autocast leaves in float32, though convolutions run in 16 bits.

    A learnt scale or shift of one element stays float32 and makes float32 of the map that it meets, and so of what is
    made of that map, until a convolution or a linear layer casts its input back.
    """
    wide: set[str] = set()
    for layer in layers:
        meets_parameter = CONSTANT in layer.inputs and layer.extra_params == 1
        if _fusion(layer) != LIBRARY and (meets_parameter or not wide.isdisjoint(layer.inputs)):
            wide.add(layer.name)
    return frozenset(wide)


def _own_traffic(layer: Layer, sizes: Mapping[str, int], wide: frozenset[str], half: bool) -> int:
    """Elements that a layer reads and writes as a kernel of its own; under autocast counted as 16 bits each.

    A map is read at the size at which it was written, if it was broadcast, or at the part that is used.
    """
    own = WIDE if layer.name in wide else 1
    if layer.op == "concat":
        return 2 * own * sizes[layer.name]
    if layer.op == "write":
        return 2 * own * prod(layer.input_shapes[0])
    moved = own * sizes[layer.name]
    for name, shape in zip(layer.inputs, layer.input_shapes, strict=False):
        size = prod(shape)
        stored = 1 if name not in wide else WIDE if layer.name in wide else CAST + 1
        moved += stored * min(size, sizes.get(name, size))
    return moved * AUTOCAST_TRAFFIC if half and find_op(layer.op).in_float32 else moved


def _merged_traffic(layers: Sequence[Layer], sizes: Mapping[str, int]) -> tuple[list[int], list[tuple[int, int]]]:
    """The layers that remain kernels after fusion, with the elements that each one moves and copies."""
    sources, copied = fuse(layers)
    index, traffic = [], []
    for number, layer in enumerate(layers):
        if layer.name in sources:
            own = dict(zip(layer.inputs, map(prod, layer.input_shapes), strict=False))
            read = sum(min(sizes.get(name, own.get(name, 0)), own.get(name, MANY)) for name in sources[layer.name])
            index.append(number)
            traffic.append((sizes[layer.name] + read, sum(sizes[name] for name in copied.get(layer.name, ()))))
    return index, traffic


def arithmetic(cost: LayerCost) -> tuple[int, float]:
    """How a layer computes, and its FLOPs with the waste of an incomplete tile of output channels."""
    if not cost.macs:
        return ELEMENTWISE, 0.0
    layer = cost.layer
    kind = _CONV_TYPES[op_kind(layer)]
    if kind == DEPTHWISE_CONV:
        return kind, cost.flops
    if layer.groups > 1:
        return UNEVEN_CONV if is_uneven(layer) else GROUPED_CONV, cost.flops
    if kind == SPATIAL_CONV and layer.input_shapes[0][1] <= STEM_CHANNELS:
        kind = STEM_CONV
    channels = layer.output_shape[1 if op_kind(layer) in CONV_KINDS else -1]
    return kind, cost.flops * tile_waste(channels)


def tile_waste(channels: int) -> float:
    """What whole tiles of channels take of the channels there are.

    >>> tile_waste(32), tile_waste(48)
    (1.0, 1.3333333333333333)
    """
    return -(channels // -CHANNEL_TILE) * CHANNEL_TILE / channels


def is_uneven(layer: Layer) -> bool:
    """Whether the groups of a convolution are not a power of two wide: libraries then keep off the matrix units."""
    width = layer.output_shape[1] // layer.groups
    return bool(width & (width - 1))


#: How much time NHWC takes of NCHW, on average over convolutions that the compiler's authors timed.
#: Source: `decide_layout_opt` in torch/_inductor/graph.py.
GROUPED_TIME, MANY_TO_FEW_TIME, NARROW_TIME, OTHER_TIME = 1.358, 0.725, 0.783, 0.823
NARROW = 64


def compiled_layout(costs: Sequence[LayerCost]) -> str:
    """The layout in which TorchInductor computes the 2-D convolutions of a whole network: "nhwc", or "nchw" where the
    times above, weighted by FLOPs, speak against it."""
    convolutions = [cost for cost in costs if cost.layer.op == "conv2d"]
    weighted = sum(cost.flops * _time_in_nhwc(cost.layer) for cost in convolutions)
    return "nhwc" if weighted <= sum(cost.flops for cost in convolutions) else "nchw"


def _time_in_nhwc(layer: Layer) -> float:
    inputs, outputs = layer.input_shapes[0][1] // layer.groups, layer.output_shape[1]
    if layer.groups > 1 and inputs > 1:
        return GROUPED_TIME
    if max(inputs, outputs) <= NARROW:
        return NARROW_TIME
    return MANY_TO_FEW_TIME if 2 * outputs <= inputs and set(layer.kernel or ()) != {1} else OTHER_TIME


#: torch._inductor.config.max_pointwise_cat_inputs
MAX_INLINED_PIECES = 8


def fuse(layers: Sequence[Layer]) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """What each kernel reads, and what it copies into a concatenation beside; keys are the layers that remain."""
    readers: dict[str, list[Layer]] = defaultdict(list)
    for layer in layers:
        for name in layer.inputs:
            readers[name].append(layer)
    merged = {layer.name: layer for layer in layers if _is_merged(layer, readers[layer.name])}
    uncopyable = {layer.name for layer in layers if _fusion(layer) == LIBRARY or op_kind(layer) == "pooling"}
    sources, copied = {}, {}
    for layer in layers:
        if layer.name in merged:
            continue
        inputs = layer.inputs
        if _fusion(layer) == CONCATENATION:
            copied[layer.name] = tuple(name for name in inputs if name in uncopyable)
            inputs = tuple(name for name in inputs if name in merged)
        sources[layer.name] = tuple(dict.fromkeys(_memory_sources(inputs, merged)))
    return sources, copied


def _fusion(layer: Layer) -> str:
    return find_op(layer.op).fusion


def _is_merged(layer: Layer, readers: Sequence[Layer]) -> bool:
    """Whether a layer's output never reaches memory."""
    fusion = _fusion(layer)
    if fusion in (LIBRARY, REDUCTION, WINDOWS) or len(readers) != 1:
        return False
    if fusion == CONCATENATION and len(layer.inputs) > MAX_INLINED_PIECES:
        return False
    return _fusion(readers[0]) not in (LIBRARY, WINDOWS)


def _memory_sources(names: Sequence[str], merged: dict[str, Layer]) -> list[str]:
    """The maps in memory from which merged layers are computed."""
    found = []
    for name in names:
        found += _memory_sources(merged[name].inputs, merged) if name in merged else [name]
    return found
