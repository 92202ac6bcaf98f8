"""What a GPU is given to do: the kernels of a network, with the arithmetic and the bytes of one image each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.meter import LayerCost, cost_layers
from analysis.ops import CONCATENATION, CONV_KINDS, LIBRARY, OPS, REDUCTION, WINDOWS, op_kind
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
    return _program(planned_costs(config, image_size), execution, half)


@lru_cache(maxsize=256)
def planned_costs(config: Any, image_size: Pair) -> tuple[LayerCost, ...]:
    """The layers of a config, counted once for all executions and precisions."""
    return cost_layers(plan_of(config, image_size), "int8")  # a byte an element


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
    return _program(cost_layers(layers, "int8"), execution, half, batch_size)


def _program(costs: tuple[LayerCost, ...], execution: str, half: bool, batch_size: int = 1) -> Program:
    if not costs:
        raise TraceError("A network without any operation takes no time that could be predicted.")
    layers = [cost.layer for cost in costs]
    for layer in layers:
        if OPS[layer.op].is_stepwise:
            raise TraceError(
                f"The time of layer {layer.name!r} cannot be predicted: {layer.op} runs step by step, in kernels that "
                "the model does not know."
            )
    sizes = {layer.name: prod(layer.output_shape) for layer in layers}
    if execution == "compiled":
        index, elements, copied = _merged_traffic(layers, sizes)
    else:
        wide = float32_maps(layers) if half else frozenset()
        index, copied = [*range(len(layers))], [0] * len(layers)
        elements = [_own_traffic(layer, sizes, wide, half) for layer in layers]
    chosen = [costs[number] for number in index]
    kind, flops = zip(*map(arithmetic, chosen), strict=True)
    kernels = Kernels(
        np.array(kind),
        np.array(flops, float),
        np.array(elements, float),
        np.array(copied, float),
        np.array([cost.cost.params for cost in chosen], float),
        np.full(len(index), execution == "eager"),
    )
    channels_last = compiled_layout(costs) == "nhwc"
    total = sum([cost.cost.macs for cost in costs])
    return Program(costs, np.array(index), kernels, 2 * total, channels_last, batch_size)


def float32_maps(layers: Sequence[Layer]) -> frozenset[str]:
    """The layers whose output autocast leaves in float32, though convolutions run in 16 bits.

    A learnt scale or shift of one element stays float32 and makes float32 of the map that it meets, and so of what is
    made of that map, until a convolution or a linear layer casts its input back.
    """
    wide: set[str] = set()
    for layer in layers:
        meets_parameter = layer.extra_params == 1 and CONSTANT in layer.inputs
        if (meets_parameter or (wide and not wide.isdisjoint(layer.inputs))) and _fusion(layer) != LIBRARY:
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
        read = min(size, sizes.get(name, size))
        moved += read if name not in wide else read * (WIDE if own == WIDE else CAST + 1)
    return moved * AUTOCAST_TRAFFIC if half and OPS[layer.op].in_float32 else moved


def _merged_traffic(layers: Sequence[Layer], sizes: Mapping[str, int]) -> tuple[list[int], list[int], list[int]]:
    """The layers that remain kernels after fusion, with the elements that each one moves and copies."""
    sources, copied = fuse(layers)
    index, moved, copies = [], [], []
    for number, layer in enumerate(layers):
        if layer.name in sources:
            own = dict(zip(layer.inputs, map(prod, layer.input_shapes), strict=False))
            elements = sizes[layer.name]
            for name in sources[layer.name]:
                read = own.get(name)
                elements += sizes.get(name, 0) if read is None else min(read, sizes.get(name, read))
            index.append(number)
            moved.append(elements)
            copies.append(sum([sizes[name] for name in copied.get(layer.name, ())]))
    return index, moved, copies


def arithmetic(cost: LayerCost) -> tuple[int, float]:
    """How a layer computes, and its FLOPs with the waste of an incomplete tile of output channels."""
    layer, flops = cost.layer, 2 * cost.cost.macs
    if not flops:
        return ELEMENTWISE, 0.0
    name = op_kind(layer)
    kind = _CONV_TYPES[name]
    if kind == DEPTHWISE_CONV:
        return kind, flops
    if layer.groups > 1:
        return UNEVEN_CONV if is_uneven(layer) else GROUPED_CONV, flops
    if kind == SPATIAL_CONV and layer.input_shapes[0][1] <= STEM_CHANNELS:
        kind = STEM_CONV
    return kind, flops * tile_waste(layer.output_shape[1 if name in CONV_KINDS else -1])


def tile_waste(channels: int) -> float:
    """What whole tiles of channels take of the channels there are.

    >>> tile_waste(32), tile_waste(48)
    (1.0, 1.3333333333333333)
    """
    return -(channels // -CHANNEL_TILE) * CHANNEL_TILE / channels


def is_uneven(layer: Layer) -> bool:
    """Whether the groups of a convolution are not a power of two wide: libraries then keep off the matrix units."""
    width = width_of(layer)
    return bool(width & (width - 1))


def width_of(layer: Layer) -> int:
    """Channels that each group of a convolution makes."""
    return layer.output_shape[1] // layer.groups


#: How much time NHWC takes of NCHW, on average over convolutions that the compiler's authors timed.
#: Source: `decide_layout_opt` in torch/_inductor/graph.py.
GROUPED_TIME, MANY_TO_FEW_TIME, NARROW_TIME, OTHER_TIME = 1.358, 0.725, 0.783, 0.823
NARROW = 64


def compiled_layout(costs: Sequence[LayerCost]) -> str:
    """The layout in which TorchInductor computes the 2-D convolutions of a whole network: "nhwc", or "nchw" where the
    times above, weighted by FLOPs, speak against it."""
    convolutions = [(cost.cost.macs, cost.layer) for cost in costs if cost.layer.op == "conv2d"]
    weighted = sum(macs * _time_in_nhwc(layer) for macs, layer in convolutions)
    return "nhwc" if weighted <= sum(macs for macs, _ in convolutions) else "nchw"


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
    readers: dict[str, Layer | None] = {}
    for layer in layers:
        for name in layer.inputs:
            readers[name] = None if name in readers else layer
    merged = {layer.name: layer for layer in layers if _is_merged(layer, readers.get(layer.name))}
    uncopyable = {layer.name for layer in layers if OPS[layer.op].fusion == LIBRARY or OPS[layer.op].kind == "pooling"}
    sources, copied = {}, {}
    for layer in layers:
        if layer.name in merged:
            continue
        inputs: Sequence[str] = layer.inputs
        if OPS[layer.op].fusion == CONCATENATION:
            copied[layer.name] = tuple([name for name in inputs if name in uncopyable])
            inputs = [name for name in inputs if name in merged]
        if not merged.keys().isdisjoint(inputs):
            inputs = _memory_sources(inputs, merged)
        sources[layer.name] = tuple(dict.fromkeys(inputs))
    return sources, copied


def _fusion(layer: Layer) -> str:
    return OPS[layer.op].fusion


def _is_merged(layer: Layer, reader: Layer | None) -> bool:
    """Whether a layer's output never reaches memory, given its only reader."""
    if reader is None or (fusion := _fusion(layer)) in (LIBRARY, REDUCTION, WINDOWS):
        return False
    if fusion == CONCATENATION and len(layer.inputs) > MAX_INLINED_PIECES:
        return False
    return _fusion(reader) not in (LIBRARY, WINDOWS)


def _memory_sources(names: Sequence[str], merged: dict[str, Layer]) -> list[str]:
    """The maps in memory from which merged layers are computed."""
    found = []
    for name in names:
        found += _memory_sources(merged[name].inputs, merged) if name in merged else [name]
    return found
