"""Which part of a network shows best what a change does to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analysis import Summary
from analysis.structure.diagram import Diagram, around, diagrams, unit_of
from archs.layer import Layer
from views.sections.block_diagram import default_part


class Network(NamedTuple):
    """One of the two networks: its layers by name, and its parts by title."""

    layers: dict[str, Layer]
    config: Any
    parts: dict[str, Diagram]

    @classmethod
    def of(cls, summary: Summary) -> Network:
        layers = {cost.layer.name: cost.layer for cost in summary.layers}
        return cls(layers, summary.target.config, diagrams([*layers.values()], summary.target.config))

    def like(self, part: Diagram) -> Diagram | None:
        """This network's part with the same title, or with a layer of the same name."""
        if part.title in self.parts:
            return self.parts[part.title]
        names = (layer.name for box in part.boxes for layer in box.layers)
        shared = next((name for name in names if name in self.layers), "")
        return self.around(shared) if shared else None

    def around(self, name: str) -> Diagram:
        """The part that a layer belongs to."""
        return around(name, [*self.layers.values()], self.config)


def changed_parts(before: Summary, after: Summary) -> tuple[Diagram, Diagram]:
    """A part of each network: one that is built otherwise, else one that reads more or fewer layers, else the first
    whose channels differ; of networks of two families, or where no part differs, the part that each is known for.
    """
    one, other = Network.of(before), Network.of(after)
    if before.family == after.family:
        pairs = {pair[1].title: pair for pair in _pairs(one, other)}
        if built := {title: pair for title, pair in pairs.items() if _build(pair[0]) != _build(pair[1])}:
            return built[default_part({title: pair[1] for title, pair in built.items()})]
        if name := _reader(one, other):
            return one.around(name), other.around(name)
        if found := next((pair for pair in pairs.values() if _labels(pair[0]) != _labels(pair[1])), None):
            return found
    return one.parts[default_part(one.parts)], other.parts[default_part(other.parts)]


def _pairs(one: Network, other: Network) -> Iterator[tuple[Diagram, Diagram]]:
    """The parts that are worth a diagram in either network, in both."""
    for part in other.parts.values():
        if found := one.like(part):
            yield found, part
    for title, part in one.parts.items():
        if title not in other.parts and (found := other.like(part)):
            yield part, found


def _reader(one: Network, other: Network) -> str:
    """Of the layers that read more or fewer others than before, the last within a module of the first stage that has
    any, else the last there.
    """
    pairs = ((one.layers.get(name), layer) for name, layer in other.layers.items())
    found = [layer for before, layer in pairs if before and len(before.inputs) != len(layer.inputs)]
    names = [layer.name for layer in found if layer.stage == found[0].stage]
    inside = [name for name in names if unit_of(other.layers[name], other.config)]
    return (inside or names or [""])[-1]


def _build(part: Diagram) -> list[tuple[str, ...]]:
    """What stands in the boxes, and which reads which: no channels, no names."""
    numbers = {box.key: str(number) for number, box in enumerate(part.boxes)}
    boxes = [(box.shape, *(f"{layer.op} {layer.kernel}" for layer in box.layers)) for box in part.boxes]
    return [*boxes, *((numbers[edge.source], numbers[edge.target]) for edge in part.edges)]


def _labels(part: Diagram) -> list[str]:
    """The channels on the edges."""
    return [edge.label for edge in part.edges]
