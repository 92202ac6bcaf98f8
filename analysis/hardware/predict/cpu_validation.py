"""CPUs: the figures that are known of them, how far predictions without each are off, and the intervals that follow."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import sqrt
from typing import Any, NamedTuple

from analysis.facts import DATA, Device, device_of, get_device, list_devices, published
from analysis.hardware.predict.coverage import Check
from analysis.hardware.predict.cpus import CpuCalibration, calibrate_cpus, predicted_cpu_seconds
from analysis.hardware.predict.intervals import SHARE, Scatter, of_few
from analysis.hardware.predict.spreads import Spread, Trial, root_mean_square
from analysis.hardware.predict.timed_runs import TimedRun, has_layers, registered_name, run_of, sheet_of
from analysis.hardware.predict.validation import FOLDS, MIN_FIGURES, error_row, kind_of_error
from analysis.statistics import median

#: Timed for this by the authors, with the data sheet of where.
OWN_RUNS = DATA / "measured_cpu.json"
#: The software whose figures calibrate; older ones only put to the test.
CALIBRATING = "PyTorch 2.4.0"


@cache
def published_cpu_runs() -> tuple[TimedRun, ...]:
    """Every published throughput of a CPU whose data sheet and layers are known; of equal ones the last."""
    cpus = {name for name in list_devices() if get_device(name).is_cpu}
    rows: list[dict[Any, Any]] = published("throughput").to_dict("records")
    found = {}
    for row in rows:
        if sheet_of(row["device"]) in cpus and has_layers(row["network"], int(row["image_size"])):
            run = run_of(row)
            found[run.network, run.device, run.image_size, run.batch_size, run.execution, run.software] = run
    return tuple(found.values())


@cache
def own_runs() -> tuple[Device, tuple[TimedRun, ...]]:
    """What the authors measured, and the data sheet of where."""
    content = json.loads(OWN_RUNS.read_text(encoding="utf-8"))
    device, software = device_of(content["device"]), content["software"]
    more = {"device": device.name, "precision": "float32", "software": software}
    return device, tuple(TimedRun(**row | more) for row in content["runs"])


def sheet(name: str) -> Device:
    """The data sheet of a CPU of the runs."""
    own = own_runs()[0]
    return own if name == own.name else get_device(name)


def calibrating_runs() -> list[TimedRun]:
    """Those that the factors come from."""
    return [*(run for run in published_cpu_runs() if run.software == CALIBRATING), *own_runs()[1]]


def calibrate_by_runs(runs: Sequence[TimedRun]) -> CpuCalibration:
    """The factors that runs of these sheets give."""
    own = own_runs()[0]
    return calibrate_cpus(runs, {own.name: own})


def validate_cpus() -> list[Trial]:
    """Every figure predicted without its network ("networks"), and without its device ("device")."""
    known, older = calibrating_runs(), [run for run in published_cpu_runs() if run.software != CALIBRATING]
    names = sorted({registered_name(run.network) for run in (*known, *older)})
    trials = []
    for fold in range(FOLDS):
        held = set(names[fold::FOLDS])
        calibration = calibrate_by_runs([run for run in known if registered_name(run.network) not in held])
        out = [run for run in (*known, *older) if registered_name(run.network) in held]
        trials += [_tried("networks", run, calibration) for run in out]
    for device in sorted({run.device for run in known}):
        calibration = calibrate_by_runs([run for run in known if run.device != device])
        trials += [_tried("device", run, calibration) for run in (*known, *older) if run.device == device]
    return trials


def _tried(left_out: str, run: TimedRun, calibration: CpuCalibration) -> Trial:
    seconds = predicted_cpu_seconds(run, sheet(run.device), calibration.factors(run.device))
    return Trial(left_out, run, seconds, seconds, seconds)


class CpuSpreads(NamedTuple):
    """What scatters on CPUs: networks on one, and CPUs about what their data sheets give."""

    networks: float
    devices: Spread


def spreads_of(trials: Iterable[Trial]) -> CpuSpreads:
    """Of trials of devices that were left out."""
    units: dict[tuple[str, str, str], list[float]] = {}
    for trial in trials:
        units.setdefault((trial.run.device, trial.run.software, trial.run.execution), []).append(trial.beyond)
    middles = {unit: median(found) for unit, found in units.items()}
    rests = [root_mean_square(each - middles[unit] for each in found) for unit, found in units.items()]
    count = len({device for device, *_ in units})
    return CpuSpreads(root_mean_square(rests), Spread(root_mean_square(middles.values()) * sqrt(1 + 1 / count), count))


def check_cpu_intervals(trials: Sequence[Trial]) -> list[Check]:
    """Every figure against the interval that other networks give, or other devices."""
    found = []
    for trial in trials:
        same = [other for other in trials if other.left_out == trial.left_out]
        if trial.left_out == "networks":
            scatter = _scatter_without(trial, [other for other in same if _place(other) == _place(trial)])
        else:
            spreads = spreads_of(other for other in same if other.run.device != trial.run.device)
            scatter = Scatter(spreads.networks, spreads.devices, "", "CPU")
        found.append(Check(trial.left_out, trial, scatter.factor))
    return found


def _scatter_without(trial: Trial, on_device: Sequence[Trial]) -> Scatter:
    """By the rule of `cpu_scatter`: figures of its kind, or of all where those are few; of other networks alone."""
    others = [other for other in on_device if _name(other) != _name(trial)]
    of_kind = [other for other in others if _kind(other) == _kind(trial)]
    told = of_kind if len(of_kind) >= MIN_FIGURES else others
    return Scatter(of_few(root_mean_square(other.beyond for other in told), len(told)), None, "")


def _name(trial: Trial) -> str:
    return registered_name(trial.run.network)


def _kind(trial: Trial) -> str:
    return kind_of_error(f"timm/{_name(trial)}", None)


def _place(trial: Trial) -> str:
    return f"{trial.run.device}, {trial.run.execution}"


def cpu_rows(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """How far off predictions are on CPUs and how often intervals hold the figure, by what was left out."""
    checks = check_cpu_intervals(trials)
    groups: list[tuple[str, Callable[[Check], str]]] = [
        ("all", lambda check: "all CPUs"),
        ("device", lambda check: f"{_place(check.trial)}, {check.trial.run.software.split(',')[0]}"),
        ("kind", lambda check: _kind(check.trial)),
    ]
    rows = []
    for left_out in ("networks", "device"):
        mine = [check for check in checks if check.left_out == left_out]
        for name, key in groups:
            labels: dict[str, list[Check]] = {}
            for check in mine:
                labels.setdefault(key(check), []).append(check)
            for label, found in sorted(labels.items()):
                if name != "kind" or (left_out == "networks" and len(found) >= MIN_FIGURES):
                    rows.append({"left_out": left_out, "of": label} | _row(found))
    return rows


def _row(checks: Sequence[Check]) -> dict[str, Any]:
    return error_row([check.trial for check in checks]) | {
        "half_width": median(check.half_width for check in checks),
        "coverage": sum(check.is_inside for check in checks) / len(checks),
        "claimed": SHARE,
    }


def known_cpu_errors(trials: Sequence[Trial]) -> dict[str, dict[str, Any]]:
    """What is said of predictions by kind of network, device and execution; "all" of any kind."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.left_out == "networks" and trial.run.device in list_devices():
            for kind in (_kind(trial), "all"):
                groups.setdefault(f"{kind}, {_place(trial)}", []).append(trial)
    return {key: _known(found) for key, found in sorted(groups.items()) if len(found) >= MIN_FIGURES}


def _known(trials: Sequence[Trial]) -> dict[str, Any]:
    row = error_row(trials)
    return {
        "median": round(row["median_error"], 4),
        "worst": round(row["worst_error"], 4),
        "left_out": "networks",
        "figures": row["figures"],
        "spread": round(root_mean_square(trial.beyond for trial in trials), 4),
    }


def content_of(calibration: CpuCalibration, trials: Sequence[Trial]) -> dict[str, Any]:
    """What is shipped."""
    spreads = spreads_of(trial for trial in trials if trial.left_out == "device")
    own = {name: {key: round(value, 4) for key, value in row.items()} for name, row in calibration.deviations.items()}
    return {
        "shared": {name: float(f"{value:.4g}") for name, value in calibration.shared._asdict().items()},
        "devices": own,
        "errors": known_cpu_errors(trials),
        "spreads": {
            "networks": round(spreads.networks, 4),
            "devices": [round(spreads.devices.value, 4), spreads.devices.devices],
        },
        "rows": [
            {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
            for row in cpu_rows(trials)
        ],
    }
