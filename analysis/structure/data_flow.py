"""How data flows through one part of a network: what each layer reads, makes and copies, and what is alive then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

from analysis.memory.inference import InferenceMemory
from analysis.memory.storages import Storage
from analysis.meter import element_bytes
from analysis.ops import op_kind
from analysis.units import format_si
from archs.layer import INPUT, Layer


class Piece(NamedTuple):
    """One piece of memory, and where a drawing has it."""

    name: str
    #: Of the layer that makes it, "image" for the image.
    kind: str
    nbytes: int
    #: Steps from and to which it is alive, within the part.
    first: int
    last: int
    #: Its row: what is joined or comes from outside stands above what only passes by, whose rows are used again.
    row: int


class Step(NamedTuple):
    """One layer as it runs."""

    layer: Layer
    #: For each tensor that it reads: the piece that holds it, and its bytes.
    reads: tuple[tuple[int, int], ...]
    #: The piece that holds what it makes; one that it reads where it overwrites that.
    target: int
    live_bytes: int

    @property
    def overwrites(self) -> bool:
        """Whether it makes no new piece."""
        return any(piece == self.target for piece, _ in self.reads)

    @property
    def read_bytes(self) -> int:
        """Bytes of all that it reads: what a concatenation copies."""
        return sum(nbytes for _, nbytes in self.reads)


class Flow(NamedTuple):
    """One part of a network."""

    network: str
    part: str
    pieces: tuple[Piece, ...]
    steps: tuple[Step, ...]

    @property
    def rows(self) -> int:
        return max(piece.row for piece in self.pieces) + 1

    @property
    def joins(self) -> tuple[Step, ...]:
        """The concatenations, which copy what they read."""
        return tuple([step for step in self.steps if step.layer.op == "concat"])

    @property
    def peak(self) -> int:
        """The first step at which most is alive."""
        return max(range(len(self.steps)), key=lambda number: self.steps[number].live_bytes)


def parts(memory: InferenceMemory) -> list[str]:
    """The parts whose flow can be shown: the stages."""
    return list(dict.fromkeys(moment.layer.stage for moment in memory.timeline))


def default_part(memory: InferenceMemory) -> str:
    """The first one behind the stem that concatenates, else the first."""
    first, *others = parts(memory)
    joining = {moment.layer.stage for moment in memory.timeline if moment.layer.op == "concat"}
    return next((part for part in others if part in joining), first)


def flow(memory: InferenceMemory, part: str) -> Flow:
    """The flow through one of `parts`."""
    layers = [moment.layer for moment in memory.timeline]
    span = [number for number, layer in enumerate(layers) if layer.stage == part]
    start, end = span[0], span[-1]
    holder = _holders(layers[: end + 1], memory.tensors)
    size = element_bytes(memory.summary.dtype)
    reads = {
        number: [
            (holder[name], size * prod(shape))
            for name, shape in zip(layers[number].inputs, layers[number].input_shapes, strict=True)
            if name in holder
        ]
        for number in range(start, end + 1)
    }
    shown = [index for index, one in enumerate(memory.tensors) if one.first <= end and one.last >= start]
    joined = {piece for number in span if layers[number].op == "concat" for piece, _ in reads[number]}
    lasting = {index for index in shown if memory.tensors[index].first < start or index in joined}
    rows = _rows({index: memory.tensors[index] for index in shown}, lasting)
    place = {index: position for position, index in enumerate(shown)}
    kinds = {layer.name: op_kind(layer) for layer in layers}
    pieces = [
        Piece(
            "image" if (one := memory.tensors[index]).name == INPUT else one.name,
            kinds.get(one.name, "image"),
            one.nbytes,
            max(one.first, start) - start,
            min(one.last, end) - start,
            rows[index],
        )
        for index in shown
    ]
    steps = [
        Step(
            layers[number],
            tuple([(place[piece], nbytes) for piece, nbytes in reads[number] if piece in place]),
            place[holder[layers[number].name]],
            memory.timeline[number].live_bytes,
        )
        for number in range(start, end + 1)
    ]
    return Flow(memory.summary.name, part, tuple(pieces), tuple(steps))


def _holders(layers: Iterable[Layer], pieces: Sequence[Storage]) -> dict[str, int]:
    """The piece of memory that holds what each layer makes; a layer that allocates none overwrites its input."""
    own: dict[str, int] = {}
    for index, piece in enumerate(pieces):
        own.setdefault(piece.name, index)  # a max pooling's places come second
    holder = {INPUT: own[INPUT]}
    for layer in layers:
        holder[layer.name] = own.get(layer.name, holder.get(layer.inputs[0] if layer.inputs else INPUT, own[INPUT]))
    return holder


def _rows(pieces: dict[int, Storage], lasting: set[int]) -> dict[int, int]:
    """A row for each piece: the lasting ones have their own, the others take the first that is free."""
    rows = {index: row for row, index in enumerate(index for index in pieces if index in lasting)}
    until: list[int] = []
    for index, piece in pieces.items():
        if index in lasting:
            continue
        free = next((row for row, last in enumerate(until) if last < piece.first), len(until))
        until[free : free + 1] = [piece.last]
        rows[index] = len(lasting) + free
    return rows


def flow_finding(found: Flow) -> str:
    """How much a part copies by concatenation, against what it adds, and how much is alive at most.

    >>> from analysis import memory
    >>> print(flow_finding(flow(memory("densenet121"), "dense block 1")).replace("\u2009", " "))
    densenet121, dense block 1: 6 concatenations copy 13.2 MB, and up to 9.03 MB are alive, as \
features.denseblock1.denselayer6.norm1 runs.
    """
    peak = found.steps[found.peak]
    alive = f"up to {format_si(peak.live_bytes, 'B')} are alive, as {peak.layer.name} runs."
    if not (joins := found.joins):
        return f"{found.network}, {found.part}: nothing is concatenated, and {alive}"
    copied = format_si(sum(step.read_bytes for step in joins), "B")
    copy = "1 concatenation copies" if len(joins) == 1 else f"{len(joins)} concatenations copy"
    return f"{found.network}, {found.part}: {copy} {copied}, and {alive}"
