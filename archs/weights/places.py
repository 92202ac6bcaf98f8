"""Where in a file a network lies: below which entry, behind which prefix of its keys, in whose layout."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archs.errors import WeightsError, abbreviate
from archs.family import Layout

if TYPE_CHECKING:
    from torch import Tensor

State = Mapping[str, "Tensor"]

#: Entries under which training scripts keep a network, ahead of any other with the same names and shapes.
ENTRIES = ("", "state_dict", "model", "model_state_dict")
#: Running averages of the weights, which come after the weights themselves.
AVERAGES = re.compile(r"(?<![a-z])(ema|swa|averaged?)(?![a-z])")
#: What wrapping a part of a network puts into its keys: DataParallel, `torch.compile`, FSDP, checkpointing.
WRAPPED = re.compile(r"(?<=\.)(module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
#: More than anybody nests; a hostile file may nest without end.
MAX_ENTRIES, MAX_PARTS, MAX_PREFIXES = 4, 8, 20
#: So many mappings of a file are looked at, and so long names.
MAX_MAPPINGS, MAX_NAME = 1000, 1000


class Place(NamedTuple):
    """A state dict in a file, a prefix of its keys, and whose names the network has behind it."""

    entry: str
    prefix: str
    layout: Layout
    #: The tensors behind the prefix, by the file's keys without it.
    state: State
    #: Our name for each key of `state`.
    ours: Mapping[str, str]
    #: Keys of the state dict that lie outside the prefix.
    ignored: tuple[str, ...]

    def __str__(self) -> str:
        """What of the file was read, empty for all as it is: "below 'net', without the prefix 'module.'"."""
        inner = sorted({f"'{name}.'" for key in self.state for name in WRAPPED.findall(key)})
        below = [f"below {abbreviate(self.entry)}"] if self.entry else []
        without = [f"without the prefix {abbreviate(self.prefix)}"] if self.prefix else []
        return ", ".join(below + without + [f"without {name} inside its keys" for name in inner])

    def likeness(self, expected: State) -> tuple[int, ...]:
        """How many tensors have the names of a network, and how many its shapes too; then how usual the place is."""
        named = [key for key, ours in self.ours.items() if ours in expected]
        shaped = sum(getattr(self.state[key], "shape", None) == expected[self.ours[key]].shape for key in named)
        average = bool(AVERAGES.search(f"{self.entry} {self.prefix}"))
        rank = ENTRIES.index(self.entry) if self.entry in ENTRIES else len(ENTRIES)
        return len(named), shaped, -average, 0 if named else len(self.state), -rank


def find_network(content: Any, shown: str, layouts: Sequence[Layout], expected: State) -> tuple[Place, list[Place]]:
    """The place in a file that is most like a network, and others that are a copy of it.

    Args:
        content: of the file.
        shown: what sentences call the file.
        layouts: of the network's family.
        expected: the network's own tensors.

    Raises:
        WeightsError: no state dict, one with other things than tensors in it, or several that are equally likely.
    """
    found = [
        place
        for entry, state in state_dicts(content)
        if max(map(len, (entry, *state))) <= MAX_NAME
        for prefix in prefixes(state, min(len(state), len(expected)) // 2)
        for place in [_nearest(entry, prefix, state, layouts, expected)]
    ]
    if not found:
        _refuse_entries(content, shown)
        raise WeightsError(f"{shown} holds no state dict.")
    likeness = {index: place.likeness(expected) for index, place in enumerate(found)}
    best, *others = sorted(likeness, key=lambda index: likeness[index], reverse=True)
    copies = [index for index in others if likeness[best][0] and likeness[index][:2] == likeness[best][:2]]
    if rivals := [found[index] for index in copies if likeness[index] == likeness[best]]:
        raise WeightsError(
            f"{shown} holds such a network more than once, {found[best]} and {rivals[0]}: "
            "save one of them as a file of its own."
        )
    _refuse_entries(found[best].state, shown)
    return found[best], [found[index] for index in copies]


def state_dicts(content: Any) -> Iterator[tuple[str, State]]:
    """Every mapping in a file that holds tensors by name, and the dotted name of the entry that it is."""
    import torch

    mappings = islice(_mappings(content, "", frozenset()), MAX_MAPPINGS)
    for entry, named in mappings:
        if any(isinstance(value, torch.Tensor) for value in named.values()):
            yield entry, named


def _mappings(content: Any, entry: str, around: frozenset[int]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every mapping in a file, from outside in."""
    if not isinstance(content, Mapping) or id(content) in around or len(around) > MAX_ENTRIES:
        return
    named = {key: value for key, value in content.items() if isinstance(key, str)}
    yield entry, named
    for key, value in named.items():
        yield from _mappings(value, f"{entry}.{key}" if entry else key, around | {id(content)})


def prefixes(keys: Iterable[str], at_least: int) -> list[str]:
    """What at least so many keys begin with, dot by dot; the empty prefix first.

    >>> prefixes(["model.net.a", "model.net.b", "model.c"], 2)
    ['', 'model.', 'model.net.']
    """
    parts = Counter(
        prefix for key in keys for prefix in accumulate(f"{part}." for part in key.split(".", MAX_PARTS)[:-1])
    )
    return ["", *(prefix for prefix, count in parts.most_common(MAX_PREFIXES) if count >= max(at_least, 1))]


def _nearest(entry: str, prefix: str, state: State, layouts: Sequence[Layout], expected: State) -> Place:
    """The place in the layout that gives the most tensors our names; the first of equals."""
    inside = {key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)}
    ignored = tuple(sorted(key for key in state if not key.startswith(prefix)))
    names = {key: WRAPPED.sub("", key) for key in inside}
    renamed = [{key: layout.rename(name) for key, name in names.items()} for layout in layouts]
    best = max(range(len(layouts)), key=lambda index: len(expected.keys() & renamed[index].values()))
    return Place(entry, prefix, layouts[best], inside, renamed[best], ignored)


def _refuse_entries(content: Any, shown: str) -> None:
    """Raises: WeightsError: something is no state dict, or an entry of it no plain tensor."""
    if not isinstance(content, Mapping) or not content:
        raise WeightsError(f"{shown} holds no state dict but a value of type {type(content).__name__}.")
    for key, value in content.items():
        if not (isinstance(key, str) and len(key) <= MAX_NAME and _is_plain_tensor(value)):
            raise WeightsError(f"{shown} holds no state dict: its entry {abbreviate(key)} is no plain tensor.")


def _is_plain_tensor(value: Any) -> bool:
    import torch

    return (
        isinstance(value, torch.Tensor)
        and value.layout == torch.strided
        and not (value.is_meta or value.is_quantized or value.is_complex())
    )
