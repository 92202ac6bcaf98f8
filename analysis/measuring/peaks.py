"""The most that a device promises: the seam between measurements, which know a device's name, and data sheets."""

from __future__ import annotations


def peak_flops_per_s(device_name: str, precision: str) -> float | None:
    """FLOP/s of a device's data sheet in one precision, None where no data sheet is known."""
    return None
