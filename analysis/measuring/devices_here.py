"""The devices of this machine, by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from analysis.measuring.errors import DeviceError, PrecisionError
from archs.errors import abbreviate

if TYPE_CHECKING:
    from analysis.measuring.device import Device


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
        from analysis.measuring.cpu import Cpu

        return Cpu()
    if isinstance(name, str) and (match := re.fullmatch(r"cuda(?::(\d{1,3}))?", name, re.ASCII)):
        from analysis.measuring.cuda import Cuda

        return Cuda(int(match[1] or 0))
    raise DeviceError(
        f"device is {abbreviate(name)}, but networks are timed on this machine's 'cpu', 'cuda' or 'cuda:N'; "
        "for devices elsewhere there are predictions."
    )
