"""A process of its own has the GPU, so that neither a fault there nor a compiler that hangs ends the run."""

from __future__ import annotations

import logging
import multiprocessing
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection
from time import perf_counter
from typing import Any, NamedTuple

from archs.errors import DenseScopeError, first_line
from benchmarks.gpu import measured
from benchmarks.gpu.checks import CHECKS, Case

#: Seconds that a process may take to start: Python, PyTorch and CUDA.
START = 120.0


class Answer(NamedTuple):
    """What came of a case."""

    #: "measured", "out of memory", "failed" or "stopped".
    outcome: str
    found: measured.Found = measured.Found([], [])
    #: Why it failed, in a sentence.
    reason: str = ""
    #: Whether the process can go on: after a fault the GPU does not answer it any more.
    sound: bool = True


def serve(connection: Connection) -> None:
    """In that process: the machine, or why there is none; then the answer to each case."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    try:
        connection.send(measured.machine())
    except DenseScopeError as error:
        connection.send(str(error))
        return
    checks = {check.key: check for check in CHECKS}
    while True:
        try:
            key, case = connection.recv()
        except EOFError:  # whoever asked is gone
            return
        connection.send(answer(checks[key].run, case)._replace(sound=_is_sound()))


def answer(run: Callable[..., measured.Found], case: Case) -> Answer:
    """Carry out one case, whatever PyTorch and compilers raise."""
    import torch

    try:
        found = run(**case)
        in_memory = all(one["times"] for one in found.measurements)
        return Answer("measured" if in_memory else "out of memory", found)
    except (torch.OutOfMemoryError, MemoryError):
        return Answer("out of memory")
    except DenseScopeError as error:
        return Answer("failed", reason=str(error))
    except Exception as error:
        return Answer("failed", reason=f"{type(error).__name__}: {first_line(error)}")


def _is_sound() -> bool:
    """Whether the GPU still answers."""
    import torch

    try:
        torch.cuda.synchronize()
    except Exception:
        return False
    return True


class Worker:
    """That process as seen from here: started when it is needed, and again when it ended."""

    def __init__(self, serve: Callable[[Connection], None] = serve) -> None:
        """`serve`: what the process does; a function of a module, which stand-ins may wrap."""
        self._serve, self._context = serve, multiprocessing.get_context("spawn")
        self._process: Any = None

    def start(self, patience: float = START) -> dict[str, Any]:
        """The machine. Raises: DenseScopeError: there is no GPU, or the process ends."""
        self._connection, theirs = self._context.Pipe()
        self._process = self._context.Process(target=self._serve, args=(theirs,), daemon=False)
        self._process.start()
        theirs.close()
        found = self._receive(patience)
        if isinstance(found, dict):
            return found
        self.stop()
        raise DenseScopeError(found or f"The process that has the GPU did not start within {patience:.0f} s.")

    def do(self, key: str, case: Case, patience: float) -> Answer:
        """Have one case carried out; whoever takes longer than `patience` seconds is stopped."""
        began = perf_counter()
        try:
            if self._process is None:
                self.start(patience)
            self._connection.send((key, case))
            found = self._receive(patience - (perf_counter() - began))
        except (DenseScopeError, OSError) as error:
            self.stop()
            return Answer("failed", reason=str(error))
        if not isinstance(found, Answer) or not found.sound:
            self.stop()
        if isinstance(found, Answer):
            return found
        if found:
            return Answer("failed", reason=found)
        return Answer("stopped", reason=f"stopped after {perf_counter() - began:.0f} s")

    def _receive(self, patience: float) -> Any:
        """What the process sends; None if it takes too long, a sentence if it ended."""
        try:
            return self._connection.recv() if self._connection.poll(max(0.0, patience)) else None
        except (EOFError, OSError):
            self._process.join(5)
            return f"The process that has the GPU ended with exit code {self._process.exitcode}."

    def stop(self) -> None:
        """End the process; compilers' processes end with it."""
        if self._process is not None:
            self._connection.close()
            self._process.kill()
            self._process.join(5)
        self._process = None
