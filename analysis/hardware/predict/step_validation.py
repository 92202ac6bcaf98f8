"""How far off predicted training steps are: every published figure, without its network and without its device.

A network that is left out is predicted by other networks of its device, with the host that these show; a device that is
left out by its data sheet and the other devices, with the usual host and the range of hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import log
from typing import Any

import numpy as np

from analysis.hardware.predict.intervals import SHARE, Scatter, of_few
from analysis.hardware.predict.spreads import Spreads, Trial, root_mean_square, spreads_of
from analysis.hardware.predict.step_fit import Stack, StepCalibration, calibrate_steps, point_of
from analysis.hardware.predict.step_model import step_host
from analysis.hardware.predict.trained_runs import TrainedRun, step_key
from analysis.statistics import median

FOLDS = 5
#: A device is known by so many networks.
MIN_NETWORKS = 4


def fold_of(runs: Iterable[TrainedRun]) -> dict[str, int]:
    """The fixed split: networks in alphabetical order, dealt out in turn; one network has one name in all libraries."""
    names = sorted({name_of(run) for run in runs})
    return {name: number % FOLDS for number, name in enumerate(names)}


def name_of(run: TrainedRun) -> str:
    """A network's name without its library's."""
    return run.network.rpartition("/")[2]


def left_out_networks(runs: Sequence[TrainedRun], known: StepCalibration) -> list[Trial]:
    """Figures of devices that are known by other networks."""
    folds = fold_of(runs)
    found: list[Trial] = []
    for fold in range(FOLDS):
        rest = [run for run in runs if folds[name_of(run)] != fold]
        names: dict[str, set[str]] = {}
        for run in rest:
            names.setdefault(run.device_at_precision, set()).add(name_of(run))
        tested = [
            run
            for run in runs
            if folds[name_of(run)] == fold and len(names.get(run.device_at_precision, ())) >= MIN_NETWORKS
        ]
        found += _trials("networks", tested, calibrate_steps(rest, known))
    return found


def left_out_devices(runs: Sequence[TrainedRun], known: StepCalibration) -> list[Trial]:
    """All figures, each without its device; whatever another source says of it is left out too."""
    found: list[Trial] = []
    for device in sorted({run.device for run in runs}):
        rest = [run for run in runs if run.device != device]
        tested = [run for run in runs if run.device == device]
        found += _trials("device", tested, calibrate_steps(rest, known))
    return found


def _trials(left_out: str, runs: Sequence[TrainedRun], known: StepCalibration) -> Iterator[Trial]:
    """Predictions by a calibration; where it knows the host, there is no range."""
    stack = Stack(runs)
    point = point_of(stack, known)
    is_known = np.array([name in known.hosts for name in stack.setups])
    host = step_host("eager", "float32")
    lowest, highest = (log(each / host.usual) for each in (host.low, host.high))
    low, usual, high = (
        stack.seconds(point._replace(hosts=point.hosts + np.where(is_known, 0.0, by))) for by in (lowest, 0.0, highest)
    )
    for run, *seconds in zip(runs, usual.tolist(), low.tolist(), high.tolist(), strict=True):
        yield Trial(left_out, run, *seconds)


def known_errors(trials: Sequence[Trial]) -> dict[str, dict[str, Any]]:
    """Of left-out networks: by device, precision, layout and batch regime, where enough networks tell."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(key_of(trial), []).append(trial)
    return {key: _known_error(group) for key, group in sorted(groups.items()) if len(group) >= MIN_NETWORKS}


def key_of(trial: Trial) -> str:
    """What known errors are told apart by."""
    run = trial.run
    return step_key(run.device, run.precision, run.layout, run.batch_size)


def _known_error(trials: Sequence[Trial]) -> dict[str, Any]:
    errors = [abs(trial.error) for trial in trials]
    spread = root_mean_square(trial.beyond for trial in trials)
    return {
        "median": round(median(errors), 4),
        "worst": round(max(errors), 4),
        "left_out": "networks",
        "figures": len(trials),
        "spread": round(spread, 4),
    }


def error_rows(networks: Sequence[Trial], devices: Sequence[Trial]) -> list[dict[str, Any]]:
    """Errors and coverage by what was left out, class of device, batch regime and device."""
    rows = []
    for left_out, trials in (("networks", networks), ("device", devices)):
        inside = dict(_inside(trials, left_out))
        for label, group in _groups(trials):
            errors = [trial.error for trial in group]
            rows.append(
                {
                    "left_out": left_out,
                    "of": label,
                    "figures": len(group),
                    "median_error": median(map(abs, errors)),
                    "worst_error": max(map(abs, errors)),
                    "bias": median(errors),
                    "coverage": sum(inside[trial] for trial in group) / len(group),
                    "claimed": SHARE,
                }
            )
    return rows


def _groups(trials: Sequence[Trial]) -> list[tuple[str, list[Trial]]]:
    """All, by regime, by class, by device."""
    found: list[dict[str, list[Trial]]] = [{}, {}, {}]
    for trial in trials:
        labels = (f"{trial.regime} batches", trial.group, trial.run.device)
        for place, label in zip(found, labels, strict=True):
            place.setdefault(label, []).append(trial)
    return [("all", list(trials)), *(pair for place in found for pair in sorted(place.items()))]


def _inside(trials: Sequence[Trial], left_out: str) -> Iterator[tuple[Trial, bool]]:
    """Whether the interval that the other networks of the device, or the other devices, give holds each figure."""
    for held in {_held(trial, left_out) for trial in trials}:
        tested = [trial for trial in trials if _held(trial, left_out) == held]
        others = [trial for trial in trials if _held(trial, left_out) != held]
        spreads = spreads_of(others) if left_out == "device" else None
        for trial in tested:
            factor = _scatter(trial, spreads, others).factor
            yield trial, trial.low / factor <= trial.run.seconds <= trial.high * factor


def _held(trial: Trial, left_out: str) -> str:
    return trial.run.device if left_out == "device" else name_of(trial.run)  # type: ignore[arg-type]


def _scatter(trial: Trial, spreads: Spreads | None, others: Sequence[Trial]) -> Scatter:
    if spreads is not None:
        spread, place = spreads.of_device(trial.group, trial.regime)
        return Scatter(spreads.networks[trial.regime], spread, "", place)
    key = key_of(trial)
    same = [other.beyond for other in others if key_of(other) == key]
    return Scatter(of_few(root_mean_square(same), len(same)) if same else 0.0, None, "")
