"""The boxes of a block diagram: a convolution with the norms and activations beside it, a chain of modules, a sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from analysis.ops import as_maps, find_op, op_kind
from analysis.structure.joined import is_weighted
from analysis.structure.notation import layer_text, parts
from archs.layer import Layer, Shape

#: What products with weights and sums with them are called.
LEARNED = {"mul": "scale", "add": "shift"}


class Box(NamedTuple):
    """One box: layers that are drawn together, or an end of the diagram."""

    #: Unique in its diagram.
    key: str
    #: "box", "bar" (a concatenation), "sign" (+ or ×), or "end".
    shape: str
    #: What it says, line by line.
    lines: tuple[str, ...]
    #: Of `analysis.ops`; empty for ends.
    kind: str
    layers: tuple[Layer, ...]

    @property
    def output_shape(self) -> Shape:
        """Of what it makes, (N, C, H, W) where it is maps."""
        last = self.layers[-1]
        return as_maps(last.op, last.output_shape)


def boxes_of(part: Sequence[Layer], chain: tuple[Layer, ...], config: Any) -> Iterator[Box]:
    """Layers in the order of the family: BN-ReLU-conv where chains begin with BN, conv-BN-ReLU where not.

    A chain of repeated modules is one box.
    """
    readers: dict[str, list[str]] = {}
    for layer in part:
        for tensor in layer.inputs:
            readers.setdefault(tensor, []).append(layer.name)
    groups: list[list[Layer]] = []
    group_of: dict[str, list[Layer]] = {}
    for layer in part:
        if layer in chain:
            if layer == chain[0]:
                groups.append([*chain])
            continue
        before = group_of.get(layer.inputs[0]) if len(layer.inputs) == 1 else None
        alone = before is not None and before[-1].name == layer.inputs[0] and len(readers[layer.inputs[0]]) == 1
        if before is None or not alone or not _fits(before, layer):
            groups.append(before := [])
        before.append(layer)
        group_of[layer.name] = before
    for group in groups:
        yield _chain_box(chain, config) if chain and group[0] == chain[0] else _box(tuple(group))


def _chain_box(chain: tuple[Layer, ...], config: Any) -> Box:
    """Modules one behind the other, in the words of a table: "[1×1 conv, 64", "3×3 conv, 64] × 3"."""
    lines = tuple(line for each in parts(chain, config) for line in each.text.split("; "))
    return Box(chain[0].name, "box", lines, op_kind(next(filter(is_weighted, chain))), chain)


def _fits(group: Sequence[Layer], layer: Layer) -> bool:
    """Whether a layer goes on in the box of the one before it."""
    if not _is_joined(group[-1]) and not is_weighted(group[-1]):
        return False
    if is_weighted(layer):
        return not any(map(is_weighted, group))
    return _is_joined(layer) and (not is_weighted(group[-1]) or len(group) == 1)


def _is_joined(layer: Layer) -> bool:
    """Whether a layer stays in the box of the convolution beside it."""
    return bool(_symbol(layer)) and (_is_learned(layer) or op_kind(layer) in ("normalisation", "activation"))


def _symbol(layer: Layer) -> str:
    """What stands for a layer that has no line of its own."""
    return LEARNED[layer.op] if _is_learned(layer) else find_op(layer.op).symbol


def _is_learned(layer: Layer) -> bool:
    """Whether weights are all that a product or a sum reads beside one tensor."""
    return layer.op in LEARNED and len(layer.inputs) == 1 and layer.extra_params > 0


def _box(layers: tuple[Layer, ...]) -> Box:
    main = next((layer for layer in layers if is_weighted(layer)), layers[0])
    if op_kind(main) == "arithmetic" and not _is_joined(main) and (sign := find_op(main.op).symbol):
        return Box(main.name, "sign", (sign,), op_kind(main), layers)
    if main.op == "concat":
        return Box(main.name, "bar", ("concat",), op_kind(main), layers)
    lines = [
        "-".join(_symbol(layer) for layer in group) if joined else layer_text(next(group))
        for joined, group in groupby(layers, key=_is_joined)
    ]
    return Box(main.name, "box", tuple(line or main.op for line in lines), op_kind(main), layers)
