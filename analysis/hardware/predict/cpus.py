"""CPUs: how long a kernel takes where the processor that starts it computes it too, so that nothing hides its start.

The same kernels as a GPU's, with factors of their own (docs/prediction.md); float32 alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from math import log
from typing import Any, NamedTuple

import numpy as np

from analysis.facts import DATA, Device, get_device
from analysis.hardware.predict.calibration import CalibrationOf, Prior, least_squares
from analysis.hardware.predict.intervals import Scatter, of_few
from analysis.hardware.predict.kernels import ELEMENTWISE, Floats, Kernels
from analysis.hardware.predict.model import Times
from analysis.hardware.predict.spreads import Spread
from analysis.hardware.predict.timed_runs import TimedRun

CPU_CALIBRATION = DATA / "cpu_calibration.json"
#: Published figures are of one image.
CHECKED_BATCH = 1
BYTES = 4
#: Expected relative error of the model on one figure; larger ones count less than by their square.
NOISE = 0.15


class CpuFactors(NamedTuple):
    """What is calibrated. A field may be an array, one value a kernel, while CPUs are fitted together."""

    #: Arithmetic of all kinds, over what the shares below make of the data sheet's peak.
    pace: Any
    #: Shares of the peak.
    pointwise_conv: Any
    spatial_conv: Any
    stem_conv: Any
    grouped_conv: Any
    depthwise_conv: Any
    #: Share of the memory bandwidth; above 1 where caches help.
    bandwidth: Any
    #: How often weights pass the memory: they are read, laid out anew for the vectors, and read again.
    weight_passes: Any
    #: Of eager NCHW: time to lay out a convolution's maps for the vectors and back, in units of its memory time.
    transpose: Any
    #: To start a kernel: PyTorch's own work, waking the threads and waiting for the last of them.
    start_seconds: Any
    #: The same in eager mode, in units of that.
    eager_start: Any
    #: Elements of which half of that time is taken: less work wakes fewer threads.
    waking_elements: Any


PRIORS = CpuFactors(
    pace=Prior(1.0, 1e-3),  # only devices differ in it
    pointwise_conv=Prior(0.6, 0.5),
    spatial_conv=Prior(0.6, 0.5),
    stem_conv=Prior(0.2, 1.0),
    grouped_conv=Prior(0.3, 1.0),
    depthwise_conv=Prior(0.05, 1.0),
    bandwidth=Prior(0.8, 0.5),
    weight_passes=Prior(3.0, 0.5),
    transpose=Prior(1.0, 0.7),
    start_seconds=Prior(3e-5, 1.0),
    eager_start=Prior(1.0, 1.0),
    waking_elements=Prior(3e4, 1.0),
)
#: The factors in which CPUs differ, and by how much.
DEVICE_SPREADS = {"pace": 0.2, "bandwidth": 0.2, "start_seconds": 0.3}


class Place(NamedTuple):
    """What a kernel meets. A field may be an array, one value a kernel."""

    peak_flops_per_s: Any
    bandwidth_bytes_per_s: Any
    #: 1 where maps are laid out anew for each convolution, else 0.
    transposes: Any

    @classmethod
    def of(cls, device: Device, layout: str, execution: str) -> Place:
        """A compiler takes NHWC for all convolutions of a CPU."""
        transposes = float(execution == "eager" and layout == "nchw")
        return cls(device.peak_flops_per_s("float32"), device.bandwidth_bytes_per_s, transposes)


class CpuTimes(NamedTuple):
    """Seconds of each kernel for a whole batch: its work, and what it takes to start it, which comes on top."""

    work: Times
    start: Floats

    @property
    def spent(self) -> Floats:
        """Both together."""
        return self.work.total + self.start


def cpu_times(kernels: Kernels, batch_size: Any, place: Place, factors: CpuFactors) -> CpuTimes:
    """How long each kernel takes: √(compute² + memory²) as on a GPU, the weights, the change of layout, the start."""
    kind = kernels.kind
    shares = np.array([*factors[1:4], factors.grouped_conv, factors.grouped_conv, factors.depthwise_conv, 1.0])
    compute = batch_size * kernels.padded_flops / (place.peak_flops_per_s * factors.pace * shares[kind])
    elements = batch_size * (kernels.elements + kernels.copied_elements)
    seconds_an_element = BYTES / (place.bandwidth_bytes_per_s * factors.bandwidth)
    maps, weights = elements * seconds_an_element, kernels.weights * seconds_an_element * factors.weight_passes
    laid_out = maps * place.transposes * factors.transpose * (kind != ELEMENTWISE)
    start = factors.start_seconds * np.where(kernels.eager, factors.eager_start, 1.0)
    start = start * elements / (elements + factors.waking_elements)
    work = Times(compute, maps + weights + laid_out, np.hypot(compute, maps) + weights + laid_out)
    return CpuTimes(work, start)


CpuCalibration = CalibrationOf[CpuFactors]


def predicted_cpu_seconds(run: TimedRun, device: Device, factors: CpuFactors) -> float:
    """The model's answer for a run."""
    place = Place.of(device, run.layout, run.execution)
    return float(cpu_times(run.program().kernels, run.batch_size, place, factors).spent.sum())


