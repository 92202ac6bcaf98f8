"""Layers as block diagrams: the parts of a network that are worth one, their boxes, and the tensors between them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

from analysis.ops import as_maps
from analysis.structure.boxes import Box, boxes_of
from analysis.structure.connectivity import blocks
from analysis.structure.joined import is_weighted
from analysis.units import format_size
from archs.layer import CONSTANT, INPUT, Layer, Shape
from archs.registry import get_family

#: More outer inputs of one box than this are drawn as one.
MOST_INPUTS = 3


class Edge(NamedTuple):
    """A tensor that one box makes and another reads."""

    source: str
    target: str
    #: Its channels, and its size where that has changed.
    label: str


class Diagram(NamedTuple):
    """Boxes in execution order, and the edges between them."""

    title: str
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]


def diagram(
    title: str, part: Sequence[Layer], names: Mapping[str, str] = MappingProxyType({}), config: Any = None
) -> Diagram:
    """The diagram of some layers of a network.

    Args:
        title: of the diagram.
        part: layers in execution order.
        names: of tensors from outside that are not just an input.
        config: of the network, where repeated modules beside other layers are one box.
    """
    part = [*map(_without_weights, part)]
    chain = tuple(layer for layer in part if not _is_whole(config) and unit_of(layer, config))
    boxes = [*boxes_of(part, chain if len(chain) < len(part) else (), config)]
    box_of = {layer.name: box for box in boxes for layer in box.layers}
    shapes: dict[str, Shape] = {}
    read: dict[tuple[str, str], Shape] = {}  # by the box of the reader too: of what is split, its part
    for layer in part:
        for tensor, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            maps = read.setdefault((tensor, box_of[layer.name].key), as_maps(layer.op, shape))
            shapes[tensor] = max(shapes.get(tensor, maps), maps, key=_channels)
    readers: dict[tuple[str, ...], list[str]] = {}
    for tensor in shapes:
        if tensor not in box_of:
            reading = tuple(dict.fromkeys(box_of[layer.name].key for layer in part if tensor in layer.inputs))
            readers.setdefault(reading, []).append(tensor)
    ends, edges = [], []
    for reading, tensors in readers.items():
        folded = [tensors] if len(tensors) > MOST_INPUTS else [[tensor] for tensor in tensors]
        for some in folded:
            end = _input(some, [shapes[tensor] for tensor in some], names)
            ends.append(end)
            for key in reading:
                label = f"{sum(_channels(read[tensor, key]) for tensor in some):,}"
                edges.append(Edge(end.key, key, label))
    edges += [
        Edge(box_of[tensor].key, box_of[layer.name].key, _label(box_of[tensor], read[tensor, box_of[layer.name].key]))
        for layer in part
        for tensor in layer.inputs
        if tensor in box_of and box_of[tensor] != box_of[layer.name]
    ]
    made = []
    for box in boxes:
        if box.layers[-1].name not in shapes:
            end = Box(f"output {box.key}", "end", ("output", _shape_text(box.output_shape)), "", ())
            made.append(end)
            edges.append(Edge(box.key, end.key, _label(box)))
    return Diagram(title, (*ends, *boxes, *made), tuple(dict.fromkeys(edges)))


def _input(tensors: Sequence[str], shapes: Sequence[Shape], names: Mapping[str, str]) -> Box:
    channels = sum(map(_channels, shapes))
    text = f"{len(tensors)} earlier features" if len(tensors) > 1 else names.get(tensors[0], "input")
    text = "image" if tensors[0] == INPUT else text
    return Box(f"input {tensors[0]}", "end", (text, _shape_text((shapes[0][0], channels, *shapes[0][2:]))), "", ())


def _without_weights(layer: Layer) -> Layer:
    """The layer without what it reads that no layer makes."""
    read = [
        (tensor, shape) for tensor, shape in zip(layer.inputs, layer.input_shapes, strict=True) if tensor != CONSTANT
    ]
    return layer._replace(
        inputs=tuple([tensor for tensor, _ in read]), input_shapes=tuple([shape for _, shape in read])
    )


def _shape_text(shape: Shape) -> str:
    size = f", {format_size((shape[2], shape[3]))}" if len(shape) == 4 else ""
    return f"{_channels(shape):,} channels{size}"


def _label(box: Box, read: Shape | None = None) -> str:
    """Channels of what a box makes, and how many of them are read; its size too where that is not what the box read."""
    first = box.layers[0]
    if read and len(read) == len(box.output_shape) == 4 and read[1] < box.output_shape[1]:
        return f"{read[1]:,} of {box.output_shape[1]:,}"
    shape, before = box.output_shape, as_maps(first.op, first.input_shapes[0])
    changed = len(shape) == 4 and before[2:] != shape[2:] and box.shape == "box"
    return f"{_channels(shape):,} at {format_size((shape[2], shape[3]))}" if changed else f"{_channels(shape):,}"


def _channels(shape: Shape) -> int:
    """Axis 1 of maps (N, C, H, W), the last axis of whatever else."""
    return shape[1] if len(shape) == 4 else shape[-1]


#: Parts of more layers than this are no part that a paper would draw.
MOST_LAYERS = 60
#: The modules that networks without a config repeat.
_MODULE = r".*\.denselayer\d+|.*?\.blocks\.\d+|.*?\.\d+(?=\.)"


def diagrams(layers: Sequence[Layer], config: Any = None) -> dict[str, Diagram]:
    """A diagram of every part that differs in structure from those before it in its stage, by title.

    >>> from archs import get_config, plan_layers
    >>> [*diagrams(plan_layers("densenet121"), get_config("densenet121"))][:4]
    ['stem', 'dense block 1, layer 1', 'dense block 1, layer 2', 'transition 1']

    Args:
        layers: of the network, in execution order.
        config: of the network, None where it has none.
    """
    names = feature_names(layers)
    return {
        title: diagram(title, part, names, config)
        for title, part in _parts(layers, config)
        if len([layer for layer in part if not unit_of(layer, config)] or part) <= MOST_LAYERS
    }


def around(name: str, layers: Sequence[Layer], config: Any = None) -> Diagram:
    """The diagram of the unit that a layer belongs to, or of what stands beside it between units.

    >>> from archs import get_config, plan_layers
    >>> config = get_config("densenet121")
    >>> around("features.denseblock3.denselayer3.conv1", plan_layers(config), config).title
    'dense block 3, layer 3'
    """
    for (stage, key), group in groupby(layers, key=lambda layer: (layer.stage, unit_of(layer, config))):
        part = tuple(group)
        if any(layer.name == name for layer in part):
            return diagram(_title(stage, key), part, feature_names(layers))
    raise KeyError(name)


def place_of(layer: Layer, config: Any = None) -> str:
    """Where a layer stands, as people say it: "dense block 3, layer 24"."""
    return _title(layer.stage, unit_of(layer, config))


def _title(stage: str, unit: str) -> str:
    return stage if not unit else unit if unit.startswith(stage) else f"{stage}, {module_name(unit)}"


def feature_names(layers: Sequence[Layer]) -> dict[str, str]:
    """What the tensors that a network's blocks concatenate are called."""
    return {
        tensor: _feature_name(one.label) for block in blocks(layers) for one in block.features for tensor in one.tensors
    }


