"""How far predictions are off: every published figure predicted without having been used for the calibration."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from typing import TYPE_CHECKING, Any

from analysis.facts import Device, get_device, published
from analysis.hardware.predict.calibrated import DETECTORS, OTHER_DEVICES, TWO_STAGE, TWO_STAGES, shipped_calibration
from analysis.hardware.predict.calibration import Calibration, calibrate, predicted_times
from analysis.hardware.predict.spreads import Trial, centred, root_mean_square
from analysis.hardware.predict.timed_runs import CALIBRATING, TimedRun, is_in_family, load_runs, published_runs
from analysis.statistics import median, spearman
from analysis.targets import Target
from archs.registry import get_config, is_registered

if TYPE_CHECKING:
    import pandas as pd


FOLDS = 5
#: Fewer figures tell no error of a kind of network.
MIN_FIGURES = 4
#: What the calibration did not know: the network, the whole device, or the kind of network.
LEFT_OUT = ("networks", "device", "family")


@dataclass(frozen=True)
class Validation:
    """All trials."""

    trials: tuple[Trial, ...]

    def select(self, left_out: str, **wanted: str) -> list[Trial]:
        """The trials of a sort: `execution="eager"`, `device="RTX 4090"`, `layout="nhwc"`."""
        return [
            trial
            for trial in self.trials
            if trial.left_out == left_out and all(getattr(trial.run, key) == value for key, value in wanted.items())
        ]

    def rows(self) -> list[dict[str, Any]]:
        """The errors by what was left out, by execution, then by device and by kind of network."""
        return [
            {"left_out": left_out, "execution": execution, "of": label} | error_row(trials)
            for left_out in LEFT_OUT
            for execution in ("eager", "compiled")
            for label, trials in _groups(self.select(left_out, execution=execution))
        ]

    def to_frame(self) -> pd.DataFrame:
        """One row a group of trials."""
        import pandas as pd

        return pd.DataFrame(self.rows())


def left_out_devices(calibration: Calibration | None = None) -> list[Trial]:
    """Every published figure of a device, whatever the network, batch and precision, predicted without the device."""
    known = calibration or shipped_calibration()
    return centred(
        [
            tried("any device", run, calibrated_without(run.device) if run.device in CALIBRATING else known)
            for run in published_runs()
        ]
    )


@cache
def calibrated_without(device: str) -> Calibration:
    """By the other devices."""
    return calibrate([run for run in family_runs() if run.device != device])


def validate_predictions(calibration: Calibration | None = None) -> Validation:
    """Predict every published throughput from what is known without it.

    "networks": in `FOLDS` folds of the family, from the other networks. "device": from the other GPUs and the data
    sheet. "family": all other kinds, from DenseNets and VoVNets alone, by `calibration` (the shipped one).
    """
    calibration = calibration or shipped_calibration()
    family = family_runs()
    others = [run for run in load_runs() if not run.in_family]
    return Validation(
        (
            *_left_out_networks(family),
            *[tried("device", run, calibrated_without(run.device)) for run in family if run.layout == "nchw"],
            *[tried("family", run, calibration) for run in others],
        )
    )


def family_runs() -> list[TimedRun]:
    """The published figures that the model is made for."""
    return [run for run in load_runs() if run.in_family]


def fold_of_network(runs: Iterable[TimedRun]) -> dict[str, int]:
    """The fixed split: networks in alphabetical order, dealt out in turn; one network is never in two folds."""
    return {name: number % FOLDS for number, name in enumerate(sorted({run.network for run in runs}))}


def _left_out_networks(runs: Sequence[TimedRun]) -> list[Trial]:
    """Each fold of networks predicted by a calibration on the others."""
    folds = fold_of_network(runs)
    trials = []
    for held in range(FOLDS):
        calibration = calibrate([run for run in runs if folds[run.network] != held])
        trials += [tried("networks", run, calibration) for run in runs if folds[run.network] == held]
    return trials


def tried(left_out: str, run: TimedRun, calibration: Calibration) -> Trial:
    """The model's answer, given nothing but a calibration."""
    times = predicted_times(run, get_device(run.device), calibration.factors(run.device))
    return Trial(left_out, run, times.total, times.low, times.high)


def error_row(trials: Sequence[Trial]) -> dict[str, Any]:
    """The errors of some trials, and whether their order is right."""
    errors = [abs(trial.error) for trial in trials]
    return {
        "figures": len(trials),
        "median_error": median(errors),
        "worst_error": max(errors),
        "bias": median(trial.error for trial in trials),
        "rank_correlation": rank_correlation(trials),
    }


def rank_correlation(trials: Sequence[Trial]) -> float | None:
    """Spearman's ρ between predicted and published seconds per image; None for fewer than three."""
    predicted = [trial.seconds / trial.run.batch_size for trial in trials]
    published = [trial.run.seconds / trial.run.batch_size for trial in trials]
    return spearman(predicted, published) if len(trials) > 2 else None


