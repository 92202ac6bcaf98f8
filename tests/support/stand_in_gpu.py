"""A stand-in for a machine with a GPU: it takes as long as is predicted, and a fixed share more.

`python -m tests.support.stand_in_gpu --minutes 1` runs `benchmarks.gpu` on it. Tensors have shapes alone (PyTorch's
meta device); the allocator's figures are those of the storages that are alive. What needs more than 24 GB does not
fit, and networks named in `FAILS` cannot be compiled.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from types import SimpleNamespace
from typing import Any

DEVICE, MEMORY = "NVIDIA GeForce RTX 4090", 24 * 10**9
#: Of the predicted time.
SLOWER = 1.1
#: What a step of training takes, against inference; what a compiler takes, in seconds.
STEP, COMPILER = 3.3, 3.0
FAILS = ("hardnet68",)
WATTS = 300


def install(set_attribute: Callable[[Any, str, Any], object] = setattr, speed: float = 1.0) -> None:
    """Let PyTorch seem to have that GPU. Everything takes 1 / `speed` of the time that it would."""
    import torch

    from analysis.hardware.measure import allocator, cuda, session, steps
    from analysis.hardware.predict.predict import predict
    from analysis.memory.training import training_memory
    from tests.support.live_bytes import LiveBytes

    began, peak = time.perf_counter(), [0]
    properties = SimpleNamespace(
        name=DEVICE, major=8, minor=9, uuid="0", total_memory=MEMORY, multi_processor_count=128
    )

    class Event:
        def __init__(self, enable_timing: bool) -> None:
            pass

        def record(self, _stream: object) -> None:
            self.time = time.perf_counter()

        def elapsed_time(self, end: Event) -> float:
            return 1000 * speed * (end.time - self.time)

    for name, value in {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "get_device_properties": lambda _index: properties,
        "get_device_name": lambda _place: DEVICE,
        "Event": Event,
        "current_stream": lambda _device: None,
        "synchronize": lambda _device=None: None,
        "empty_cache": lambda: None,
        "reset_peak_memory_stats": lambda _device: None,
        "max_memory_allocated": lambda _device: peak[0],
    }.items():
        set_attribute(torch.cuda, name, value)

    counter = SimpleNamespace(
        driver="580.0", clock_mhz=lambda: 2520.0, joules=lambda: WATTS * speed * (time.perf_counter() - began)
    )
    set_attribute(cuda.Gpu, "find", lambda _uuid: counter)
    set_attribute(cuda, "ENERGY_SECONDS", cuda.ENERGY_SECONDS / speed)
    start = cuda.Cuda.__init__

    def without_tensors(self: cuda.Cuda, index: int) -> None:
        start(self, index)
        self.torch_device = torch.device("meta")

    set_attribute(cuda.Cuda, "__init__", without_tensors)
    set_attribute(cuda.Cuda, "release_memory", lambda _self: None)
    set_attribute(torch, "autocast", lambda *_args, **_options: nullcontext())
    set_attribute(torch, "is_autocast_enabled", lambda _device: False)
    set_attribute(torch.random, "fork_rng", lambda *_args, **_options: nullcontext())

    def seconds_of(found: Any, workload: Any) -> float:
        target = found.target.config or "densenet121"
        asked = {"layout": workload.layout, "execution": workload.execution}
        return SLOWER / speed * predict(target, "RTX 4090", found.batch_size, found.image_size, **asked).seconds

    def require_memory(nbytes: int) -> None:
        if nbytes > MEMORY:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        peak[0] = nbytes

    original = session.prepare

    def prepare(found: Any, workload: Any, processor: Any) -> Callable[[], None]:
        require_memory(found.batch_size * max(cost.bytes_moved for cost in found.layers) // found.batch_size)
        if workload.compile:
            time.sleep(COMPILER / speed)
            if found.name in FAILS:
                raise RuntimeError("Triton Error [CUDA]: invalid argument\nmore of it")
        seconds, forward = seconds_of(found, workload), None

        def run() -> None:
            nonlocal forward
            if torch.overrides._get_current_function_mode_stack():  # somebody looks at the layers
                forward = forward or original(found, workload, processor)
                forward()
            time.sleep(seconds)

        return run

    def prepare_step(found: Any, workload: Any, optimizer: str, _processor: Any) -> Callable[[], None]:
        require_memory(int(1.02 * training_memory(found).total_bytes(optimizer)))
        return partial(time.sleep, STEP * seconds_of(found, workload))

    set_attribute(session, "prepare", prepare)
    set_attribute(steps, "_prepare", prepare_step)
    follow_storages(set_attribute, allocator, LiveBytes(torch.nn.Module(), torch.zeros(0)))


def follow_storages(set_attribute: Callable[[Any, str, Any], object], allocator: Any, mode: Any) -> None:
    """Live bytes of storages in place of what CUDA's allocator gives out."""
    import torch

    peaks_from = [0]

    def given_out(_device: object, when: str) -> Any:
        nbytes = max(mode.timeline[peaks_from[-1] :]) if when == "peak" else mode.live
        return allocator.Bytes(nbytes, 512 * -(-nbytes // 512))

    original = allocator.memory_on_device

    def memory_on_device(*args: Any, **options: Any) -> Any:
        with mode:
            return original(*args, **options)

    set_attribute(allocator, "_find", lambda _device: torch.device("meta"))
    set_attribute(allocator, "_given_out", given_out)
    set_attribute(torch.cuda, "reset_peak_memory_stats", lambda _: peaks_from.append(len(mode.timeline)))
    set_attribute(allocator, "memory_on_device", memory_on_device)


def serve(connection: Any) -> None:
    """The process that has the GPU, with the stand-in."""
    from benchmarks.gpu import worker

    install()
    worker.serve(connection)


class Here:
    """In place of `benchmarks.gpu.worker.Worker`: no process of its own."""

    def __init__(self) -> None:
        #: The check and the network of each case, as they came.
        self.asked: list[tuple[str, str]] = []

    def start(self) -> dict[str, Any]:
        from benchmarks.gpu.measured import machine

        return machine()

    def do(self, key: str, case: dict[str, Any], patience: float) -> Any:
        from benchmarks.gpu.checks import CHECKS
        from benchmarks.gpu.worker import answer

        self.asked.append((key, case["name"]))
        return answer({check.key: check.run for check in CHECKS}[key], case)

    def stop(self) -> None:
        pass


if __name__ == "__main__":
    from benchmarks.gpu.__main__ import main
    from benchmarks.gpu.worker import Worker
    from tests.support import stand_in_gpu

    sys.exit(main(worker=Worker(stand_in_gpu.serve)))
