"""Who computes next: pages share one interpreter, and whoever has used little of it goes before those who used much.

Threads that compute at once would each get an equal part, so that one visitor who asks for little would wait for all
that others ask for. Here one page at a time computes, and gives way where it draws or counts something to one that has
used less. None waits long: a page that does not give way is joined, not waited for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, local
from typing import Any

#: Seconds that a page waits at most, and by how many more for each that its session has used.
PATIENCE_S, PATIENCE_OF_USE = 0.5, 8.0
#: Seconds in which half of what was used is forgotten.
HALF_LIFE_S = 10.0
#: Seconds that one must have used more than another to give way to it: neighbours who use the same are not shuffled.
MORE_S = 0.25
#: Sessions that are remembered.
MOST = 1000


class Turns:
    """The turns of sessions at one interpreter."""

    def __init__(self) -> None:
        self._moves = Condition()
        #: Of each session the seconds that it has used, and when that was said.
        self._uses: dict[str, tuple[float, float]] = {}
        self._waiting: list[str] = []
        self._at_work = 0
        self._own: Any = local()

    @contextmanager
    def turn(self, session: str) -> Iterator[None]:
        """For as long as a session's thread computes, but for its pauses."""
        self._own.session = session
        self._begin()
        try:
            yield
        finally:
            self._end()
            self._own.session = None

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
        """Let those go first that have used less."""
        if not (self._waiting and self._has_turn()):
            return
        own = self._used(self._own.session) + time.thread_time() - self._own.since
        with self._moves:
            gives_way = any(self._used(other) + MORE_S < own for other in self._waiting)
        if gives_way:
            self._end()
            self._begin()

    def idle_seconds(self) -> float:
        """For how long nobody has computed; none before somebody has."""
        if self._at_work or not self._uses:
            return 0.0
        return time.monotonic() - max(said for _, said in self._uses.values())

    def _has_turn(self) -> bool:
        return getattr(self._own, "session", None) is not None

    def _used(self, session: str) -> float:
        seconds, said = self._uses.get(session, (0.0, 0.0))
        return seconds * 0.5 ** ((time.monotonic() - said) / HALF_LIFE_S)

    def _begin(self) -> None:
        session = self._own.session
        with self._moves:
            self._waiting.append(session)
            self._moves.wait_for(
                lambda: not self._at_work and session == min(self._waiting, key=self._used),
                PATIENCE_S + PATIENCE_OF_USE * self._used(session),
            )
            self._waiting.remove(session)
            self._at_work += 1
        self._own.since = time.thread_time()

    def _end(self) -> None:
        session, used = self._own.session, time.thread_time() - self._own.since
        with self._moves:
            self._at_work -= 1
            self._uses[session] = self._used(session) + used, time.monotonic()
            for old in list(self._uses)[:-MOST]:
                del self._uses[old]
            self._moves.notify_all()


TURNS = Turns()
