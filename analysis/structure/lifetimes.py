"""How long each tensor of a network is held, over the order in which layers run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from analysis.memory.inference import InferenceMemory
from analysis.ops import op_kind
from analysis.units import format_si
from archs.layer import INPUT


class Life(NamedTuple):
    """One tensor, from the layer that makes it to the last as which it is held."""

    name: str
    #: Of the layer that makes it, "image" for the image.
    kind: str
    #: Of the layer that makes it, "image" for the image.
    stage: str
    nbytes: int
    #: Layers, counted from 1; 0 for the image, which is there before the first.
    first: int
    last: int

    @property
    def held(self) -> int:
        """Layers that run while it is held, the one that makes it aside."""
        return self.last - self.first


def lives(memory: InferenceMemory) -> list[Life]:
    """Every tensor of a forward pass, in the order of allocation; a layer that overwrites its input makes none."""
    layers = {moment.layer.name: moment.layer for moment in memory.timeline}
    found = []
    for name, nbytes, first, last in memory.tensors:
        layer = layers.get(name)
        kind, stage = (INPUT_KIND, INPUT_KIND) if layer is None else (op_kind(layer), layer.stage)
        found.append(Life(name if name != INPUT else INPUT_KIND, kind, stage, nbytes, first + 1, last + 1))
    return found


#: What stands for the image's kind and stage.
INPUT_KIND = "image"


def lives_finding(memory: InferenceMemory, found: Sequence[Life], layers: int) -> str:
    """How many tensors outlive some number of layers, which one longest, and where most bytes of them are alive.

    >>> from analysis import memory
    >>> found = memory("densenet121", lifetimes="minimal")
    >>> print(lives_finding(found, lives(found), 10).replace("\u2009", " "))
    54 of 306 tensors are held while 10 or more other layers run. The longest held that the network makes is \
features.transition2.pool (201 kB), for 168 layers. Together they take most, 2.41 MB, as \
features.denseblock1.denselayer4.conv2 runs.
    """
    made = [life for life in found if life.kind != INPUT_KIND]
    long = [life for life in made if life.held >= layers]
    opening = f"{len(long)} of {len(made)} tensors are held while {layers} or more other layers run."
    if not long:
        return opening
    longest = max(long, key=lambda life: life.held)
    changes = [0] * (len(memory.timeline) + 2)
    for life in long:
        changes[life.first] += life.nbytes
        changes[life.last + 1] -= life.nbytes
    alive, most, place = 0, 0, 0
    for number, change in enumerate(changes):
        alive += change
        if alive > most:
            most, place = alive, number
    return (
        f"{opening} The longest held that the network makes is {longest.name} ({format_si(longest.nbytes, 'B')}), "
        f"for {longest.held} layers. Together they take most, {format_si(most, 'B')}, as "
        f"{memory.timeline[place - 1].layer.name} runs."
    )