def _groups(trials: Sequence[Trial]) -> list[tuple[str, list[Trial]]]:
    """All, then each device and layout, then each kind of network."""
    devices: dict[str, list[Trial]] = {}
    kinds: dict[str, list[Trial]] = {}
    for trial in trials:
        run = trial.run
        devices.setdefault(f"{run.device}, {run.layout}", []).append(trial)
        kinds.setdefault(kind_of_network(run.network), []).append(trial)
    return [("all", list(trials)), *sorted(devices.items()), *sorted(kinds.items())]


def kind_of_network(network: str) -> str:
    """The family of a registered network that the calibration is not about; of others, the family's name in timm.

    >>> [kind_of_network(f"timm/{name}") for name in ("densenetblur121d", "ese_vovnet39b", "mobilenetv3_large_100")]
    ['densenet', 'ese_vovnet', 'mobilenetv3']
    >>> kind_of_network("timm/hgnetv2_b0")
    'hgnet'
    """
    name = network.removeprefix("timm/").replace("densenetblur", "densenet")
    if is_registered(name) and not is_in_family(network):
        return str(get_config(name).family)
    match = re.match(r"([a-z]+_vovnet|mobilenetv\d|[a-z]+)", name)
    return match[1] if match else name


def kind_of_error(name: str, family: str | None) -> str:
    """Networks of one kind share what is known of the errors of their predictions.

    >>> kind_of_error("ese_vovnet39b", "vovnet"), kind_of_error("timm/ese_vovnet39b", None)
    ('vovnet', 'vovnet')
    >>> kind_of_error("timm/rdnet_tiny", None), kind_of_error("peleenet", "peleenet")
    ('rdnet', 'peleenet')
    """
    kind = family or kind_of_network(f"timm/{name.partition('/')[2]}")
    return kind.removeprefix("ese_")


def kind_of_target(target: Target, device: Device) -> str:
    """The same of whatever is predicted; detectors are kinds of their own, by what was compared on such devices."""
    if not target.is_detector:
        return kind_of_error(target.name, target.family)
    is_compared = target.detector is not None and target.detector.kind in TWO_STAGES and not device.is_cpu
    return TWO_STAGE if is_compared else DETECTORS


def known_errors(validation: Validation) -> dict[str, dict[str, Any]]:
    """What `predict.calibrated` says of predictions: by kind of network, device, layout and execution."""
    groups: dict[str, list[Trial]] = {}
    for trial in validation.trials:
        run = trial.run
        place = OTHER_DEVICES if trial.left_out == "device" else run.device
        key = f"{kind_of_error(run.network, None)}, {place}, {run.layout}, {run.execution}"
        groups.setdefault(key, []).append(trial)
    return {key: _known_error(groups[key]) for key in sorted(groups) if len(groups[key]) >= MIN_FIGURES}


def _known_error(trials: Sequence[Trial]) -> dict[str, Any]:
    row = error_row(trials)
    return {
        "median": round(row["median_error"], 4),
        "worst": round(row["worst_error"], 4),
        "left_out": trials[0].left_out,
        "figures": row["figures"],
        "spread": round(root_mean_square(log(1 + trial.error) for trial in trials), 4),
        "devices": len({trial.run.device for trial in trials}),
    }


def kind_spreads(validation: Validation) -> dict[str, float]:
    """How far kinds of networks scatter on a device, by its name, layout and execution; each kind counts once."""
    groups: dict[str, dict[str, list[float]]] = {}
    for trial in validation.trials:
        if trial.left_out != "device":
            run = trial.run
            kinds = groups.setdefault(f"{run.device}, {run.layout}, {run.execution}", {})
            kinds.setdefault(kind_of_error(run.network, None), []).append(log(1 + trial.error))
    return {
        key: round(root_mean_square(map(root_mean_square, kinds.values())), 4) for key, kinds in sorted(groups.items())
    }


DEVICE = "TITAN X (Pascal)"
_TRACED = {"ResNet-50": "timm/resnet50", "ResNet-101": "timm/resnet101"}


def small_batch_trials() -> list[Trial]:
    """Each published latency with the prediction for batch 1."""
    frame = published("latency", device=DEVICE, metric="seconds")
    rows: list[dict[Any, Any]] = frame[frame["scope"] == "classifier inference"].to_dict("records")
    runs = [
        TimedRun(row["arch"] or _TRACED[row["network"]], DEVICE, 224, 1, "nchw", "eager", row["value"], "float32")
        for row in rows
    ]
    known = shipped_calibration()
    return [tried("small batch", run, known) for run in runs]


def fitting_launch_seconds() -> float:
    """The host's time a kernel at which the published latencies would come out, by the median network."""
    return median(trial.run.seconds / len(trial.run.program().layer_index) for trial in small_batch_trials())
