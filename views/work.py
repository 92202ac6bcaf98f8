"""Heavy work in a process of its own: one at a time, within limits of time and memory, ended with who asked for it."""

from __future__ import annotations

import os
import pickle
import resource
import select
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from archs.errors import DenseScopeError

ROOT = Path(__file__).parent.parent
#: Seconds and bytes that a piece of work may take, and seconds between two looks at it.
SECONDS, BYTES, LOOK_S = 300, 6 * 2**30, 0.2
#: Whoever holds it works.
_TURN = Lock()
WAITING = "Waiting for the work of another page …"


class WorkError(DenseScopeError, RuntimeError):
    """Work that came to no end within its limits."""


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
        seconds: of wall time and of CPU.
        nbytes: of memory.

    Raises:
        DenseScopeError: as the function.
        WorkError: a limit was reached, or nobody waits any more.
    """
    while not _TURN.acquire(timeout=LOOK_S):
        tell(WAITING)
        if not goes_on():
            raise WorkError("Nobody waits for this any more.")
    try:
        return _follow(
            pickle.dumps((function.__module__, function.__qualname__, arguments, told, seconds, nbytes)),
            tell,
            goes_on,
            seconds,
            nbytes,
        )
    finally:
        _TURN.release()


def _follow(task: bytes, tell: Callable[[str], object], goes_on: Callable[[], bool], seconds: int, nbytes: int) -> Any:
    child = subprocess.Popen(
        [sys.executable, "-m", "views.work"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        start_new_session=True,
    )
    assert child.stdin
    assert child.stdout
    try:
        child.stdin.write(task)
        child.stdin.close()
        deadline, word = time.monotonic() + seconds, ""
        while True:
            tell(word)
            if not goes_on():
                raise WorkError("Nobody waits for this any more.")
            if time.monotonic() > deadline:
                raise WorkError(f"This takes more than {seconds} s here and was ended: take a smaller network.")
            if not select.select([child.stdout], [], [], LOOK_S)[0]:
                continue
            try:
                kind, value = pickle.load(child.stdout)
            except (EOFError, pickle.UnpicklingError, BrokenPipeError):
                raise WorkError(_why(child, seconds, nbytes)) from None
            if kind == "word":
                word = value
            elif kind == "error":
                raise value
            else:
                return value
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def _why(child: subprocess.Popen[bytes], seconds: int, nbytes: int) -> str:
    """Why a process ended without an answer."""
    child.wait()
    return (
        f"This takes more than {seconds} s or {nbytes / 2**30:.0f} GiB of memory here and was ended: "
        "take a smaller network, image or batch."
    )


def serve(given: BinaryIO, answers: BinaryIO) -> None:
    """The other process: do what is asked for, and answer."""

    def answer(kind: str, value: Any) -> None:
        pickle.dump((kind, value), answers)
        answers.flush()

    module, name, arguments, told, seconds, nbytes = pickle.load(given)
    resource.setrlimit(resource.RLIMIT_DATA, (nbytes, nbytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    os.nice(5)
    more = {told: lambda word: answer("word", word)} if told else {}
    try:
        answer("result", getattr(import_module(module), name)(*arguments, **more))
    except DenseScopeError as error:
        answer("error", error)


if __name__ == "__main__":
    # What libraries print must not stand among the answers.
    with os.fdopen(os.dup(1), "wb") as own:
        os.dup2(2, 1)
        serve(sys.stdin.buffer, own)
