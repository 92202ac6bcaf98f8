"""Heavy work in a process of its own: one at a time, within limits of time and memory, ended with who asked for it."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from multiprocessing.connection import Connection
from multiprocessing.reduction import send_handle
from pathlib import Path
from socket import socketpair
from threading import Condition, Lock
from typing import Any

from archs.errors import DenseScopeError
from views.work.turns import TURNS

ROOT = Path(__file__).parents[2]
#: Seconds and bytes that a piece of work may take, and seconds between two looks at it.
SECONDS, BYTES, LOOK_S = 300, 6 * 2**30, 0.2
WAITING = "Waiting for the work of another page …"
#: Variables of the environment that work reads; pages may be tested with others than the worker began with.
READ = "DENSESCOPE_"


class WorkError(DenseScopeError, RuntimeError):
    """Work that came to no end within its limits."""


class LimitError(WorkError):
    """Work that takes more than it may."""


class UnwantedError(WorkError):
    """Work that nobody waits for any more."""

    def __init__(self) -> None:
        super().__init__("Nobody waits for this any more.")


def run(
    function: Callable[..., Any],
    *arguments: Any,
    told: str | None = None,
    tell: Callable[[str], object] = str,
    goes_on: Callable[[], bool] = lambda: True,
    seconds: int = SECONDS,
    nbytes: int = BYTES,
) -> Any:
    """What a function of a module answers, called in another process.

    Args:
        function: at the top of a module; it and its arguments are pickled.
        told: the name of its argument that takes a function of a word, such as "before".
        tell: is called with its last word at each look; what it raises ends the work, as a rerun of a page does.
        goes_on: whether anybody still waits.
        seconds: of wall time, and of CPU on each processor.
        nbytes: of memory.

    Raises:
        DenseScopeError: as the function.
        WorkError: a limit was reached, or nobody waits any more.
    """
    environment = {name: value for name, value in os.environ.items() if name.startswith(READ)}
    named = function.__module__, function.__qualname__
    task = pickle.dumps((*named, arguments, told, seconds, nbytes, environment), pickle.HIGHEST_PROTOCOL)
    with TURNS.pause(), _in_turn(tell, goes_on), _WORKER.copy() as copy:
        return _follow(copy, task, tell, goes_on, seconds, nbytes)


#: Whoever waits for a turn, and who has it: the first.
_LINE: list[object] = []
_MOVES = Condition()


@contextmanager
def _in_turn(tell: Callable[[str], object], goes_on: Callable[[], bool]) -> Iterator[None]:
    """One at a time, in the order in which they came."""
    own = object()
    with _MOVES:
        _LINE.append(own)
    try:
        while True:
            with _MOVES:
                if _MOVES.wait_for(lambda: _LINE[0] is own, LOOK_S):
                    break
            tell(WAITING)
            if not goes_on():
                raise UnwantedError
        yield
    finally:
        with _MOVES:
            _LINE.remove(own)
            _MOVES.notify_all()


def _follow(
    copy: Connection,
    task: bytes,
    tell: Callable[[str], object],
    goes_on: Callable[[], bool],
    seconds: int,
    nbytes: int,
) -> Any:
    deadline, word = time.monotonic() + seconds, ""
    try:
        copy.send_bytes(task)
        while True:
            tell(word)
            if not goes_on():
                raise UnwantedError
            if time.monotonic() > deadline:
                raise LimitError(f"This takes more than {seconds} s here and was ended: take a smaller network.")
            if not copy.poll(LOOK_S):
                continue
            kind, value = pickle.loads(copy.recv_bytes())
            if kind == "word":
                word = value
            elif kind == "error":
                raise value
            else:
                return value
    except (EOFError, ConnectionError):
        raise LimitError(
            f"This takes more than {seconds} s or {nbytes / 2**30:.0f} GiB of memory here and was ended: "
            "take a smaller network, image or batch."
        ) from None


class _Worker:
    """The process whose copies work (`views.work.worker`): started with the first piece of work, or ahead of it."""

    def __init__(self) -> None:
        self._numbers, self._asking = count(1), Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: Connection
        self._imported: set[str] = set()

    @contextmanager
    def copy(self) -> Iterator[Connection]:
        """A copy to talk to; it is there no longer than the context lasts."""
        ours, theirs = socketpair()
        number = next(self._numbers)
        with Connection(ours.detach()) as copy, theirs:
            self.ask(f"begin {number}", theirs.fileno())
            theirs.close()  # so that its end is heard
            try:
                yield copy
            finally:
                with suppress(OSError):  # the worker has ended, and its copies with it
                    self.ask(f"end {number}")

    def ask(self, message: str, descriptor: int | None = None) -> None:
        """Ask the worker, or another one where it has been killed since."""
        with self._asking:
            if self._process is None or self._process.poll() is not None:
                self._start()
            assert self._process
            self._asked.send_bytes(message.encode())
            if descriptor is not None:
                send_handle(self._asked, descriptor, self._process.pid)

    def import_once(self, module: str) -> None:
        """Ask for a module that this worker was not asked for yet."""
        if module not in self._imported or self._process is None or self._process.poll() is not None:
            self.ask(f"import {module}")
            self._imported.add(module)

    def _start(self) -> None:
        self._imported.clear()
        ours, theirs = socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "views.work.worker", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=ROOT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._asked = Connection(ours.detach())


_WORKER = _Worker()


def import_ahead(module: str) -> None:
    """Let the worker import a module before what it is asked for next, unless it has: then work need not."""
    _WORKER.import_once(module)
