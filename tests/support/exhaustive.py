"""What every run of the tests looks at, and what only `make test-exhaustive` does."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

#: The shortest and the longest network of each kind: stems, bottlenecks, biases, identity, attention, depthwise.
OF_EACH_KIND = [
    "densenet40_k12",
    "densenet121",
    "densenetbc250_k24",
    "densenet_d2l",
    "peleenet",
    "vovnet27_slim",
    "vovnet57",
    "ese_vovnet19b_slim_dw",
    "ese_vovnet99b",
    "vovnetv2_39",
]

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
