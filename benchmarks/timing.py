"""How every benchmark times: contenders in turn, medians, ratios against the peer."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from statistics import median
from time import perf_counter


def median_seconds(contenders: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median wall time of each contender over rounds in which all take turns, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for round_number in range(repeats + 1):
        for name, run in contenders.items():
            start = perf_counter()
            run()
            if round_number:
                times[name].append(perf_counter() - start)
    return {name: median(values) for name, values in times.items()}


def print_ratios(title: str, seconds: Mapping[str, float], peer: str) -> None:
    """One line a contender: milliseconds, and how many times faster than the peer."""
    print(f"\n{title}")
    for name, value in seconds.items():
        print(f"  {name:<24}{1000 * value:>12.2f} ms   ×{seconds[peer] / value:,.1f} against {peer}")


def describe_machine(*packages: str) -> str:
    """The machine in general terms, with the versions of what is compared."""
    versions = ", ".join(f"{package} {version(package)}" for package in ("torch", "torchinfo", *packages))
    return f"{os.cpu_count()} {platform.machine()} cores, Python {platform.python_version()}, {versions}"
