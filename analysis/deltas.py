"""What a network costs more or less than another: by quantity, and in a sentence."""

from __future__ import annotations

from typing import NamedTuple

from analysis.findings import join
from analysis.quantities import QUANTITIES
from analysis.summary import Summary
from analysis.units import format_share

#: What a sentence tells, as it calls it.
_TOLD = {
    "params": "parameters",
    "macs": "MACs",
    "memory_access_cost": "memory access cost",
    "bytes_moved": "memory traffic",
}
_COUNTABLE = ("parameters", "MACs")
#: Changes below this share are none worth telling.
_WORTH_TELLING = 0.0005


class Delta(NamedTuple):
    """One quantity of two networks."""

    base: float
    value: float

    @property
    def difference(self) -> float:
        return self.value - self.base

    @property
    def share(self) -> float | None:
        """The difference as a share of the base; None where that is nothing."""
        return self.difference / self.base if self.base else None


def deltas(base: Summary, summary: Summary) -> dict[str, Delta]:
    """Every quantity of the meter, and the depth."""
    return {
        key: Delta(base.depth.total, summary.depth.total)
        if key == "depth"
        else Delta(getattr(base, key), getattr(summary, key))
        for key in QUANTITIES
    }


def delta_finding(base: Summary, summary: Summary) -> str:
    """What a network needs more or less than its baseline, and whether its traffic follows its arithmetic.

    >>> from analysis import summarize
    >>> from archs import get_config
    >>> slim = summarize(get_config("densenet121", growth_rate=24))
    >>> print(delta_finding(summarize("densenet121"), slim).replace("\u2009", " "))
    DenseNet needs 41 % fewer parameters, 40 % fewer MACs, 27 % less memory access cost and 22 % less memory traffic \
than densenet121: its traffic falls more slowly than its arithmetic.
    """
    found = deltas(base, summary)
    told = [_change(noun, found[key].share) for key, noun in _TOLD.items()]
    told = [text for text in told if text]
    if not told:
        return f"{summary.name} costs what {base.name} costs."
    return f"{summary.name} needs {join(told)} than {base.name}{_pace(found)}."


def _change(noun: str, share: float | None) -> str:
    if share is None or abs(share) < _WORTH_TELLING:
        return ""
    fewer = "fewer" if noun in _COUNTABLE else "less"
    return f"{format_share(abs(share))} {fewer if share < 0 else 'more'} {noun}"


def _pace(found: dict[str, Delta]) -> str:
    """Whether memory traffic goes the way of the multiply-accumulates."""
    macs, traffic = found["macs"].share or 0.0, found["bytes_moved"].share or 0.0
    if abs(macs) < 0.02:
        return ""
    if macs * traffic < 0:
        return f": its traffic {'rises' if traffic > 0 else 'falls'} while its arithmetic {_verb(macs)}"
    if abs(traffic) < 0.8 * abs(macs):
        return f": its traffic {_verb(macs)} more slowly than its arithmetic"
    return ""


def _verb(share: float) -> str:
    return "falls" if share < 0 else "grows"
