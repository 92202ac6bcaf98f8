"""Whether intervals hold what they claim: how often published figures lie inside, with nothing of them known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from analysis.hardware.predict.intervals import SHARE, Scatter, of_few
from analysis.hardware.predict.spreads import ANY, REGIMES, Trial, root_mean_square, spreads_of
from analysis.hardware.predict.validation import Validation, kind_of_error
from analysis.statistics import median

#: What the interval did not know: other figures of the network, all of a card where its kind of network is known on
#: others, all of any device, or all devices of its class.
LEFT_OUT = ("networks", "GeForce card", "device", "device class")


class Check(NamedTuple):
    """A published figure beside the interval that was made without it."""

    left_out: str
    trial: Trial
    #: By how much the time may be longer or shorter, the host's range beside.
    factor: float

    @property
    def is_inside(self) -> bool:
        """Whether the interval holds the published figure."""
        return self.trial.low / self.factor <= self.trial.run.seconds <= self.trial.high * self.factor

    @property
    def half_width(self) -> float:
        """The longest time of the interval over the predicted one, less one."""
        return self.trial.high * self.factor / self.trial.seconds - 1


def check_intervals(validation: Validation, devices: Sequence[Trial]) -> list[Check]:
    """Every published figure against the interval that the others give.

    Args:
        validation: the trials of left-out networks.
        devices: those of left-out devices (`analysis.hardware.predict.validation.left_out_devices`).
    """
    found = [*_of_networks(validation), *_of_cards(validation)]
    for left_out, same, place in (
        ("device", lambda trial: trial.run.device, None),
        ("device class", lambda trial: trial.group, ANY),
    ):
        found += _of_devices(devices, left_out, same, place)
    return found


def _of_networks(validation: Validation) -> Iterator[Check]:
    """On devices that calibrate: the scatter of other networks of the kind, on the same device."""
    trials = [trial for trial in validation.trials if trial.left_out != "device"]
    groups: dict[tuple[str, ...], list[Trial]] = {}
    for trial in trials:
        run = trial.run
        groups.setdefault((kind_of_error(run.network, None), run.device, run.layout, run.execution), []).append(trial)
    for group in groups.values():
        for trial in group:
            others = [other.beyond for other in group if other.run.network != trial.run.network]
            if others:
                yield Check("networks", trial, Scatter(of_few(root_mean_square(others), len(others)), None, "").factor)


def _of_cards(validation: Validation) -> Iterator[Check]:
    """On each card that calibrates, left out: the scatter of the kind on the others, each left out."""
    trials = validation.select("device")
    for trial in trials:
        same = (kind_of_error(trial.run.network, None), trial.run.execution)
        others = [
            each
            for each in trials
            if (kind_of_error(each.run.network, None), each.run.execution) == same
            and each.run.device != trial.run.device
        ]
        spread = root_mean_square(each.beyond for each in others)
        count = len({each.run.device for each in others})
        yield Check("GeForce card", trial, Scatter(of_few(spread, count), None, "").factor)


def _of_devices(
    trials: Sequence[Trial], left_out: str, same: Callable[[Trial], str], place: str | None
) -> Iterator[Check]:
    """The scatter of the devices that are left."""
    for held in sorted(set(map(same, trials))):
        spreads = spreads_of([trial for trial in trials if same(trial) != held])
        factors = {}
        for trial in trials:
            if same(trial) == held:
                key = (place or trial.group, trial.regime)
                if key not in factors:
                    spread, whose = spreads.of_device(*key)
                    factors[key] = Scatter(spreads.networks[trial.regime], spread, "", whose).factor
                yield Check(left_out, trial, factors[key])


def coverage_rows(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """How often the interval holds the figure: by what was left out, class of device, batch regime, and device."""
    rows = []
    for left_out in LEFT_OUT:
        chosen = [check for check in checks if check.left_out == left_out]
        rows.append(_row(left_out, "all", chosen))
        for which in REGIMES:
            for label, found in _groups([check for check in chosen if check.trial.regime == which], left_out):
                rows.append(_row(left_out, f"{label}, {which} batches", found))
    return rows


def _groups(checks: Sequence[Check], left_out: str) -> list[tuple[str, list[Check]]]:
    classes: dict[str, list[Check]] = {}
    devices: dict[str, list[Check]] = {}
    for check in checks:
        classes.setdefault(check.trial.group, []).append(check)
        devices.setdefault(check.trial.run.device, []).append(check)
    return [*sorted(classes.items()), *(sorted(devices.items()) if left_out == "device" else ())]


def _row(left_out: str, label: str, checks: Sequence[Check]) -> dict[str, Any]:
    errors = [check.trial.error for check in checks]
    return {
        "left_out": left_out,
        "of": label,
        "figures": len(checks),
        "median_error": median(map(abs, errors)),
        "bias": median(errors),
        "half_width": median(check.half_width for check in checks),
        "coverage": sum(check.is_inside for check in checks) / len(checks),
        "claimed": SHARE,
    }
