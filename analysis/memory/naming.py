"""Names for what autograd was seen to save of a module: those of the rules where they foretell it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from analysis.memory.saved_tensors import Saved
from analysis.memory.storages import UnfollowedOpError
from archs.layer import Layer


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
            candidates.setdefault(Kept(_module_of(row.layer, modules), row.nbytes), []).append(row)
    layer_of: dict[str, Layer] = {}
    for layer in layers:
        path = _module_of(layer.name, modules)
        while path not in layer_of:
            layer_of[path] = layer
            path = path.rpartition(".")[0]
    for kept in seen:
        if rows := candidates.get(kept):
            yield rows.pop(0)
        else:
            path = kept.path
            while path not in layer_of:
                path = path.rpartition(".")[0]
            layer = layer_of[path]
            yield Saved(kept.path, layer.name, layer.stage, "other", kept.nbytes)


def _module_of(layer: str, modules: Collection[str]) -> str:
    """The module that runs a layer: of its own name, but for a number where it ran before, or the one around it."""
    path = layer if layer in modules else re.sub(r"_\d+$", "", layer)
    return path if path in modules else path.rpartition(".")[0]
