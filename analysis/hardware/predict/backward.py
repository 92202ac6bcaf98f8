"""What a training step gives a device to do: the kernels of the forward pass with batch statistics, of the gradients,
of what is made again for them, and of the update."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from math import prod
from typing import Any, NamedTuple

import numpy as np

from analysis.hardware.predict.kernels import (
    AUTOCAST_TRAFFIC,
    DEPTHWISE_CONV,
    ELEMENTWISE,
    GROUPED_CONV,
    STEM_CONV,
    UNEVEN_CONV,
    Floats,
    Integers,
    Kernels,
    Program,
    arithmetic,
    planned_program,
    tile_waste,
    width_of,
)
from analysis.memory.saved_tensors import recomputation
from analysis.meter import LayerCost
from analysis.ops import CONV_KINDS, REDUCTION, WINDOWS, find_op, op_kind
from archs.layer import CONSTANT, Layer, Pair

#: What a kernel is for, as an index.
FORWARD, STATISTICS, AGAIN, WEIGHT_GRADIENT, INPUT_GRADIENT, NORM_GRADIENT, GRADIENT, ADDITION, UPDATE = range(9)
PHASES = ("forward", "made again", "backward", "update")
#: The phase of each of them.
PHASE_OF = np.array([0, 0, 1, 2, 2, 2, 2, 2, 3])
#: Maps that a batch norm reads and writes: in training, the input for its statistics and again to be normalised; for
#: the gradients, input and gradient for two sums and again for the gradient of the input.
NORM_MAPS, TRAINED_NORM_MAPS, NORM_GRADIENT_MAPS = 2, 3, 5
#: For gradients of depthwise convolutions libraries read a map anew for each place of the window; most have 3×3.
SMALL_WINDOW = 9
#: Bytes of the index that a max pooling keeps of each output.
INDEX_BYTES = 8
#: Numbers of four bytes that an update reads and writes for each parameter, a call of the optimizer's at a time: SGD
#: adds the weight decay (3), scales the momentum (2), adds the gradient to it (3) and that to the parameter (3); AdamW
#: decays (2), averages gradients (3) and squares (2 + 3), takes a root (2), divides (2), adds ε (2), steps (4).
UPDATE_NUMBERS = {"none": 0, "sgd": 11, "adamw": 20}

#: A kernel: how it computes, its FLOPs, elements and weights, what it is for, and the layer.
Row = tuple[int, float, float, float, int, int]


class Step(NamedTuple):
    """The kernels of a training step in the order in which they run, loss excluded."""

    program: Program
    kernels: Kernels
    #: What each is for, one of the indices above.
    role: Integers
    #: The layer that each belongs to; that of an update is the last.
    layer_index: Integers
    #: Channels of a group of grouped convolutions; infinite elsewhere.
    width: Floats


@lru_cache(maxsize=256)
def planned_step(config: Any, image_size: Pair, half: bool, optimizer: str) -> Step:
    """The step of a registered network, or of a config."""
    return step(planned_program(config, image_size, "eager", half), half, optimizer, config)


def step(program: Program, half: bool, optimizer: str, config: Any = None) -> Step:
    """The kernels of a training step.

    Args:
        program: the forward pass as inference runs it, eager.
        half: whether autocast runs convolutions in 16 bits.
        optimizer: one of `UPDATE_NUMBERS`.
        config: of the network, None where it has none: whether it is `memory_efficient`.
    """
    costs, element_bytes = program.layers, 2 if half else 4
    rows = [*_forward(program, element_bytes)]
    first = {row[5]: row for row in reversed(rows)}
    again = recomputation([cost.layer for cost in costs], config).runs
    rows += _backward(costs, half, first, again)
    params = sum(cost.params for cost in costs)
    weight_bytes = 8 if half else 4
    if UPDATE_NUMBERS[optimizer]:
        rows.append((ELEMENTWISE, 0, 0, params * 4 * UPDATE_NUMBERS[optimizer] / weight_bytes, UPDATE, len(costs) - 1))
    table = np.fromiter(chain.from_iterable(rows), float, len(rows) * len(rows[0])).reshape(len(rows), -1)
    kind, flops, elements, weights, role, index = np.ascontiguousarray(table.T)
    kind, role, index = kind.astype(int), role.astype(int), index.astype(int)
    is_grouped = (kind == GROUPED_CONV) | (kind == UNEVEN_CONV)
    widths = [width_of(cost.layer) if cost.layer.groups > 1 else np.inf for cost in costs]
    width = np.where(is_grouped, np.array(widths)[index], np.inf)
    # cuDNN's batch norm isn't limited as PyTorch's own kernels are
    eager = ~np.isin(role, (STATISTICS, NORM_GRADIENT))
    kernels = Kernels(kind, flops, elements, np.zeros(len(rows)), weights, eager)
    return Step(program, kernels, role, index, width)


def _forward(program: Program, element_bytes: int) -> Iterator[Row]:
    """As at inference, with batch norms that make statistics and poolings that keep where each maximum was."""
    kernels = program.kernels
    columns = (kernels.kind, kernels.padded_flops, kernels.elements, kernels.weights, program.layer_index)
    for kind, flops, elements, weights, number in zip(*(column.tolist() for column in columns), strict=True):
        layer, role = program.layers[number].layer, FORWARD
        if layer.op == "batch_norm":
            elements, role = elements * TRAINED_NORM_MAPS / NORM_MAPS, STATISTICS
        yield kind, flops, elements + _index_elements(layer, element_bytes), weights, role, number


def _index_elements(layer: Layer, element_bytes: int) -> float:
    is_max = layer.op.startswith(("max_pool", "adaptive_max_pool"))
    return prod(layer.output_shape) * INDEX_BYTES / element_bytes if is_max else 0.0


def _backward(costs: Sequence[LayerCost], half: bool, first: dict[int, Row], again: Any) -> Iterator[Row]:
    """Layers in reverse; a tensor of several readers has their gradients added, two at a time."""
    learning = _learning(costs)
    numbers = {cost.layer.name: number for number, cost in enumerate(costs)}
    arrived: set[str] = set()
    for number in reversed(range(len(costs))):
        cost = costs[number]
        layer = cost.layer
        if layer.name not in learning:
            continue
        for name in again.get(layer.name, ()):
            yield _made_again(first[numbers[name]], costs[numbers[name]].layer, number)
        for kind, flops, elements, weights, role in _gradients(cost, learning, half):
            yield kind, flops, elements, weights, role, number
        for name in dict.fromkeys(layer.inputs):
            if name in arrived:
                yield ELEMENTWISE, 0, 3 * prod(costs[numbers[name]].layer.output_shape), 0, ADDITION, number
            if name in learning:
                arrived.add(name)


def _made_again(row: Row, layer: Layer, number: int) -> Row:
    """A kernel of the forward pass, with the statistics that there are."""
    kind, flops, elements, weights, _, _ = row
    if layer.op == "batch_norm":
        elements *= NORM_MAPS / TRAINED_NORM_MAPS
    return kind, flops, elements, weights, AGAIN, number


def _learning(costs: Sequence[LayerCost]) -> set[str]:
    """The layers whose output has a gradient: those with weights, and all that is made of it."""
    found: set[str] = set()
    for cost in costs:
        if cost.params or not found.isdisjoint(cost.layer.inputs):
            found.add(cost.layer.name)
    return found


def _gradients(cost: LayerCost, learning: set[str], half: bool) -> Iterator[tuple[int, float, float, float, int]]:
    """The kernels that lead from the gradient of a layer's output to those of what it reads."""
    layer = cost.layer
    out, read = prod(layer.output_shape), [*map(prod, layer.input_shapes)]
    made_of: float = sum(read)
    if cost.macs:
        yield from _products(cost, learning, half)
    elif op_kind(layer) == "normalisation":
        traffic = 1.0 if layer.op == "batch_norm" or not half else AUTOCAST_TRAFFIC / 2
        yield ELEMENTWISE, 0, NORM_GRADIENT_MAPS * out * traffic, 0, NORM_GRADIENT
    elif layer.op == "mul":
        for name, size in zip(layer.inputs, read, strict=True):
            if name in learning or (name == CONSTANT and layer.extra_params > 0):
                yield ELEMENTWISE, 0, 2 * out + sum(read) - size, 0, GRADIENT
                if size != out:
                    yield ELEMENTWISE, 0, out + size, 0, GRADIENT
    elif layer.op not in ("add", "sub", "concat", "stack") and not learning.isdisjoint(layer.inputs):
        if op_kind(layer) == "activation":
            made_of = 2 * out
        elif find_op(layer.op).fusion in (REDUCTION, WINDOWS):
            made_of = read[0] + _index_elements(layer, 2 if half else 4)
        yield ELEMENTWISE, 0, out + made_of, 0, GRADIENT


