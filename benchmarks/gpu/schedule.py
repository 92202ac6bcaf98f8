"""Which case comes next, and which no longer fits into the time that is left?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from analysis.statistics import median
from benchmarks.gpu.checks import Case, Check

#: Cases that say how far guesses are off: the last ones of their check.
REMEMBERED = 7
#: Why a case has no turn.
TOO_LATE = "not enough time was left"


class Turn(NamedTuple):
    """A case that is about to run."""

    check: Check
    case: Case
    #: How long it may take.
    seconds: float


@dataclass
class _Queue:
    check: Check
    cases: deque[Case]
    spent: float = 0.0
    #: Seconds that cases took over those that were guessed.
    ratios: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def expected(self) -> float:
        return self.check.guess(**self.cases[0]) * (median(self.ratios) if self.ratios else 1.0)


class Schedule:
    """Each check gets its share of the time as long as it has cases; what one leaves goes to the others."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._queues = [_Queue(check, deque(check.cases)) for check in checks]
        #: Cases that did not fit, each with the reason.
        self.left_out: list[tuple[Check, Case, str]] = []

    def next(self, left: float) -> Turn | None:
        """The case whose check has had least of its share, if it fits into the seconds left; None at the end."""
        while waiting := [queue for queue in self._queues if queue.cases]:
            queue = min(waiting, key=lambda queue: queue.spent / queue.check.share)
            seconds = queue.expected() if left > 1 else inf
            case = queue.cases.popleft()
            if seconds <= left:
                return Turn(queue.check, case, seconds)
            self.left_out.append(
                (queue.check, case, TOO_LATE if seconds == inf else f"takes about {seconds:.0f} s, {TOO_LATE}")
            )
        return None

    def took(self, turn: Turn, seconds: float, *, typical: bool) -> None:
        """Tell what a case took; `typical` if others of its check will take as long, as failed ones will not."""
        [queue] = [queue for queue in self._queues if queue.check is turn.check]
        queue.spent += seconds
        if typical:
            queue.ratios.append(seconds / turn.check.guess(**turn.case))

    def waiting(self) -> list[tuple[Check, Case]]:
        """What has had no turn."""
        return [(queue.check, case) for queue in self._queues for case in queue.cases]


def without(checks: Iterable[Check], known: Iterable[tuple[str, Mapping[str, object]]]) -> list[Check]:
    """The checks with the cases that are not known yet."""
    gone = [(key, dict(case)) for key, case in known]
    return [
        replace(check, cases=tuple(case for case in check.cases if (check.key, case) not in gone)) for check in checks
    ]