class _Stack(NamedTuple):
    """Timed runs end to end: one array entry a kernel."""

    kernels: Kernels
    batch_size: Floats
    place: Place
    device: Any
    starts: Any
    log_seconds: Floats

    @classmethod
    def of(cls, runs: Sequence[TimedRun], sheets: Mapping[str, Device]) -> _Stack:
        parts = [run.program().kernels for run in runs]
        sizes, names = [len(part.kind) for part in parts], list(sheets)
        places = [Place.of(sheets[run.device], run.layout, run.execution) for run in runs]
        return cls(
            Kernels(*map(np.concatenate, zip(*parts, strict=True))),
            np.repeat([float(run.batch_size) for run in runs], sizes),
            Place(*[np.repeat(column, sizes) for column in zip(*places, strict=True)]),
            np.repeat([names.index(run.device) for run in runs], sizes),
            np.cumsum([0, *sizes[:-1]]),
            np.log([run.seconds for run in runs]),
        )

    def misfit(self, shared: CpuFactors, own: Floats) -> Floats:
        """Of each run, in units of the noise; `own` has a row a factor, a column a device."""
        scales = dict(zip(DEVICE_SPREADS, own[:, self.device], strict=True))
        factors = shared._replace(**{name: getattr(shared, name) * scales[name] for name in scales})
        seconds = cpu_times(self.kernels, self.batch_size, self.place, factors).spent
        error = (np.log(np.add.reduceat(seconds, self.starts)) - self.log_seconds) / NOISE
        return np.sign(error) * np.sqrt(2 * (np.sqrt(1 + error**2) - 1))


def calibrate_cpus(runs: Sequence[TimedRun], own: Mapping[str, Device] | None = None) -> CpuCalibration:
    """Factors that fit the runs' seconds.

    Args:
        own: the data sheets of devices that are not shipped.
    """
    sheets = _sheets(runs, own)
    stack, count = _Stack.of(runs, sheets), len(sheets)
    start = np.array([*[log(prior.value) for prior in PRIORS], *[0.0] * len(DEVICE_SPREADS) * count])
    spread = np.array([*[prior.spread for prior in PRIORS], *np.repeat([*DEVICE_SPREADS.values()], count)])

    def parted(x: Floats) -> tuple[CpuFactors, Floats]:
        factors = np.exp(x)
        return CpuFactors(*factors[: len(PRIORS)]), factors[len(PRIORS) :].reshape(len(DEVICE_SPREADS), count)

    found = least_squares(lambda x: np.concatenate([stack.misfit(*parted(x)), (x - start) / spread]), start)
    shared, scales = parted(found)
    columns = zip(sheets, scales.T.tolist(), strict=True)
    return CpuCalibration(
        CpuFactors(*map(float, shared)), {name: dict(zip(DEVICE_SPREADS, row, strict=True)) for name, row in columns}
    )


def calibrate_cpu(runs: Sequence[TimedRun], known: CpuFactors, device: Device) -> CpuFactors:
    """The factors of one CPU by a few of its runs; what CPUs share stays as it is."""
    stack, spread = _Stack.of(runs, {device.name: device}), np.array([*DEVICE_SPREADS.values()])

    def residuals(x: Floats) -> Floats:
        return np.concatenate([stack.misfit(known, np.exp(x)[:, None]), x / spread])

    scales = dict(zip(DEVICE_SPREADS, np.exp(least_squares(residuals, np.zeros(len(spread)))).tolist(), strict=True))
    return known._replace(**{name: getattr(known, name) * scales[name] for name in scales})


def _sheets(runs: Sequence[TimedRun], own: Mapping[str, Device] | None) -> dict[str, Device]:
    return {name: (own or {}).get(name) or get_device(name) for name in sorted({run.device for run in runs})}


@cache
def _content() -> dict[str, Any]:
    return json.loads(CPU_CALIBRATION.read_text(encoding="utf-8"))


def calibrated_cpus() -> tuple[str, ...]:
    """The CPUs whose figures are part of the calibration."""
    return tuple(_content()["devices"])


@cache
def shipped_cpu_factors(device: str) -> CpuFactors:
    """The factors of a CPU by name; the shared ones for one without a calibration."""
    return CpuCalibration(CpuFactors(**_content()["shared"]), _content()["devices"]).factors(device)


def cpu_error_rows() -> list[dict[str, Any]]:
    """How far off predictions on CPUs are, and how often their intervals hold the figure, by what was left out."""
    return list(_content()["rows"])


def known_cpu_error(kind: str | None, device: str, batch_size: int, execution: str) -> dict[str, Any] | None:
    """How far off predictions of this sort were; None where no published figure tells. `kind` "all" is any."""
    found: dict[str, Any] | None = _content()["errors"].get(f"{kind}, {device}, {execution}")
    return found if batch_size == CHECKED_BATCH else None


#: Twice the cores of the largest CPU of which figures are known.
MOST_CORES = 28
MANY_CORES = f"CPUs of more than {MOST_CORES} cores"


def cpu_scatter(kind: str | None, device: Device, batch_size: int, execution: str) -> Scatter:
    """What an interval about a prediction on a CPU is made of."""
    for name, words in ((kind, "of its kind on this device"), ("all", "of other kinds of networks on this device")):
        if known := known_cpu_error(name, device.name, batch_size, execution):
            return Scatter(
                of_few(known["spread"], known["figures"]), None, f"{known['figures']} published figures {words}"
            )
    spreads = _content()["spreads"]
    unchecked = MANY_CORES if (device.cores or 0) > MOST_CORES else ""
    return Scatter(spreads["networks"], Spread(*spreads["devices"]), "networks", "CPU", unchecked)