def _feature_name(label: str) -> str:
    return f"layer {label}" if label.isdecimal() else "block input"


#: Where a layer belongs to eSE or SE.
_ATTENTION = re.compile(r"\.(?:attn|se)\.")


def _is_whole(config: Any) -> bool:
    """Whether repeated modules are drawn layer by layer beside others."""
    return config is None or get_family(config.family).notation.drawn_whole


def _parts(layers: Sequence[Layer], config: Any) -> Iterator[tuple[str, tuple[Layer, ...]]]:
    """Stages; of those with repeated modules, each different module, and the attention in it."""
    for stage, members in groupby(layers, key=lambda layer: layer.stage):
        own, seen = tuple(members), set()
        groups = [(key, tuple(group)) for key, group in groupby(own, key=lambda layer: unit_of(layer, config))]
        if not any(key for key, _ in groups) or (config and _is_whole(config)):
            yield stage, own
            continue
        if any(layer.offsets for key, part in groups if not key for layer in part):  # what is split goes around modules
            yield stage, own
        attention = tuple(layer for layer in own if _ATTENTION.search(layer.name))
        for key, part in groups:
            signature = tuple((layer.op, layer.kernel, layer.stride, len(layer.inputs) > 1) for layer in part)
            if key and signature not in seen and any(map(is_weighted, part)):
                seen.add(signature)
                yield _title(stage, key), part
        first = _ATTENTION.split(attention[0].name)[0] if attention else ""
        attention = tuple(layer for layer in attention if layer.name.startswith(f"{first}."))
        if any(layer.op == "global_avg_pool" for layer in attention):
            yield f"{stage}, {'eSE' if '.attn.' in attention[0].name else 'SE'}", attention


def unit_of(layer: Layer, config: Any = None) -> str:
    """The path of the repeated module that a layer belongs to; empty where it belongs to none."""
    match = re.match(get_family(config.family).notation.unit if config else _MODULE, layer.name)
    return match[0] if match else ""


def module_name(path: str) -> str:
    """The last part of a module's path in words: `denselayer3` is layer 3; lists, and `dense_block0`, count from 0."""
    listed, _, leaf = path.rpartition(".")
    if leaf.isdecimal():
        return f"{'layer' if listed.endswith('.layers') else 'module'} {int(leaf) + 1}"
    number = re.search(r"\d+$", leaf)
    first = 1 if "_block" in leaf else 0
    return f"layer {int(number[0]) + first}" if number else leaf
