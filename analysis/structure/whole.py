"""A whole network as its papers draw it: stages in a row, and each of them opened into the units that it repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from analysis.structure.connectivity import Block, blocks
from analysis.structure.diagram import module_name, unit_of
from analysis.structure.notation import parts
from analysis.structure.table import table
from analysis.summary import Summary
from analysis.units import format_share, format_size, join
from archs.layer import Layer


class Stage(NamedTuple):
    """A stage, folded: equal neighbours stand once, with their number."""

    name: str
    #: As the family's paper writes its layers.
    lines: tuple[str, ...]
    #: What it makes.
    output: str
    layers: tuple[Layer, ...]


class Node(NamedTuple):
    """One unit of an opened stage."""

    label: str
    #: What its diagram is called; empty where it has none.
    title: str
    #: What is counted of it, and what its diagram shows: of a layer inside an OSA module all of that.
    layers: tuple[Layer, ...]
    part: tuple[Layer, ...]
    #: The units before it that it reads, by their place.
    sources: tuple[int, ...]


def stages(summary: Summary) -> list[Stage]:
    """The stages of a network, in execution order.

    >>> from analysis import summarize
    >>> [(stage.name, *stage.lines, stage.output) for stage in stages(summarize("densenet121"))][1]
    ('dense block 1', '[1×1 conv, 3×3 conv] × 6', '256 at 56×56')
    """
    layers = {cost.layer.name: cost.layer for cost in summary.layers}
    found = []
    for name, group in groupby(table(summary), key=lambda line: line.stage):
        lines = [*group]
        size = f" at {format_size(lines[-1].output_size)}" if lines[-1].output_size not in (None, (1, 1)) else ""
        own = tuple(layers[layer] for line in lines for layer in line.layers)
        found.append(Stage(name, tuple(line.text for line in lines), f"{lines[-1].out_channels:,}{size}", own))
    return found


def nodes(stage: Stage, layers: Sequence[Layer], config: Any = None) -> list[Node]:
    """The units of a stage, in execution order; together they hold each of its layers once.

    >>> from archs import get_config, plan_layers
    >>> from analysis import summarize
    >>> [node.sources for node in nodes(stages(summarize("densenet121"))[1], plan_layers("densenet121"))][:4]
    [(), (0,), (0, 1), (0, 1, 2)]
    """
    own = {block.layers[0].name: block for block in blocks(layers) if block.layers[0].stage == stage.name}
    inside = {layer.name for block in own.values() for layer in block.layers}
    found: list[Node] = []
    for is_inside, group in groupby(stage.layers, key=lambda layer: layer.name in inside):
        if is_inside:
            for layer in group:
                if layer.name in own:
                    found += _of_block(own[layer.name], len(found), config)
        else:
            found += _in_a_row(stage.name, tuple(group), len(found), config)
    return found


def _of_block(block: Block, first: int, config: Any) -> Iterator[Node]:
    """What the block is given, its layers, and what reads all of them at the end."""
    inputs = len(block.features) - len(block.makers)
    readers = [reader for reader in block.readers if reader.kind != "identity"]
    owner = {layer.name: number for number, reader in enumerate(readers) for layer in reader.layers}
    held: list[list[Layer]] = [[] for _ in readers]
    waiting: list[Layer] = []
    for layer in block.layers:  # what joins features belongs to the one that reads them
        waiting.append(layer)
        if layer.name in owner:
            held[owner[layer.name]] += waiting
            waiting = []
    held[-1] += waiting
    for feature in block.features[:inputs]:
        yield Node(feature.label, "", (), (), ())
    is_module = len({unit_of(layer, config) for layer in block.layers}) == 1
    for reader, members in zip(readers, held, strict=True):
        own, sources = tuple(members), tuple(source + first for source in reader.sources)
        if is_module:
            yield Node(reader.label, block.name, own, block.layers, sources)
        elif reader.kind == "layer":
            yield Node(reader.label, f"{block.name}, layer {reader.label}", own, own, sources)
        else:
            yield Node(reader.label, "", own, (), sources)


def _in_a_row(stage: str, layers: tuple[Layer, ...], first: int, config: Any) -> Iterator[Node]:
    """Modules, and the layers between them, each behind the other."""
    number = first
    for unit, group in groupby(layers, key=lambda layer: unit_of(layer, config)):
        members = tuple(group)
        found = [(module_name(unit), members)] if unit else parts(members, config)
        for label, part in found:
            title = f"{stage}, {label}" if unit else stage
            yield Node(label, title, part, part if unit else layers, (number - 1,) if number else ())
            number += 1


def total(layers: Sequence[Layer], values: Mapping[str, float], add: Callable[..., float]) -> float:
    """A quantity of some layers: the sum, or the most, of what each of them has."""
    return add([values[layer.name] for layer in layers] or [0])


def whole_finding(name: str, shares: Mapping[str, float], label: str) -> str:
    """Which stages a quantity is in.

    >>> print(whole_finding("net", {"stem": 0.1, "block 1": 0.6, "block 2": 0.3}, "MACs").replace("\\u2009", " "))
    Of net's MACs, 60 % are in block 1, 30 % in block 2 and 10 % in stem.
    """
    first, *more = sorted(shares.items(), key=lambda item: -item[1])[:3]
    verb = "are" if label.endswith("s") else "is"
    told = [
        f"{format_share(first[1])} {verb} in {first[0]}",
        *(f"{format_share(share)} in {one}" for one, share in more),
    ]
    return f"Of {name}'s {label}, {join(told)}."
