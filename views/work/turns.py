"""Who computes next: pages share one interpreter, and short answers go before long ones.

Threads that compute at once would each get an equal part, so that one visitor who asks for little would wait for all
that others ask for. Here one page at a time computes, and gives way where it draws or counts something. Whoever waits
has a level, by what the session's answers took of late and by what this one has taken so far, and each level is worth
some seconds of waiting. None waits long: a page that does not give way is joined, not waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, local
from typing import Any

#: Seconds of the lowest level; each further one takes up to twice as many.
SHORT_S = 0.25
#: What a session's first answer is thought to take.
FIRST_S = 0.3
#: Seconds for which one waits behind those that are a level below and came later.
WORTH_S = 5.0
#: Seconds without a change of turns after which one of the lowest level begins all the same; of each further level four
#: times as many.
PATIENCE_S = 0.5
#: Seconds for which an answer gives way in all: then it goes on to its end.
GIVEN_S = 10.0
#: Sessions that are remembered.
MOST = 1000


def level_of(seconds: float) -> int:
    """
    >>> [level_of(seconds) for seconds in (0.1, 0.3, 0.6, 5.0)]
    [0, 1, 2, 5]
    """
    return max(0, int(seconds / SHORT_S)).bit_length()


class Turns:
    """The turns of sessions at one interpreter."""

    def __init__(self) -> None:
        self._moves = Condition()
        #: What the answers of each session take: the mean of the last one and of what was thought before.
        self._taken: dict[str, float] = {}
        #: Of each thread that waits: when it would be its turn were all others of the lowest level.
        self._waiting: list[float] = []
        self._at_work = 0
        self._changed = time.monotonic()
        self._own: Any = local()

    @contextmanager
    def turn(self, session: str) -> Iterator[None]:
        """For as long as a session's thread computes, but for its pauses; one that has its turn keeps it."""
        if self._has_turn():
            yield
            return
        self._own.expected, self._own.used, self._own.given = self._taken.get(session, FIRST_S), 0.0, 0.0
        self._begin()
        try:
            yield
        finally:
            self._end()
            self._remember(session, (self._own.expected + self._own.used) / 2)
            self._own.expected = None

    @contextmanager
    def pause(self) -> Iterator[None]:
        """For as long as the thread waits for something else than the interpreter."""
        if not self._has_turn():
            yield
            return
        self._end()
        try:
            yield
        finally:
            self._begin()

    def give_way(self) -> None:
        """Let shorter answers go first."""
        if not (self._waiting and self._has_turn() and self._own.given < GIVEN_S):
            return
        used = self._own.used + time.thread_time() - self._own.since
        level = level_of(max(used, self._own.expected))
        if min(self._waiting, default=float("inf")) < self._own.began + WORTH_S * level:
            self._end()
            gave = time.monotonic()
            self._begin()
            self._own.given += time.monotonic() - gave

    def idle_seconds(self) -> float:
        """For how long nobody has computed; none before somebody has."""
        return 0.0 if self._at_work or not self._taken else time.monotonic() - self._changed

    def _has_turn(self) -> bool:
        return getattr(self._own, "expected", None) is not None

    def _remember(self, session: str, seconds: float) -> None:
        with self._moves:
            self._taken.pop(session, None)
            self._taken[session] = seconds
            for old in list(self._taken)[:-MOST]:
                del self._taken[old]

    def _begin(self) -> None:
        level = level_of(max(self._own.used, self._own.expected))
        own = time.monotonic() + WORTH_S * level
        with self._moves:
            self._waiting.append(own)
            while not self._may_begin(own, level):
                self._moves.wait(PATIENCE_S / 4)
            self._waiting.remove(own)
            self._at_work += 1
            self._changed = self._own.began = time.monotonic()
        self._own.since = time.thread_time()

    def _may_begin(self, own: float, level: int) -> bool:
        if own > min(self._waiting):
            return False
        return not self._at_work or time.monotonic() - self._changed > PATIENCE_S * 4**level

    def _end(self) -> None:
        self._own.used += time.thread_time() - self._own.since
        with self._moves:
            self._at_work -= 1
            self._changed = time.monotonic()
            self._moves.notify_all()


TURNS = Turns()
