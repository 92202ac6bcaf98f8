"""Timing on an NVIDIA GPU, by CUDA events; energy and clock by nvidia-ml-py, where that is installed.

Unverified: written to the documentation of PyTorch and NVML, not yet run on a GPU.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from math import ceil
from typing import Any

import torch

from analysis.hardware.measure.processors import Processor, Run
from analysis.hardware.measure.record import DeviceError, Machine


class Cuda(Processor):
    """The GPU of that index, as PyTorch numbers them."""

    def __init__(self, index: int) -> None:
        if not torch.cuda.is_available():
            raise DeviceError(
                "device is 'cuda', but PyTorch finds no CUDA GPU here: time it on the CPU with device='cpu', "
                "or see what is predicted for a GPU."
            )
        if index >= torch.cuda.device_count():
            raise DeviceError(f"device is 'cuda:{index}', but this machine has {torch.cuda.device_count()} GPU(s).")
        super().__init__(torch.device("cuda", index))
        self._properties = torch.cuda.get_device_properties(index)
        self._gpu = Gpu.find(str(getattr(self._properties, "uuid", "")))

    def machine(self) -> Machine:
        versions = [
            f"PyTorch {torch.__version__}",
            f"CUDA {torch.version.cuda}",
            f"cuDNN {torch.backends.cudnn.version()}",  # type: ignore[no-untyped-call]
            *([f"driver {self._gpu.driver}"] if self._gpu else []),
        ]
        clock = self._gpu.clock_mhz() if self._gpu else None
        return Machine(self._properties.name, ", ".join(versions), torch.get_num_threads(), clock)

    def lacks(self, precision: str) -> bool:
        """TF32 and bfloat16 came with compute capability 8.0 (Ampere); float16 with 5.3."""
        capability = (self._properties.major, self._properties.minor)
        if precision == "tf32" or "bfloat16" in precision:
            return capability < (8, 0)
        return "float16" in precision and capability < (5, 3)

    def mark(self) -> torch.cuda.Event:
        """Comes to pass when the GPU gets there: where it waits for the host, that is part of the time."""
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record(torch.cuda.current_stream(self.torch_device))
        return event

    def seconds_between(self, start: torch.cuda.Event, end: torch.cuda.Event) -> float:
        return start.elapsed_time(end) / 1000

    def times(self, run: Run, repeats: int, after_run: Run) -> tuple[float, ...]:
        torch.cuda.reset_peak_memory_stats(self.torch_device)  # cuDNN's trials in the warm-up took more
        return super().times(run, repeats, after_run)

    def finish(self) -> None:
        torch.cuda.synchronize(self.torch_device)

    def numerics(self, precision: str) -> AbstractContextManager[object]:
        return _numerics("tf32" if precision == "tf32" else "ieee")

    def free_memory(self) -> int | None:
        return None

    def release_memory(self) -> None:
        gc.collect()
        torch.cuda.empty_cache()

    def peak_memory(self) -> int | None:
        return torch.cuda.max_memory_allocated(self.torch_device)

    def joules(self, run: Run, seconds: float) -> float | None:
        return joules_per_run(run, seconds, self._gpu.joules, self.finish) if self._gpu else None


@contextmanager
def _numerics(float32: str) -> Iterator[None]:
    """How float32 is multiplied, and cuDNN's fastest algorithm for each shape, tried in the runs that warm up."""
    settings: list[tuple[Any, str, object]] = [
        (torch.backends.cudnn, "benchmark", True),
        (torch.backends.cudnn.conv, "fp32_precision", float32),  # type: ignore[attr-defined]
        (torch.backends.cuda.matmul, "fp32_precision", float32),
    ]
    before = [getattr(owner, name) for owner, name, _ in settings]
    try:
        for owner, name, value in settings:
            setattr(owner, name, value)
        yield
    finally:
        for (owner, name, _), value in zip(settings, before, strict=True):
            setattr(owner, name, value)


#: The energy counter moves in steps of some 0.1 s: it is read over a stretch in which they do not matter.
ENERGY_SECONDS = 3.0


class Gpu:
    """A GPU as NVML knows it. What it does not answer is None."""

    def __init__(self, nvml: Any, handle: Any, driver: str) -> None:
        self._nvml, self._handle = nvml, handle
        #: The driver's version.
        self.driver = driver

    @classmethod
    def find(cls, uuid: str) -> Gpu | None:
        """The GPU of PyTorch's UUID; None without NVML."""
        try:
            nvml = import_module("pynvml")
            nvml.nvmlInit()
            handle = nvml.nvmlDeviceGetHandleByUUID(f"GPU-{uuid.removeprefix('GPU-')}")
            return cls(nvml, handle, nvml.nvmlSystemGetDriverVersion())
        except Exception:  # not installed, no driver, no such GPU, another version: energy is an extra
            return None

    def joules(self) -> float | None:
        """Energy since the driver was loaded; GPUs since Volta count it."""
        millijoules = self._ask("nvmlDeviceGetTotalEnergyConsumption")
        return None if millijoules is None else millijoules / 1000

    def clock_mhz(self) -> float | None:
        """What the multiprocessors run at now."""
        clock = self._ask("nvmlDeviceGetClockInfo", self._nvml.NVML_CLOCK_SM)
        return None if clock is None else float(clock)

    def _ask(self, question: str, *details: Any) -> Any:
        try:
            return getattr(self._nvml, question)(self._handle, *details)
        except self._nvml.NVMLError:
            return None


def joules_per_run(
    run: Callable[[], object], seconds: float, read: Callable[[], float | None], finish: Callable[[], object]
) -> float | None:
    """Energy of one run, from a counter read before and after a stretch of runs; None where there is no counter.

    Args:
        run: starts a run.
        seconds: how long one takes, about.
        read: joules so far.
        finish: waits for the runs that were started.
    """
    count = ceil(ENERGY_SECONDS / seconds)
    finish()
    before = read()
    if before is None:
        return None
    for _ in range(count):
        run()
    finish()
    after = read()
    return None if after is None else (after - before) / count
