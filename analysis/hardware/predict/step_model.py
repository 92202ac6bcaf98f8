"""How long the kernels of a training step take: the model of inference, and a few factors by which gradients differ."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from analysis.facts import Device
from analysis.hardware.predict.backward import ADDITION, GRADIENT, INPUT_GRADIENT, WEIGHT_GRADIENT, Step
from analysis.hardware.predict.classes import device_class
from analysis.hardware.predict.host import HostTime, host_time
from analysis.hardware.predict.kernels import (
    DEPTHWISE_CONV,
    GROUPED_CONV,
    POINTWISE_CONV,
    SPATIAL_CONV,
    UNEVEN_CONV,
    Floats,
    Integers,
    Kernels,
)
from analysis.hardware.predict.model import Factors, Machine, Times, has_matrix_units, kernel_times
from analysis.precision import PRECISIONS

#: How much longer than at inference the host takes to issue a kernel: autograd keeps its books. Its own additions of
#: gradients cost it next to nothing.
HOST = 1.6
#: The architectures that newer software serves better than older.
SERVED = ("Ampere", "Ada Lovelace", "Hopper", "Blackwell")


class StepFactors(NamedTuple):
    """What is fitted of training steps; a field may be an array while it is."""

    #: FLOPs of the two products of a convolution's gradients on matrix units, over those of its forward pass.
    products: Any
    #: The same of grouped convolutions in 16 bits.
    grouped: Any
    #: Channels of a group at which grouped convolutions in 32 bits, the forward pass too, take twice what wide ones do.
    narrow: Any
    #: Bytes that gradients of depthwise convolutions of 3×3 move, over input and output once, by layout.
    depthwise: Any
    depthwise_nhwc: Any
    #: Bytes that other gradients move, over what they read and write once.
    elementwise: Any
    #: Time with software from 2022 on, over time with older software, from Ampere on.
    newer_software: Any
    #: Time on AMD's cards, and on those of makers beside, over what their inference would give.
    amd: Any
    other: Any


#: The shares of classes that are fitted; other classes have none.
CLASSES = {"AMD": "amd", "other": "other"}


class Circumstances(NamedTuple):
    """What decides beside the machine how gradients are computed. A field may be an array, one value a kernel."""

    on_matrix_units: Any
    in_16_bits: Any
    channels_last: Any

    @classmethod
    def of(cls, device: Device, precision: str, layout: str) -> Circumstances:
        return cls(has_matrix_units(device, precision), PRECISIONS[precision].element_bytes == 2, layout == "nhwc")


def trained_kernels(
    kernels: Kernels, role: Integers, width: Floats, met: Circumstances, factors: StepFactors
) -> Kernels:
    """The kernels with the arithmetic and the traffic that gradients have in fact.

    On matrix units the gradients of a 1×1 convolution change the layout as those of others do.
    """
    kind = kernels.kind
    is_product = (role == WEIGHT_GRADIENT) | (role == INPUT_GRADIENT)
    is_depthwise = is_product & (kind == DEPTHWISE_CONV)
    is_grouped = is_product & ((kind == GROUPED_CONV) | (kind == UNEVEN_CONV))
    is_dense = is_product & ~is_depthwise & ~is_grouped
    flops = np.where(is_dense & met.on_matrix_units, factors.products, 1.0)
    flops = np.where(is_grouped & met.in_16_bits, factors.grouped, flops)
    flops = np.where(met.in_16_bits, flops, flops * (1 + factors.narrow / width))
    moved = np.where(met.channels_last, factors.depthwise_nhwc, factors.depthwise)
    moved = np.where(is_depthwise, moved, np.where((role == GRADIENT) | (role == ADDITION), factors.elementwise, 1.0))
    return kernels._replace(
        kind=np.where(is_product & (kind == POINTWISE_CONV), SPATIAL_CONV, kind),
        padded_flops=kernels.padded_flops * flops,
        elements=kernels.elements * moved,
    )


def slowdown(device: Device, factors: StepFactors, *, newer_software: bool = True) -> float:
    """Time of a step over what its kernels would take on a device like those of the other classes and software."""
    of_class = CLASSES.get(device_class(device))
    by_class = getattr(factors, of_class) if of_class else 1.0
    return float(by_class * (factors.newer_software if newer_software and device.architecture in SERVED else 1.0))


def step_times(
    step: Step, batch: float, device: Device, precision: str, layout: str, shared: Factors, factors: StepFactors
) -> Times:
    """How long each kernel of a step runs, with newer software.

    Args:
        step: its kernels.
        batch: how often the step's images go into the batch.
        device, precision, layout: what it runs on and how.
        shared: the factors of inference.
        factors: those of training.
    """
    met = Circumstances.of(device, precision, layout)
    kernels = trained_kernels(step.kernels, step.role, step.width, met, factors)
    times = kernel_times(kernels, batch, Machine.of(device, precision, layout), shared)
    longer = slowdown(device, factors)
    return Times(*(longer * each for each in times))


def issued(role: Integers, host_seconds: float) -> Floats:
    """When the host has issued each kernel of a step."""
    return np.cumsum(np.where(role == ADDITION, 0.0, host_seconds))


def finished(times: Floats, issue: Floats) -> Floats:
    """When each kernel is done that the host issues then, if the device runs them in order."""
    work = np.cumsum(times)
    return work + np.maximum.accumulate(issue - (work - times))


def step_host(execution: str, precision: str, seconds: float | None = None, *, autocast: bool = True) -> HostTime:
    """The host's time a kernel of a step, or the one that the user knows.

    >>> f"{step_host('eager', 'float32').usual:.1e}"
    '5.6e-05'

    Raises: as `analysis.hardware.predict.host.host_time`.
    """
    found = host_time(execution, precision, seconds, autocast=autocast)
    return found if seconds is not None else HostTime(*(HOST * each for each in found))
