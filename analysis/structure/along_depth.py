"""What goes on along the depth: how channels grow and shrink, what unequal ones cost, how long tensors are held.

At a fixed number of multiply-accumulates, a convolution touches the fewest elements when it reads as many as it writes:
at stride 1 with as many output as input channels (ShuffleNetV2, arXiv:1807.11164, guideline G1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod, sqrt
from typing import Any, NamedTuple

from analysis.memory.inference import InferenceMemory
from analysis.meter import LayerCost
from analysis.ops import op_kind
from analysis.summary import Summary
from analysis.units import format_si
from archs.family import Landmarks
from archs.layer import INPUT, Layer
from archs.registry import get_family


@dataclass(frozen=True)
class ChannelUse:
    """One convolution that mixes channels: its channels, and its memory access cost against the least possible."""

    cost: LayerCost
    #: Position in execution order among all layers, from 1.
    number: int

    @property
    def layer(self) -> Layer:
        return self.cost.layer

    @property
    def in_channels(self) -> int:
        return self.layer.input_shapes[0][1]

    @property
    def out_channels(self) -> int:
        return self.layer.output_shape[1]

    @property
    def ratio(self) -> float:
        """Input channels / output channels."""
        return self.in_channels / self.out_channels

    @property
    def bound(self) -> float:
        """`least_access`, in elements."""
        return least_access(self.cost)

    @property
    def penalty(self) -> float:
        """Memory access cost / `bound`: 1 at the optimum, never less."""
        return self.cost.memory_access_cost / self.bound

    @property
    def surplus(self) -> float:
        """Memory access cost beyond `bound`, in elements."""
        return self.cost.memory_access_cost - self.bound


def least_access(cost: LayerCost) -> float:
    """The least memory access cost, in elements, that a convolution of the same multiply-accumulates can have.

    With p input and q output positions (N·h·w of either), kernel k×k and g groups, a convolution touches
    p·ci + q·co + k²·ci·co/g elements and makes B = q·k²·ci·co/g multiply-accumulates. B fixes ci·co, and with it the
    weights, B/q; of all ci and co with that product, p·ci + q·co is least where both are equal (the inequality of
    arithmetic and geometric mean): √(p·q·ci·co) each. So the bound is

        2·√(p·q·ci·co) + B/q,   ci·co = B·g/(q·k²)

    which is ShuffleNetV2's 2·√(hw·B) + B/hw for a 1×1 convolution at stride 1 and batch 1. There and at stride 1 in
    general it is reached at ci = co, at stride s at co = s²·ci. It allows channels that are no integers, and other
    channels than the image's, which no network can choose.
    """
    layer = cost.layer
    (n, ci, *sides), (_, co, *out_sides) = layer.input_shapes[0], layer.output_shape
    read, written = n * prod(sides), n * prod(out_sides)
    return 2 * sqrt(read * written * ci * co) + cost.macs / written


def channel_uses(summary: Summary) -> list[ChannelUse]:
    """Every convolution that mixes channels, in execution order: depthwise ones, which have no choice, are left out."""
    return [
        ChannelUse(cost, number)
        for number, cost in enumerate(summary.layers, start=1)
        if op_kind(cost.layer) in ("convolution 1×1", "convolution k×k") and len(cost.layer.output_shape) == 4
    ]


def channel_rows(summary: Summary) -> list[dict[str, Any]]:
    """One record a convolution, plain values."""
    return [
        {
            "name": use.layer.name,
            "number": use.number,
            "stage": use.layer.stage,
            "kind": op_kind(use.layer),
            "kernel": use.layer.kernel,
            "output_size": use.layer.output_shape[2:],
            "in_channels": use.in_channels,
            "out_channels": use.out_channels,
            "ratio": use.ratio,
            "macs": use.cost.macs,
            "memory_access_cost": use.cost.memory_access_cost,
            "least_access": use.bound,
            "penalty": use.penalty,
        }
        for use in channel_uses(summary)
    ]


def landmarks(config: Any) -> Landmarks:
    """What a drawing of a config's channels points out; nothing of other networks."""
    return get_family(config.family).prose.landmarks(config) if config else Landmarks()


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
