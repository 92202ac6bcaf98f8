"""How a command ends that someone stops, or no longer listens to: quietly, with the status that shells expect.

Imported before everything else that takes time, so it imports nothing that takes any.
"""

from __future__ import annotations

import atexit
import os
import sys
from _signal import SIGINT, getsignal, signal  # type: ignore[import-not-found]  # `signal` without its enums

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

INTERRUPTED = 128 + SIGINT


def prepare() -> None:
    """From here on Ctrl-C ends the process at once; what is written to closed streams is dropped."""
    signal(SIGINT, _end)
    if sys.stdout is None or sys.stderr is None:
        nowhere = open(os.devnull, "w")  # noqa: SIM115  to the end of the process
        sys.stdout, sys.stderr = sys.stdout or nowhere, sys.stderr or nowhere


def finish(status: int) -> NoReturn:
    """End the process without taking the interpreter apart: that takes longer than some commands, and Ctrl-C would
    turn it into a death by signal."""
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        pass  # nobody reads on
    os._exit(status)


def _end(number: int, frame: object) -> None:
    os._exit(INTERRUPTED)


class Interruptible:
    """Where Ctrl-C is a `KeyboardInterrupt`, so that a command can keep what it has; a second one ends the process."""

    def __init__(self, keeps: bool) -> None:
        self.keeps, self.interrupted = keeps, False

    def __enter__(self) -> Interruptible:
        if self.keeps and getsignal(SIGINT) is _end:
            signal(SIGINT, self._interrupt)
            sys.unraisablehook = self._unraisable
        return self

    def __exit__(self, *_: object) -> None:
        if getsignal(SIGINT) == self._interrupt:
            signal(SIGINT, _end)

    def _interrupt(self, number: int, frame: object) -> None:
        self.interrupted = True
        signal(SIGINT, _end)
        raise KeyboardInterrupt

    def _unraisable(self, told: object) -> None:
        """Say nothing of an interruption that struck where Python can't raise it."""
        if not self.interrupted:
            sys.__unraisablehook__(told)  # type: ignore[arg-type]


def stop_writing() -> None:
    """The reader has seen enough: keep the interpreter from flushing once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
