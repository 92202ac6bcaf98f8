"""The processors of this machine: what every one does to time networks; the CPU, by torch.utils.benchmark's clock."""

from __future__ import annotations

import gc
import logging
import platform
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

from analysis.hardware.measure.record import DeviceError, Machine, PrecisionError
from archs import checks
from archs.errors import abbreviate

Run = Callable[[], object]


class Processor(ABC):
    """One processor of this machine."""

    def __init__(self, torch_device: torch.device) -> None:
        self.torch_device = torch_device

    @abstractmethod
    def machine(self) -> Machine:
        """What it is called, what runs on it, and its clock now."""

    @abstractmethod
    def lacks(self, precision: str) -> bool:
        """Whether it cannot compute in a precision."""

    @abstractmethod
    def mark(self) -> Any:
        """A point in time between two operations, on the processor's own clock."""

    @abstractmethod
    def seconds_between(self, start: Any, end: Any) -> float:
        """The time from one mark to another, once `finish` has been called."""

    @abstractmethod
    def finish(self) -> None:
        """Wait for everything that was started."""

    def numerics(self, precision: str) -> AbstractContextManager[object]:
        """The settings of PyTorch that a precision needs."""
        return nullcontext()

    @abstractmethod
    def free_memory(self) -> int | None:
        """Bytes that can still be had, where asking for more would not raise torch.OutOfMemoryError; else None."""

    @abstractmethod
    def release_memory(self) -> None:
        """Give back what finished runs left behind."""

    def peak_memory(self) -> int | None:
        """Most bytes that tensors held at once during `times`, weights included, where they are counted."""
        return None

    def joules(self, run: Run, seconds: float) -> float | None:
        """Energy of one run that takes about that long."""
        return None

    def times(self, run: Run, repeats: int, after_run: Run) -> tuple[float, ...]:
        """Seconds of each of some runs."""
        marks = []
        for _ in range(repeats):
            start = self.mark()
            run()
            marks.append((start, self.mark()))
            after_run()
        self.finish()
        return tuple(self.seconds_between(start, end) for start, end in marks)


def find_processor(name: str, precision: str) -> Processor:
    """The processor that PyTorch calls by that name, if it can compute in that precision.

    Raises:
        DeviceError: there is no such device here.
        PrecisionError: it lacks the precision.
    """
    found = _find(name)
    if found.lacks(precision):
        described = found.machine().device_name
        raise PrecisionError(f"precision is {precision!r}, which {described} cannot compute in; float32 always works.")
    return found


def _find(name: str) -> Processor:
    word = checks.word(name) or ""
    if word == "cpu":
        return Cpu()
    if match := re.fullmatch(r"cuda(?::(\d{1,3}))?", word, re.ASCII):
        from analysis.hardware.measure.cuda import Cuda

        return Cuda(int(match[1] or 0))
    raise DeviceError(
        f"device is {abbreviate(name)}, but networks are timed on this machine's 'cpu', 'cuda' or 'cuda:N'; "
        "for devices elsewhere there are predictions."
    )


class Cpu(Processor):
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
