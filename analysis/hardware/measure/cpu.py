"""Timing on the processor, by the clock of torch.utils.benchmark."""

from __future__ import annotations

import gc
import logging
import platform
import re
from collections.abc import Callable
from pathlib import Path

import torch

from analysis.hardware.measure.devices import Device
from analysis.hardware.measure.record import Machine


class Cpu(Device):
    """All cores together, with as many threads as PyTorch has been given."""

    def __init__(self) -> None:
        super().__init__(torch.device("cpu"))
        self._clock = _clock()

    def machine(self) -> Machine:
        clocks = [float(clock) for clock in _proc_values("cpuinfo", "cpu MHz")]
        return Machine(
            device_name=next(iter(_proc_values("cpuinfo", "model name")), platform.processor() or platform.machine()),
            software=f"PyTorch {torch.__version__}, Python {platform.python_version()}, {platform.system()}",
            threads=torch.get_num_threads(),
            clock_mhz=max(clocks, default=None),
        )

    def lacks(self, precision: str) -> bool:
        return precision == "tf32"

    def mark(self) -> float:
        return self._clock()

    def seconds_between(self, start: float, end: float) -> float:
        return end - start

    def finish(self) -> None:
        """Every operation has been carried out when it returns."""

    def free_memory(self) -> int | None:
        """Linux kills a process that uses more than there is, instead of telling it."""
        available = [int(value.split()[0]) * 1024 for value in _proc_values("meminfo", "MemAvailable")]
        return next(iter(available), None)

    def release_memory(self) -> None:
        gc.collect()


def _clock() -> Callable[[], float]:
    logger = logging.getLogger("torch.utils.cpp_extension")
    level = logger.level
    logger.setLevel(logging.ERROR)  # importing it complains of a compiler for GPUs without a GPU
    try:
        from torch.utils.benchmark import timer
    finally:
        logger.setLevel(level)
    clock: Callable[[], float] = timer
    return clock


def _proc_values(file: str, key: str) -> list[str]:
    """The values of a key in a file of Linux's /proc, none elsewhere."""
    try:
        text = Path("/proc", file).read_text()
    except OSError:
        return []
    return re.findall(rf"^{re.escape(key)}\s*:\s*(.+)$", text, re.MULTILINE)
