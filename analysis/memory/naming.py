"""Names for what autograd was seen to save of a module: those of the rules where they foretell it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from analysis.memory.saved_tensors import Saved
from analysis.memory.storages import UnfollowedOpError
from archs.layer import INPUT, Layer


class Kept(NamedTuple):
    """One piece of memory that autograd saves."""

    #: Dotted path of the module that was running.
    path: str
    nbytes: int


def named(
    seen: Iterable[Kept], expected: Iterable[Saved], layers: Sequence[Layer], modules: Collection[str]
) -> Iterator[Saved]:
    """One row a piece that was seen. What no rule foretells is "other", of a layer of the module that was running.

    Args:
        seen: in the order of saving.
        expected: what the rules say where everything learns, as far as there are any.
        layers: as they run in training.
        modules: dotted names of the modules.
    """
    candidates: dict[Kept, list[Saved]] = {}
    with suppress(UnfollowedOpError):
        for row in expected:
            for part in _pieces(row):
                candidates.setdefault(Kept(_module_of(part.layer, modules), part.nbytes), []).append(part)
    running = layer_running(layers, modules)
    for kept in seen:
        if rows := candidates.get(kept):
            yield rows.pop(0)
        else:
            layer = running(kept.path)
            yield Saved(kept.path, layer.name, layer.stage, "other", kept.nbytes)


def _pieces(row: Saved) -> Iterable[Saved]:
    """Mean and inverse standard deviation are a piece each."""
    return [row._replace(nbytes=row.nbytes // 2)] * 2 if row.kind.endswith("statistics") else [row]


def layer_running(layers: Sequence[Layer], modules: Collection[str]) -> Callable[[str], Layer]:
    """Which layer stands for what a module does, by its dotted path: its first, or else one of the module around it."""
    first = {} if layers else {"": Layer(INPUT, INPUT, INPUT, (), (), ())}
    for layer in layers:
        path = _module_of(layer.name, modules)
        while path not in first:
            first[path] = layer
            path = path.rpartition(".")[0]

    def running(path: str) -> Layer:
        while path not in first:
            path = path.rpartition(".")[0]
        return first[path]

    return running


def _module_of(layer: str, modules: Collection[str]) -> str:
    """The module that runs a layer: of its own name, but for a number where it ran before, or the one around it."""
    path = layer if layer in modules else re.sub(r"_\d+$", "", layer)
    return path if path in modules else path.rpartition(".")[0]
