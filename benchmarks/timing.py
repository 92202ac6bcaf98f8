"""How every benchmark times: contenders in turn, medians, ratios against the peer."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from time import perf_counter
from timeit import timeit

from analysis.statistics import median

#: A turn repeats a contender until about this much time has passed, so that short ones are measured at all.
TURN_SECONDS = 0.1


def median_seconds(
    contenders: Mapping[str, Callable[[], object]], turns: int, clock: Callable[[], float] = perf_counter
) -> dict[str, float]:
    """Median time of one run of each contender, over turns that all contenders take in a circle.

    The clock is the wall's; `time.process_time` is disturbed less by other work on the machine.
    """
    repeats = {name: _repeats(run) for name, run in contenders.items()}
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(turns):
        for name, run in contenders.items():
            times[name].append(timeit(run, timer=clock, number=repeats[name]) / repeats[name])
    return {name: median(values) for name, values in times.items()}


def _repeats(run: Callable[[], object]) -> int:
    """How many runs fill a turn, judged by the second run: the first one warms up."""
    run()
    return max(1, round(TURN_SECONDS / timeit(run, number=1)))


def print_ratios(title: str, seconds: Mapping[str, float], peer: str) -> None:
    """One line a contender: milliseconds, and how many times faster than the peer."""
    print(f"\n{title}")
    for name, value in seconds.items():
        print(f"  {name:<24}{1000 * value:>12.2f} ms   ×{seconds[peer] / value:,.1f} against {peer}")


def describe_machine(*packages: str) -> str:
    """The machine in general terms, with the versions of what is compared."""
    versions = (f"{package} {version(package)}" for package in packages)
    return ", ".join([f"{os.cpu_count()} {platform.machine()} cores", f"Python {platform.python_version()}", *versions])
