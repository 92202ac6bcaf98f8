"""The process that heavy work is done in: it imports ahead what work needs, and a copy of it does each piece.

`python -m views.work.worker DESCRIPTOR` hears at a socket what to do: import a module, begin a piece of work at a
socket of its own, end it. It ends as the app does, and all of its copies with it.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from contextlib import suppress
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle
from typing import Any

from archs.errors import DenseScopeError

#: Added to the niceness of the app.
NICENESS = 5


def attend(app: Connection) -> None:
    """Do what is asked for, in copies of this process, until nobody can ask any more."""
    copies: dict[str, int] = {}
    with suppress(EOFError):
        while True:
            word, _, value = app.recv_bytes().decode().partition(" ")
            if word == "import":
                with suppress(Exception):  # who needs it is told why it is not there
                    import_module(value)
            elif word == "begin":
                copies[value] = _copy(app, Connection(recv_handle(app)))
            elif value in copies:  # else it was begun by a worker that is no more
                _end(copies.pop(value))
    for pid in copies.values():
        _end(pid)


def _copy(app: Connection, asked: Connection) -> int:
    """Another process that does a piece of work; its number."""
    if pid := os.fork():
        asked.close()
        return pid
    try:
        app.close()
        serve(asked)
    finally:
        os._exit(0)


def _end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)  # it is there, or its number is kept until it is waited for
    os.waitpid(pid, 0)


def serve(asked: Connection) -> None:
    """A piece of work: what is to be done is heard, words and the answer are told."""

    def answer(kind: str, value: Any) -> None:
        asked.send_bytes(pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL))

    module, name, arguments, told, seconds, nbytes, environment = pickle.loads(asked.recv_bytes())
    os.environ.update(environment)
    resource.setrlimit(resource.RLIMIT_DATA, (nbytes, nbytes))
    worked = seconds * (os.cpu_count() or 1)
    resource.setrlimit(resource.RLIMIT_CPU, (worked, worked + 1))
    more = {told: lambda word: answer("word", word)} if told else {}
    try:
        answer("result", getattr(import_module(module), name)(*arguments, **more))
    except DenseScopeError as error:
        answer("error", error)
    except Exception as error:  # which is a mistake of ours, unless there was no room
        if not (isinstance(error, MemoryError) or "memory" in str(error)):
            answer("error", RuntimeError(f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    os.nice(NICENESS)
    attend(Connection(int(sys.argv[1])))
