"""How far predictions scatter, by what is known nearby: the numbers that intervals are made of.

Errors are logarithms, published over predicted seconds, and beyond the host's range: a figure that lies between the
predictions at the least and the most of the host's time has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import exp, log, sqrt
from typing import Any, NamedTuple

from analysis.facts import Device, get_device
from analysis.hardware.predict.classes import device_class
from analysis.hardware.predict.sustained import CLASS_SHARES
from analysis.hardware.predict.timed_runs import TimedRun
from analysis.statistics import median

#: From this batch on, kernels fill a device.
LARGE_BATCH = 64
REGIMES = ("small", "large")
#: The architectures of the cards that calibrate: another GeForce of one of them is near to what was checked.
NEAR = ("Ampere", "Ada Lovelace", "Blackwell")


class Trial(NamedTuple):
    """One published figure, and what was predicted for it."""

    left_out: str
    run: TimedRun
    seconds: float
    #: At the least and at the most of the host's time a kernel.
    low: float
    high: float

    @property
    def error(self) -> float:
        """Relative error of the predicted seconds."""
        return self.seconds / self.run.seconds - 1

    @property
    def beyond(self) -> float:
        """The logarithm of published over predicted seconds beyond the host's range; 0 within."""
        if self.run.seconds > self.high:
            return log(self.run.seconds / self.high)
        return min(0.0, log(self.run.seconds / self.low))

    @property
    def regime(self) -> str:
        return regime(self.run.batch_size)

    @property
    def group(self) -> str:
        return group_of(get_device(self.run.device))

    def row(self) -> dict[str, Any]:
        """Plain values."""
        facts = {"left_out": self.left_out, **vars(self.run)}
        published = facts.pop("seconds")
        return facts | {"published_seconds": published, "predicted_seconds": self.seconds, "error": self.error}

    def shifted(self, by: float) -> Trial:
        """The same with all predicted seconds longer by a logarithm."""
        longer = exp(by)
        return self._replace(seconds=self.seconds * longer, low=self.low * longer, high=self.high * longer)


def regime(batch_size: int) -> str:
    """One of `REGIMES`."""
    return REGIMES[batch_size >= LARGE_BATCH]


def group_of(device: Device) -> str:
    """The devices among which one counts: its class, GeForce cards by whether their architecture calibrates."""
    found = device_class(device)
    if found != "GeForce":
        return found
    return "GeForce since Ampere" if device.architecture in NEAR or not device.architecture else "older GeForce"


class Spread(NamedTuple):
    """A standard deviation of logarithmic errors, and how many devices it comes from."""

    value: float
    devices: int


class Spreads(NamedTuple):
    """What scatters: devices about the rules, by group and regime, and networks on one device, by regime."""

    devices: Mapping[str, Spread]
    networks: Mapping[str, float]

    def of_device(self, group: str, regime: str) -> tuple[Spread, str]:
        """How far devices of a group lie from the rules, and which group's devices tell that.

        In small batches no less than in large ones: there the host's range hides it.
        """
        for place in (group, ANY):
            known = [self.devices.get(f"{place}, {which}") for which in {regime, "large"}]
            if self.devices.get(f"{place}, {regime}"):
                return max(filter(None, known), key=lambda spread: spread.value), place
        return self.devices[f"{ANY}, large"], ANY


#: Stands for every group that no figure is of.
ANY = "any device"


def spreads_of(trials: Sequence[Trial]) -> Spreads:
    """The scatter of trials of devices that were left out."""
    units: dict[tuple[str, str, str, str], list[float]] = {}
    for trial in trials:
        key = (trial.group, trial.regime, trial.run.device, trial.run.precision)
        units.setdefault(key, []).append(trial.beyond)
    groups: dict[str, list[tuple[str, float]]] = {}
    rests: dict[str, list[float]] = {regime: [] for regime in REGIMES}
    for (group, which, device, _), found in units.items():
        middle = median(found)
        for place in (group, ANY):
            groups.setdefault(f"{place}, {which}", []).append((device, middle))
        rests[which].append(root_mean_square(each - middle for each in found))
    return Spreads(
        {key: Spread(_widened(middles), len({name for name, _ in middles})) for key, middles in sorted(groups.items())},
        {which: root_mean_square(found) for which, found in rests.items() if found},
    )


def _widened(middles: Sequence[tuple[str, float]]) -> float:
    """The spread for one more device than those seen."""
    return root_mean_square(middle for _, middle in middles) * sqrt(1 + 1 / len({name for name, _ in middles}))


def root_mean_square(values: Iterable[float]) -> float:
    """The spread about 0."""
    found = list(values)
    return sqrt(sum(value**2 for value in found) / len(found))


def centred(trials: Sequence[Trial]) -> list[Trial]:
    """The trials as they would be if a class's share came from its other devices alone."""
    middles: dict[str, dict[str, float]] = {}
    for group in CLASS_SHARES:
        by_device: dict[str, list[float]] = {}
        for trial in trials:
            if trial.group == group:
                by_device.setdefault(trial.run.device, []).append(trial.beyond)
        middles[group] = {name: median(found) for name, found in by_device.items()}
    found = []
    for trial in trials:
        others = [value for name, value in middles.get(trial.group, {}).items() if name != trial.run.device]
        found.append(trial.shifted(median(others)) if others else trial)
    return found
