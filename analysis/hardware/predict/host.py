"""How long the host takes to issue one kernel: what decides where kernels are short."""

from __future__ import annotations

from typing import NamedTuple

from analysis.precision import PRECISIONS
from archs import checks


class HostTime(NamedTuple):
    """Seconds a kernel: the least and the most that hosts were seen to take, and what predictions take."""

    low: float
    usual: float
    high: float


#: Eager: seen on desktops and servers, from an RTX 3060's host to a DGX-1's (docs/prediction.md). Compiled: assumed, no
#: published figure shows it.
_HOSTS = {"eager": HostTime(17e-6, 35e-6, 75e-6), "compiled": HostTime(4e-6, 8e-6, 20e-6)}
#: Autocast looks at every call, and casts weights in kernels that are not counted.
AUTOCAST = 1.3


def host_of(microseconds: float | None) -> float | None:
    """Seconds a kernel, as a person states them; None for the usual.

    Raises:
        ConfigError: no host takes so long.
    """
    if microseconds is None:
        return None
    return 1e-6 * checks.number("host_microseconds", microseconds, 0.0, 1e4, open_low=False, open_high=False)


def host_time(execution: str, precision: str, seconds: float | None = None, *, autocast: bool = True) -> HostTime:
    """The host's time a kernel for an execution and a precision, or the one that the user knows.

    >>> host_time("eager", "float32").usual, round(host_time("eager", "float16").usual, 7)
    (3.5e-05, 4.55e-05)

    Raises:
        ConfigError: seconds are absurd.
    """
    if seconds is not None:
        known = checks.number("host_seconds", seconds, 0.0, 1.0, open_low=False, open_high=False)
        return HostTime(known, known, known)
    is_cast = autocast and execution == "eager" and PRECISIONS[precision].element_bytes == 2
    factor = AUTOCAST if is_cast else 1.0
    return HostTime(*(factor * each for each in _HOSTS[execution]))
