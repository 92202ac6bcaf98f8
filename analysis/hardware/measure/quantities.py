"""What measurements tell, with label, unit and definition: one table for the app, the command line and the docs."""

from __future__ import annotations

from analysis.quantities import QUANTITIES, Quantity

_TABLE = (
    Quantity("seconds", "Median", "s", "Time of one batch: half of the timed runs took less."),
    Quantity("seconds_low", "Lower quartile", "s", "A quarter of the timed runs took less."),
    Quantity("seconds_high", "Upper quartile", "s", "A quarter of the timed runs took more."),
    Quantity("images_per_s", "Images/s", "", "Batch size / median."),
    QUANTITIES["flops"],
    Quantity(
        "flops_per_s",
        "Measured FLOP/s",
        "FLOP/s",
        "FLOPs / median: 2 × MACs of convolution and linear layers, whatever the device really computes.",
    ),
    Quantity(
        "share_of_peak",
        "Share of peak",
        "%",
        "Measured FLOP/s / what the device's data sheet promises in the precision of the multiplications.",
    ),
    Quantity(
        "peak_memory_bytes",
        "Peak memory",
        "B",
        "Largest sum of PyTorch's tensors on the GPU, weights included; not known on a CPU.",
    ),
    Quantity(
        "joules_per_image",
        "Energy per image",
        "J",
        "What the GPU's own energy counter gains over a stretch of runs / images; not known on a CPU.",
    ),
)

MEASURED_QUANTITIES: dict[str, Quantity] = {quantity.key: quantity for quantity in _TABLE}
