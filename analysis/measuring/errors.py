"""Why something cannot be measured here, in one sentence each."""

from __future__ import annotations

from archs.errors import DenseScopeError


class BenchmarkError(DenseScopeError, RuntimeError):
    """A network cannot be timed on this machine."""


class DeviceError(BenchmarkError):
    """There is no such device in this machine."""


class PrecisionError(BenchmarkError):
    """The device has no arithmetic of that precision."""
