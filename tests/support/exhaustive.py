"""What every run of the tests looks at, and what only `make test-exhaustive` does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

from analysis import summarize
from archs import list_archs, list_families
from archs.registry import get_config, recomputes

T = TypeVar("T")

#: The shortest and the longest network of each kind: stems, bottlenecks, biases, identity, attention, depthwise.
CHOSEN = {
    "densenet": ["densenet40_k12", "densenet121", "densenetbc250_k24", "densenet_d2l"],
    "vovnet": ["vovnet27_slim", "vovnet57", "ese_vovnet19b_slim_dw", "ese_vovnet99b", "vovnetv2_39"],
    "condensenet": ["condensenet50_cifar", "condensenetv2_a"],
}


def smallest_of(family: str) -> str:
    """The registered network of a family with the fewest parameters."""
    return min(list_archs(family=family), key=lambda name: summarize(name).params)


OF_EACH_FAMILY = [smallest_of(family) for family in list_families()]
#: Those chosen of each family, or else its smallest network.
OF_EACH_KIND = [name for smallest in OF_EACH_FAMILY for name in CHOSEN.get(get_config(smallest).family, [smallest])]
#: Families whose modules make tensors again in the backward pass.
RECOMPUTING = [get_config(name).family for name in OF_EACH_FAMILY if recomputes(get_config(name))]

EXHAUSTIVE = os.environ.get("DENSESCOPE_EXHAUSTIVE") == "1"


def representatives(few: Iterable[T], everything: Iterable[T]) -> list[T]:
    """A few that stand for all; all of them where DENSESCOPE_EXHAUSTIVE is 1."""
    few, everything = list(few), list(everything)
    strangers = [one for one in few if one not in everything]
    assert not strangers, f"{strangers} stand for others and are none of them"
    return everything if EXHAUSTIVE else few


def examples(count: int) -> int:
    """How many random examples are drawn: some, or ten times as many where DENSESCOPE_EXHAUSTIVE is 1."""
    return 10 * count if EXHAUSTIVE else count


def examples_of_a_family(count: int) -> int:
    """How many random examples are drawn of each family, where all families together have `count`."""
    return examples(max(3, count // len(list_families())))
