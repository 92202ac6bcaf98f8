"""What a benchmark does in its own process, and what it tells the page meanwhile; no Streamlit here."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from analysis.hardware.measure.benchmark import benchmark_sweep
from analysis.hardware.measure.record import Measurement, Workload
from analysis.hardware.measure.results import Results
from analysis.units import format_si

#: Seconds that a sweep may take, and between two words of it: the page looks no oftener.
SECONDS, TELL_S = 3600, 0.2


class Told(NamedTuple):
    """How far it is."""

    #: The batch under way, and how much of it is done: from 0 to 1.
    doing: str
    share: float
    #: Finished measurements that are kept, and the last of them in a sentence.
    kept: int = 0
    said: str = ""
    #: Why the last one could not be kept.
    problem: str = ""


def time_and_keep(name: str, workload: Workload, batches: Sequence[int], before: Callable[[Told], object]) -> Told:
    """Time a network at some batch sizes until memory ends, and keep each measurement at once.

    Args:
        before: hears how far it is, now and then, never while a run is timed.

    Raises: DenseScopeError: as `analysis.benchmark`.
    """
    told, runs, heard = Told("", 0.0), 0, 0.0

    def after_run() -> None:
        nonlocal told, runs, heard
        runs += 1
        at = batches[min(told.kept, len(batches) - 1)]
        doing = f"{name}, {workload.device}, batch {at:,}: run {runs} of {workload.repeats}"
        told = told._replace(doing=doing, share=min(1.0, runs / workload.repeats))
        if time.monotonic() - heard > TELL_S:
            before(told)
            heard = time.monotonic()

    for measurement in benchmark_sweep(name, workload, batches, after_run):
        problem = Results().keep(measurement)
        kept = told.kept + (not problem)
        told, runs = told._replace(kept=kept, said=sentence(measurement), problem=problem), 0
        before(told)
    return told


def sentence(measurement: Measurement) -> str:
    """What was just measured, and whether others disturbed it."""
    at = f"{measurement.name} at batch {measurement.workload.batch_size:,}"
    if measurement.seconds is None or measurement.images_per_s is None or measurement.flops_per_s is None:
        return f"{at} needs more memory than {measurement.machine.device_name} has: kept as a result."
    disturbed = f" Disturbed: {measurement.disturbance}." if measurement.disturbance else ""
    return (
        f"Measured: {at} takes {format_si(measurement.seconds, 's')} on "
        f"{measurement.machine.device_name}: {format_si(measurement.images_per_s)} images/s, "
        f"{format_si(measurement.flops_per_s, 'FLOP/s')}.{disturbed}"
    )


def memory_bytes() -> int:
    """All that this machine has: what is too large for it is an answer."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
