"""Taking one measurement of a whole network."""

from __future__ import annotations

from dataclasses import replace

import torch

from analysis.measuring.device import Device, Run
from analysis.measuring.devices_here import find_device
from analysis.measuring.quantiles import quantile
from analysis.measuring.record import Machine, Measurement
from analysis.measuring.session import count, ready
from analysis.measuring.workload import Workload
from analysis.summary import Summary


def measure(target: object, workload: Workload, after_run: Run) -> Measurement:
    """Time a network; as `analysis.benchmark`."""
    device = find_device(workload.device, workload.precision)
    found = count(target, workload)
    try:
        measurement = _take(found, workload, device, after_run)
    except torch.OutOfMemoryError:
        measurement = _record(found, workload, device.machine())
    device.release_memory()
    return measurement


def _take(found: Summary, workload: Workload, device: Device, after_run: Run) -> Measurement:
    with ready(found, workload, device) as run:
        times = device.times(run, workload.repeats, after_run)
        machine, peak = device.machine(), device.peak_memory()
        joules = device.joules(run, quantile(times, 0.5))
        per_image = None if joules is None else joules / workload.batch_size
        return _record(found, workload, machine, times, peak, per_image)


def _record(
    found: Summary,
    workload: Workload,
    machine: Machine,
    times: tuple[float, ...] = (),
    peak_memory_bytes: int | None = None,
    joules_per_image: float | None = None,
) -> Measurement:
    return Measurement(
        name=found.name,
        family=found.family,
        workload=replace(workload, image_size=found.image_size),
        machine=machine,
        flops=found.flops,
        times=times,
        peak_memory_bytes=peak_memory_bytes,
        joules_per_image=joules_per_image,
    )
