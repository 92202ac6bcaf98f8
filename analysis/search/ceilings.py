"""What a search does without being asked twice: its work is known before it begins, or before the long part of it."""

from __future__ import annotations

from dataclasses import dataclass

from archs.errors import DenseScopeError

#: Configs that are counted: about a minute, and half a gigabyte.
MAX_COUNTED = 5_000_000
#: Values that are evaluated one by one; of those that come with DenseScope each takes milliseconds or more.
MAX_EVALUATED = 100_000
#: Numbers that are compared to find the front: about half a minute.
MAX_COMPARED = 20_000_000_000
#: How sentences end.
ANYWAY = ", or ask for it anyway (anyway=True, --anyway)."


class TooLargeSearchError(DenseScopeError, ValueError):
    """A search would take long; the sentence says what would, and how to ask for it all the same."""


@dataclass(frozen=True)
class Ceilings:
    """Whether work may begin."""

    #: Whatever it takes.
    anyway: bool = False

    def _check(self, what: str, count: int, most: int, instead: str) -> None:
        if count > most and not self.anyway:
            raise TooLargeSearchError(
                f"The search would {what.format(f'{count:,}')}, more than the {most:,} that are done unasked: "
                f"{instead}{ANYWAY}"
            )

    def check_counted(self, configs: int) -> None:
        """Raises: TooLargeSearchError: so many configs are not counted unasked."""
        self._check("count {} configs", configs, MAX_COUNTED, "set a lower limit")

    def check_evaluated(self, networks: int, names: list[str]) -> None:
        """Raises: TooLargeSearchError: so many networks are not evaluated unasked, for each of some quantities."""
        what = f"evaluate {{}} values one by one ({networks:,} networks, of each {', '.join(names)})"
        self._check(what, networks * len(names), MAX_EVALUATED, "set a lower limit, or budgets of what is counted")

    def check_compared(self, comparisons: int, networks: int, objectives: int) -> None:
        """Raises: TooLargeSearchError: so many networks are not compared unasked, by so many objectives."""
        what = f"compare {{}} numbers to find the front (of {networks:,} networks by {objectives} objectives)"
        self._check(what, comparisons, MAX_COMPARED, "set a lower limit, tighter budgets, or fewer objectives")
