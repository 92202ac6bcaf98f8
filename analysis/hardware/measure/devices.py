"""The devices of this machine: what every one does to time networks, their names, and their data sheets."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from analysis.hardware.measure.record import DeviceError, Machine, PrecisionError
from archs.errors import abbreviate

Run = Callable[[], object]


class Device(ABC):
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
        """A point in time between two operations, on the device's own clock."""

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


def find_device(name: str, precision: str) -> Device:
    """The device of that name, if it can compute in that precision.

    Raises:
        DeviceError: there is no such device here.
        PrecisionError: the device lacks the precision.
    """
    device = _find(name)
    if device.lacks(precision):
        described = device.machine().device_name
        raise PrecisionError(f"precision is {precision!r}, which {described} cannot compute in; float32 always works.")
    return device


def _find(name: str) -> Device:
    if name == "cpu":
        from analysis.hardware.measure.cpu import Cpu

        return Cpu()
    if isinstance(name, str) and (match := re.fullmatch(r"cuda(?::(\d{1,3}))?", name, re.ASCII)):
        from analysis.hardware.measure.cuda import Cuda

        return Cuda(int(match[1] or 0))
    raise DeviceError(
        f"device is {abbreviate(name)}, but networks are timed on this machine's 'cpu', 'cuda' or 'cuda:N'; "
        "for devices elsewhere there are predictions."
    )
