"""The `Claim` record: a sentence that papers or tutorials make, its source, and the rule that decides it by figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

HOLDS, ONLY_WHEN, FAILS = VERDICTS = ("holds", "holds only when", "does not hold")


class Finding(NamedTuple):
    """What the figures say to a claim."""

    #: One of `VERDICTS`.
    verdict: str
    #: The figures that decide it, in one or two sentences.
    figures: str


@dataclass(frozen=True)
class Claim:
    """One sentence about the family."""

    name: str
    says: str
    #: Who says so.
    source: str
    decide: Callable[[], Finding]
    #: Registered networks that the figures are about.
    networks: tuple[str, ...] = ()

    @cached_property
    def finding(self) -> Finding:
        """Computed once, without torch."""
        return self.decide()


_CLAIMS: dict[str, Claim] = {}


def claim(says: str, source: str, *networks: str) -> Callable[[Callable[[], Finding]], Callable[[], Finding]]:
    """Register the rule that decides a claim; the rule's name is the claim's."""

    def register(decide: Callable[[], Finding]) -> Callable[[], Finding]:
        name = decide.__name__.replace("_", "-")
        if name in _CLAIMS:
            raise ValueError(f"The claim {name!r} is already registered.")
        _CLAIMS[name] = Claim(name, says, source, decide, networks)
        return decide

    return register


def list_claims() -> list[Claim]:
    """Every claim, in the order in which they are told."""
    return list(_CLAIMS.values())


def claims_finding(claims: Sequence[Claim]) -> str:
    """How many of the claims hold, and how many do not."""
    held = Counter(claim.finding.verdict for claim in claims)
    return (
        f"Of {len(claims)} things that papers and tutorials say of these networks {held[HOLDS]} hold, "
        f"{held[ONLY_WHEN]} hold only when a condition is named, and {held[FAILS]} do not hold."
    )


def claims_frame(claims: Sequence[Claim]) -> pd.DataFrame:
    """One row a claim."""
    import pandas as pd

    rows = [(claim.says, *claim.finding, claim.source) for claim in claims]
    return pd.DataFrame(rows, columns=["claim", "verdict", "figures", "source"])


def decided(holds: bool, figures: str, otherwise: str = FAILS) -> Finding:
    """It holds, or not; `otherwise` where it does in part."""
    return Finding(HOLDS if holds else otherwise, figures)
