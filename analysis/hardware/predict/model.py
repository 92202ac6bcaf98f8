"""The model: how long each kernel takes on a device, from a handful of factors with a physical meaning."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from analysis.facts import Device
from analysis.hardware.predict.classes import is_nvidia
from analysis.hardware.predict.kernels import (
    DEPTHWISE_CONV,
    ELEMENTWISE,
    GROUPED_CONV,
    POINTWISE_CONV,
    SPATIAL_CONV,
    STEM_CONV,
    UNEVEN_CONV,
    Floats,
    Kernels,
    Program,
)
from analysis.hardware.predict.sustained import CORNER, CROWDED_EXPONENT, sustained_flops_per_s, sustained_share
from analysis.precision import PRECISIONS

#: Weights of autocast: read in float32, written and read in 16 bits.
AUTOCAST_WEIGHT_BYTES = 8
#: Start and drain of a kernel on the GPU, in seconds: assumed, too short to show at batch 256 and more.
KERNEL_SECONDS = 4e-6
#: Share of the float32 peak that grouped convolutions reach whose groups are not a power of two wide (RegNetX, DPN-92):
#: they don't run on matrix units. In NCHW, with the change of layout beside.
UNEVEN_SHARE = {"nhwc": 0.27, "nchw": 0.6}

#: What holds a kernel back.
BOUNDS = ("compute", "memory", "launch overhead")
COMPUTE, MEMORY, LAUNCH = range(3)


class Factors(NamedTuple):
    """What is calibrated: shares of the data sheet's figures that kernels reach, and traffic that layers don't show.

    A field may be an array, one value a kernel, while factors of several devices are fitted together.
    """

    #: Share of the memory bandwidth.
    bandwidth: Any
    #: Share of that share which PyTorch's own elementwise kernels reach.
    eager_elementwise: Any
    #: Shares of the peak at the precision: convolutions 1×1 and linear layers, k×k, and those that see the image.
    pointwise_conv: Any
    spatial_conv: Any
    stem_conv: Any
    #: Share of the float32 peak: these don't run on matrix units.
    depthwise_conv: Any
    #: Time to change NCHW into the NHWC of the matrix units and back, in units of the convolution's own memory time.
    pointwise_transpose: Any
    spatial_transpose: Any
    #: Share of its convolutions' outputs that a compiled concatenation reads from memory.
    concat_copy: Any
    #: Bandwidth a multiprocessor, in GB/s, beyond which PyTorch's own elementwise kernels cannot use all of it.
    crowded_gb_per_s: Any


#: The factors in which devices differ from each other; the rest is common to all.
DEVICE_FACTORS = ("bandwidth", "eager_elementwise", "pointwise_conv", "spatial_conv")


class Machine(NamedTuple):
    """What a kernel meets: a device at one precision and layout. A field may be an array, one value a kernel."""

    peak_flops_per_s: Any
    vector_flops_per_s: Any
    bandwidth_bytes_per_s: Any
    #: Bandwidth over multiprocessors.
    gb_per_s_each: Any
    element_bytes: Any
    weight_bytes: Any
    #: What grouped convolutions reach whose groups are not a power of two wide.
    uneven_flops_per_s: Any
    #: 1 where convolutions must change the layout, else 0.
    transposes: Any

    @classmethod
    def of(cls, device: Device, precision: str, layout: str) -> Machine:
        """A device given maps in a layout; without matrix units, NCHW is computed as it is."""
        size = PRECISIONS[precision].element_bytes
        kept = sustained_share(device)
        on_matrix_units = has_matrix_units(device, precision)
        return cls(
            sustained_flops_per_s(device, precision),
            device.fp32_flops_per_s * kept,
            device.bandwidth_bytes_per_s * kept,
            device.bandwidth_bytes_per_s * kept / device.sm_count / 1e9 if device.sm_count else 0.0,
            size,
            AUTOCAST_WEIGHT_BYTES if size == 2 else size,
            device.fp32_flops_per_s * kept * (UNEVEN_SHARE[layout] if on_matrix_units else 1.0),
            float(layout == "nchw" and on_matrix_units),
        )


def has_matrix_units(device: Device, precision: str) -> bool:
    """Whether a precision runs on units that take NHWC alone."""
    return is_nvidia(device) and precision != "float32" and device.architecture not in ("Maxwell", "Pascal")


def met_layout(program: Program, layout: str, execution: str) -> str:
    """The layout that convolutions meet: a compiler chooses for itself."""
    if execution == "eager":
        return layout
    return "nhwc" if program.channels_last else "nchw"


class Times(NamedTuple):
    """Seconds of each kernel for a whole batch: arithmetic, memory, and what it takes in the end."""

    compute: Floats
    memory: Floats
    total: Floats


def kernel_times(kernels: Kernels, batch_size: Any, machine: Machine, factors: Factors) -> Times:
    """How long each kernel runs.

    A kernel takes √(compute² + memory²): at the ridge of the roofline it reaches neither roof. Changes of layout
    come before and after it, and every kernel has to start and drain.
    """
    kind = kernels.kind
    compute = batch_size * kernels.padded_flops / _rates(kind, machine, factors)
    elements = kernels.elements + factors.concat_copy * kernels.copied_elements
    traffic = batch_size * machine.element_bytes * elements + machine.weight_bytes * kernels.weights
    own_kernel = kernels.eager & (kind == ELEMENTWISE)
    crowd = machine.gb_per_s_each / factors.crowded_gb_per_s
    used = (1 + crowd**CORNER) ** (-CROWDED_EXPONENT / CORNER)
    share = factors.bandwidth * np.where(own_kernel, factors.eager_elementwise * used, 1.0)
    memory = traffic / (machine.bandwidth_bytes_per_s * share)
    transposed = machine.transposes * _choose(
        kind,
        {
            POINTWISE_CONV: factors.pointwise_transpose,
            SPATIAL_CONV: factors.spatial_transpose,
            GROUPED_CONV: factors.spatial_transpose,
            UNEVEN_CONV: factors.spatial_transpose,
        },
    )
    total = np.hypot(compute, memory) + transposed * memory + KERNEL_SECONDS
    return Times(compute, memory * (1 + transposed), total)


def _rates(kind: Any, machine: Machine, factors: Factors) -> Any:
    """FLOP/s that a kernel of each kind reaches; elementwise kernels have no FLOPs."""
    shares = {
        POINTWISE_CONV: factors.pointwise_conv,
        SPATIAL_CONV: factors.spatial_conv,
        GROUPED_CONV: factors.spatial_conv,
        STEM_CONV: factors.stem_conv,
    }
    rates = machine.peak_flops_per_s * _choose(kind, shares, 1.0)
    rates = np.where(kind == DEPTHWISE_CONV, factors.depthwise_conv * machine.vector_flops_per_s, rates)
    return np.where(kind == UNEVEN_CONV, machine.uneven_flops_per_s, rates)


def _choose(kind: Any, values: dict[int, Any], default: float = 0.0) -> Any:
    """The value of each kernel's kind."""
    if not any(isinstance(value, np.ndarray) and value.ndim for value in values.values()):
        table = np.full(ELEMENTWISE + 1, default)
        table[list(values)] = list(values.values())
        return table[kind]
    return np.select([kind == key for key in values], list(values.values()), default)


def finish_times(times: Floats, launch_seconds: float) -> Floats:
    """When each kernel is done, if the host issues one every `launch_seconds` and the GPU runs them in order."""
    work = np.cumsum(times)
    issued = launch_seconds * np.arange(1, len(times) + 1)
    return work + np.maximum.accumulate(issued - (work - times))
