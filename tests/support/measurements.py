"""A measurement as a benchmark leaves it."""

from __future__ import annotations

import analysis
from analysis.hardware.measure.record import Machine


def measurement(name: str = "densenet121") -> analysis.Measurement:
    return analysis.Measurement(
        name=name,
        family="densenet",
        workload=analysis.Workload(batch_size=8, image_size=224),
        machine=Machine("Some processor", "PyTorch 2", threads=2, clock_mhz=2600.0),
        flops=10**9,
        times=(0.25, 0.5, 0.125),
        joules_per_image=1.5,
    )
