"""What the description of a counter consists of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sized
from copy import deepcopy
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from analysis.crosscheck.witness import Use
from analysis.ops import find_op
from archs.errors import TraceError

#: The key under which a rule gives the multiply-accumulates of a layer; all other keys are words for people.
MACS = "macs"

#: What a counter counts for one layer, split into multiply-accumulates and other things, in the counter's own unit.
Parts = Mapping[str, int]


def words(op: str) -> str:
    """An op as a table names it."""
    return find_op(op).word or op.replace("_", " ")


class Reading(NamedTuple):
    """What a counter said about a network."""

    value: int
    #: What it said beside the number, or what is known to have gone wrong, in sentences.
    remark: str = ""


@dataclass(frozen=True)
class Counter:
    """A public counter: how to run it and what it counts."""

    name: str
    #: The installed distribution that its version is that of.
    package: str
    #: What the counter calls its figure.
    reported_as: str
    #: "MACs" or "FLOPs": what one unit of the figure is.
    unit: str
    #: One paragraph: when its number is the right one to quote.
    quote_when: str
    #: Its figure for a module in inference mode and an image, both on the meta device.
    run: Callable[[nn.Module, Tensor], Reading]
    #: What it counts for one layer of the trace.
    count: Callable[[Use], Parts]
    #: What it got wrong on a network, in sentences, from the layers of its trace.
    find_faults: Callable[[list[Use]], list[str]] = lambda _: []
    #: Whether the figure is for the whole batch.
    sees_batch: bool = True

    @property
    def units_per_mac(self) -> int:
        return {"MACs": 1, "FLOPs": 2}[self.unit]


def some(things: Sized, noun: str) -> str:
    """How many there are, for a sentence.

    >>> some([1], "layer"), some([1, 2], "layer")
    ('1 layer', '2 layers')
    """
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def class_names(modules: Iterable[nn.Module]) -> str:
    """The classes of some modules, each once, with the library that they come from unless that is torch.

    >>> class_names([nn.ReLU(), nn.ReLU(), nn.Conv2d(1, 1, 1)])
    'Conv2d, ReLU'
    """
    return ", ".join(sorted({_class_name(type(module)) for module in modules}))


def _class_name(cls: type) -> str:
    library = cls.__module__.partition(".")[0]
    return cls.__name__ if library in ("torch", "__main__") else f"{library}'s {cls.__name__}"


def blank_copy(module: nn.Module) -> nn.Module:
    """A copy in inference mode whose weights are on the meta device: no values, no memory, nothing shared.

    Raises: TraceError: the module holds something that cannot be copied.
    """
    memo: dict[int, object] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
        for parameter in module.parameters()
    }
    memo |= {id(buffer): torch.empty_like(buffer, device="meta") for buffer in module.buffers()}
    try:
        return deepcopy(module, memo).eval()
    except Exception as error:
        raise TraceError(f"{type(module).__name__} cannot be copied for a counter: {error}.") from error
