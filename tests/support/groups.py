"""Groups of processes that do something together, as torchrun starts them; torch is imported once for all."""

from __future__ import annotations

import multiprocessing
import os
import socket
from collections.abc import Callable
from typing import Any

#: Forks processes that never computed: PyTorch's autograd can't be forked once it has run.
SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["training.engine.loop"])
SECONDS = 120


def run_group(count: int, function: Callable[..., object], *args: Any) -> list[int]:
    """Exit statuses of some processes that call a function together; when one was killed, the others are soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(count), "OMP_NUM_THREADS": "1"}
    group = [
        SERVER.Process(target=_call, args=({**place, "RANK": str(rank), "LOCAL_RANK": str(rank)}, function, args))
        for rank in range(count)
    ]
    for process in group:
        process.start()
    for process in group:
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            process.join()
    return [process.exitcode for process in group]


def _call(environment: dict[str, str], function: Callable[..., object], args: tuple[Any, ...]) -> None:
    os.environ.update(environment if environment["WORLD_SIZE"] != "1" else {})
    import torch

    torch.set_num_threads(1)
    function(*args)
