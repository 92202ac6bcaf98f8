"""A process in place of the one that has a GPU: some cases end it, some never end."""

from __future__ import annotations

import os
import time
from typing import Any

MACHINE = {
    "device_name": "frail",
    "software": "PyTorch 0",
    "memory_bytes": 1,
    "multiprocessors": 1,
    "capability": "0.0",
    "host": "nowhere",
}


def serve(connection: Any) -> None:
    """The name of a case says what comes of it."""
    from benchmarks.gpu.worker import Answer

    connection.send(MACHINE)
    faulty = False
    while True:
        try:
            _, case = connection.recv()
        except EOFError:
            return
        if case["name"] == "ends":
            os._exit(7)
        if case["name"] == "hangs":
            time.sleep(600)
        faulty = faulty or case["name"] == "faults"
        connection.send(Answer("failed", reason="CUDA error.", sound=False) if faulty else Answer("measured"))


def refuse(connection: Any) -> None:
    """No GPU."""
    connection.send("PyTorch finds no CUDA GPU here.")
