"""What a device keeps up beside what its data sheet promises: by its multiprocessors and by its power.

Three rules for NVIDIA's cards and a share for two other sorts of device, whose numbers the published figures gave
(docs/prediction.md); no device has one of its own. A data sheet that leaves out multiprocessors, clock or power does
without.
"""

from __future__ import annotations

from analysis.facts import Device
from analysis.hardware.predict.classes import device_class, is_nvidia

#: FLOP a clock that a multiprocessor feeds its matrix units for in 16 bits, as GeForce cards have them; of more, it
#: sustains what grows with the cube root.
FED_FLOP, FED_EXPONENT = 512.0, 2 / 3
#: Joules that a multiprocessor takes a clock at full clock, by the process that the chip is made in.
CYCLE_JOULES = 2.2e-9
NEWER_CYCLE_JOULES = 1.4e-9
NEWER = ("Ada Lovelace", "Hopper", "Blackwell")
#: From so many bytes/s a multiprocessor on, PyTorch's own kernels have too few bytes under way to use all of the
#: bandwidth; what they reach then grows with the cube root of it.
CROWDED_EXPONENT = 2 / 3
#: How sharp that corner is.
CORNER = 8


#: What devices keep up of what the same rules would give NVIDIA's cards: AMD's by their libraries, boards by their
#: power modes and a memory that they share with the processor.
CLASS_SHARES = {"AMD": 0.75, "embedded": 0.37}


def sustained_share(device: Device) -> float:
    """What a device keeps up of its data sheet's rates."""
    return clock_share(device) * CLASS_SHARES.get(device_class(device), 1.0)


def clock_share(device: Device) -> float:
    """Share of the boost clock that the power allows: its cube root, for power goes with clock × voltage²."""
    is_card = is_nvidia(device) and device_class(device) != "embedded"
    if not (is_card and device.sm_count and device.boost_hz and device.tdp_watts):
        return 1.0
    full = NEWER_CYCLE_JOULES if device.architecture in NEWER else CYCLE_JOULES
    joules = device.tdp_watts / (device.sm_count * device.boost_hz)
    return float(min(1.0, joules / full) ** (1 / 3))


def sustained_flops_per_s(device: Device, precision: str) -> float:
    """What convolutions find of the peak at a precision, before the share that each kind reaches."""
    peak = device.peak_flops_per_s(precision)
    if precision in ("float16", "bfloat16") and device.sm_count and device.boost_hz:
        fed = FED_FLOP * device.sm_count * device.boost_hz
        peak /= max(1.0, peak / fed) ** FED_EXPONENT
    return peak * sustained_share(device)