def _products(cost: LayerCost, learning: set[str], half: bool) -> Iterator[tuple[int, float, float, float, int]]:
    """Of each factor of a product the gradient is a product of the same size: of weights, and of what is read."""
    layer = cost.layer
    kind, flops = arithmetic(cost)
    moved: float = sum(map(prod, layer.input_shapes)) + prod(layer.output_shape)
    kind_name = op_kind(layer)
    if kind_name == "matrix product":
        for name in layer.inputs:
            if name in learning:
                yield kind, flops, moved, 0, INPUT_GRADIENT
        return
    if kind == DEPTHWISE_CONV:
        moved *= prod(layer.kernel or ()) / SMALL_WINDOW
    # outputs of the second product, and columns of the first, are the input's channels
    is_whole = kind in (DEPTHWISE_CONV, GROUPED_CONV, UNEVEN_CONV)
    waste = 1.0 if is_whole else tile_waste(layer.input_shapes[0][1 if kind_name in CONV_KINDS else -1])
    if cost.params:
        yield kind, flops * (1.0 if kind == STEM_CONV else waste), moved, cost.params, WEIGHT_GRADIENT
    if layer.inputs[0] in learning:
        yield kind, cost.flops * waste, moved, cost.params * (0.25 if half else 1.0), INPUT_GRADIENT
    if layer.bias:
        yield ELEMENTWISE, 0, prod(layer.output_shape), 0, GRADIENT
