"""What NVIDIA's driver says of a GPU beside its speed: energy and clock, by nvidia-ml-py where that is installed.

Unverified: written to NVML's documentation, not yet run on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from math import ceil
from typing import Any

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
