"""What each rule of `analysis/hardware/predict` is worth: the errors on what was left out, without it.

Run `python -m scripts.rules`, with `--write` it puts the tables in place in docs/prediction.md. It takes a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Any
from unittest.mock import patch

from analysis.facts import get_device, list_devices, published
from analysis.hardware.predict import kernels, model, sustained, timed_runs
from analysis.hardware.predict.calibration import Calibration, calibrate, predicted_times
from analysis.hardware.predict.spreads import LARGE_BATCH, Trial, group_of
from analysis.hardware.predict.timed_runs import load_runs, run_of, sheet_of
from analysis.hardware.predict.validation import calibrated_without, family_runs, left_out_devices, tried
from analysis.statistics import median
from scripts.documents import PREDICTION, markdown_table, renewed

NEVER = 1e30
#: What is changed to do without a rule, or to put another in its place.
WITHOUT: dict[str, list[tuple[Any, str, Any]]] = {
    "all rules": [],
    "no limit to what feeds matrix units": [(sustained, "FED_FLOP", NEVER)],
    "a hard limit of 640 FLOP": [(sustained, "FED_FLOP", 640.0), (sustained, "FED_EXPONENT", 1.0)],
    "no crowding of multiprocessors": [(model, "CROWDED_EXPONENT", 0.0)],
    "a hard limit a multiprocessor": [(model, "CROWDED_EXPONENT", 1.0)],
    "power lowers no clock": [(sustained, "CYCLE_JOULES", 1e-30), (sustained, "NEWER_CYCLE_JOULES", 1e-30)],
    "1.4 nJ for older processes too": [(sustained, "CYCLE_JOULES", 1.4e-9)],
    "the compiler always takes NHWC": [(kernels, "GROUPED_TIME", 0.5)],
    "odd groups on matrix units": [(kernels, "is_uneven", lambda layer: False)],
    "no float32 maps by parameters": [(kernels, "float32_maps", lambda layers: frozenset())],
}


def measured_without(changes: Sequence[tuple[Any, str, Any]]) -> tuple[str, ...]:
    """The errors of left-out devices and kinds of networks, and how training steps compare, with something changed."""
    with ExitStack() as stack:
        for place, name, value in changes:
            stack.enter_context(patch.object(place, name, value))
        _forget()
        calibration = calibrate(family_runs())
        devices = left_out_devices(calibration)
        near = [trial for trial in devices if trial.run in set(load_runs()) and trial.run.in_family]
        others = [tried("family", run, calibration) for run in load_runs() if not run.in_family]
        steps = training_steps(calibration)
    _forget()
    cells = [_median(trial for trial in near if trial.run.execution == each) for each in ("eager", "compiled")]
    cells += [_nine_in_ten(trial for trial in others if trial.run.execution == each) for each in ("eager", "compiled")]
    for name in ("A100 SXM 80GB", "V100 SXM2 16GB"):
        cells.append(_median(trial for trial in devices if trial.run.device == name and trial.regime == "large"))
    cells += [_times(steps, name) for name in ("A100 SXM 80GB", "H100 SXM", "RTX 6000 Ada", "A10")]
    return tuple(cells)


def _forget() -> None:
    for found in (timed_runs._program, calibrated_without):
        found.cache_clear()


def _median(trials: Iterable[Trial]) -> str:
    return f"{100 * median(abs(trial.error) for trial in trials):.1f} %"


def _nine_in_ten(trials: Iterable[Trial]) -> str:
    errors = sorted(abs(trial.error) for trial in trials)
    return f"{100 * errors[len(errors) * 9 // 10]:.1f} %"


def training_steps(calibration: Calibration) -> dict[tuple[str, str], float]:
    """Of each device and precision, three times the predicted forward time of ResNet-50 over a published step's.

    Beside the same of the RTX 3090 and 4090: 1 where a device is as much slower or faster as the rules say.
    """
    rows: list[dict[Any, Any]] = published("training", arch="timm/resnet50").to_dict("records")
    found: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        known = sheet_of(row["device"]) in list_devices() and (row["batch_size"] or 0) >= LARGE_BATCH
        if known and row["precision"] in ("amp float16", "tf32") and "NGC" in row["software"]:
            run = run_of(row)
            times = predicted_times(run, get_device(run.device), calibration.factors(run.device))
            found.setdefault((run.device, run.precision), []).append(3 * times.total / run.seconds)
    middles = {key: median(values) for key, values in found.items()}
    scale = {each: median(middles[name, each] for name in NEAR) for each in ("float16", "tf32")}
    return {key: value / scale[key[1]] for key, value in middles.items() if key[1] in scale}


NEAR = ("RTX 3090", "RTX 4090")


def _times(steps: dict[tuple[str, str], float], device: str) -> str:
    return f"{steps[device, 'float16']:.2f}, {steps[device, 'tf32']:.2f}"


def rules() -> str:
    """The table of all changes."""
    headers = (
        *("With", "GeForce left out, eager", "compiled", "Other kinds, nine in ten, eager", "compiled"),
        *("A100, batch ≥ 64", "V100", "Steps: A100", "H100", "RTX 6000 Ada", "A10"),
    )
    rows = [(name, *measured_without(changes)) for name, changes in WITHOUT.items()]
    return markdown_table(headers, rows, numeric=range(1, len(headers)))


def steps() -> str:
    """Training steps of ResNet-50 on every device, beside what three forward passes would take."""
    found = training_steps(calibrate(family_runs()))
    devices = sorted({device for device, _ in found}, key=lambda name: (group_of(get_device(name)), name))
    rows = [
        (name, *(f"{found[name, each]:.2f}" if (name, each) in found else "" for each in ("float16", "tf32")))
        for name in devices
    ]
    return markdown_table(("Device", "amp float16", "tf32"), rows, numeric=(1, 2))


def main(arguments: Sequence[str]) -> None:
    parts = {"rules": rules(), "steps": steps()}
    if "--write" in arguments:
        PREDICTION.write_text(renewed(PREDICTION, parts), encoding="utf-8")
    else:
        print(*parts.values(), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
