"""The parts of a network that are worth a diagram: its stages, and what differs among the modules that they repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from analysis.architecture.boxes import Diagram, diagram
from analysis.architecture.connectivity import blocks
from analysis.architecture.flow import is_weighted
from analysis.architecture.notation import STYLES
from archs.layer import Layer

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
    names = {
        tensor: _feature_name(one.label) for block in blocks(layers) for one in block.features for tensor in one.tensors
    }
    return {
        title: diagram(title, part, names)
        for title, part in _parts(layers, STYLES[config.family].module if config else _MODULE)
        if len(part) <= MOST_LAYERS
    }


def _feature_name(label: str) -> str:
    return f"layer {label}" if label.isdecimal() else "block input"


def _parts(layers: Sequence[Layer], module: str) -> Iterator[tuple[str, tuple[Layer, ...]]]:
    """Stages; of those with repeated modules, each different module, and the attention in it."""
    for stage, members in groupby(layers, key=lambda layer: layer.stage):
        own, seen = tuple(members), set()
        groups = [(key, tuple(group)) for key, group in groupby(own, key=lambda layer: _match(module, layer.name))]
        if not any(key for key, _ in groups):
            yield stage, own
            continue
        attention = tuple(layer for layer in own if ".attn." in layer.name)
        for key, part in groups:
            signature = tuple((layer.op, layer.kernel, layer.stride, len(layer.inputs) > 1) for layer in part)
            if key and signature not in seen and any(map(is_weighted, part)):
                seen.add(signature)
                yield (key if key.startswith(stage) else f"{stage}, {_module_name(key)}"), part
        first = attention[0].name.rpartition("attn.")[0] if attention else ""
        attention = tuple(layer for layer in attention if layer.name.startswith(first))
        if any(layer.op == "global_avg_pool" for layer in attention):
            yield f"{stage}, eSE", attention


def _match(module: str, name: str) -> str:
    match = re.match(module, name)
    return match[0] if match else ""


def _module_name(path: str) -> str:
    """The last part of a module's path in words; modules are counted from 1."""
    leaf = path.rpartition(".")[2]
    return f"layer {leaf.removeprefix('denselayer')}" if leaf.startswith("denselayer") else f"module {int(leaf) + 1}"
