"""Someone asks a training to stop, by Ctrl-C or SIGTERM: the running step is finished and kept."""

from __future__ import annotations

import signal
import threading
from typing import Any

from training.engine.processes import count

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """While it is entered, `asked` says whether a signal asked to stop; a second Ctrl-C doesn't wait for the step."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stopping:
        if threading.current_thread() is threading.main_thread():  # Python lets no other hear signals
            self._before = {each: signal.signal(each, self._ask) for each in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def _ask(self, number: int, frame: object) -> None:
        if self.asked and number == signal.SIGINT and count() == 1:  # torchrun repeats what it hears
            raise KeyboardInterrupt
        self.asked = True


def leave_stopping_to_main(worker: int) -> None:
    """In a process that only loads images: Ctrl-C is for whoever it loads them for, SIGTERM ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
