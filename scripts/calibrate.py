"""Fit the prediction model to the published table, validate it, and ship both: analysis/data/calibration.json.

Run `python -m scripts.calibrate`; with `--traces`, also trace again the networks that only timm has (needs torch and
timm); with `--cpus`, fit that of CPUs instead: analysis/data/cpu_calibration.json. The results depend on the tables
alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.facts import published
from analysis.hardware.predict.calibrated import CALIBRATION
from analysis.hardware.predict.calibration import Calibration, calibrate
from analysis.hardware.predict.cpu_validation import (
    calibrate_by_runs,
    calibrating_runs,
    content_of,
    cpu_rows,
    validate_cpus,
)
from analysis.hardware.predict.cpus import CPU_CALIBRATION
from analysis.hardware.predict.model import DEVICE_FACTORS
from analysis.hardware.predict.spreads import Spreads, spreads_of
from analysis.hardware.predict.timed_runs import is_planned, write_traces
from analysis.hardware.predict.validation import (
    family_runs,
    kind_spreads,
    known_errors,
    left_out_devices,
    validate_predictions,
)
from archs.errors import UnknownArchError
from archs.layer import Layer

DIGITS = 4


def trace_networks() -> Iterator[tuple[str, int, Sequence[Layer]]]:
    """The layers of every published network that the registry does not have, but timm or torchvision has."""
    from analysis.targets import is_library_name, resolve_target

    tables = [published(table) for table in ("throughput", "training")]
    wanted = {key for table in tables for key in zip(table["network"], table["image_size"].astype(int), strict=True)}
    for network, size in sorted(wanted):
        if not is_planned(network) and is_library_name(network):
            try:
                target = resolve_target(network)
            except UnknownArchError as error:
                print(f"{network} is left out: {error}")
                continue
            yield network, size, target.layers((size, size), 1, "trace")


def rounded(calibration: Calibration) -> dict[str, object]:
    """The factors with the digits that mean something."""
    return {
        "shared": {name: round(value, DIGITS) for name, value in calibration.shared._asdict().items()},
        "devices": {
            device: {name: round(value, DIGITS) for name, value in own.items()}
            for device, own in calibration.deviations.items()
        },
    }


def rounded_spreads(spreads: Spreads) -> dict[str, object]:
    """The spreads with the digits that mean something."""
    return {
        "devices": {key: [round(found.value, DIGITS), found.devices] for key, found in spreads.devices.items()},
        "networks": {key: round(value, DIGITS) for key, value in spreads.networks.items()},
    }


def calibrate_cpus() -> None:
    """The same of CPUs."""
    found, trials = calibrate_by_runs(calibrating_runs()), validate_cpus()
    for row in cpu_rows(trials):
        print(f"{row['left_out']:<9}{row['of']:<46}{row['median_error']:7.1%}{row['bias']:+7.1%}{row['coverage']:7.0%}")
    _write(CPU_CALIBRATION, content_of(found, trials))


def _write(place: Path, content: dict[str, object]) -> None:
    place.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    if "--cpus" in arguments:
        return calibrate_cpus()
    if "--traces" in arguments:
        write_traces(list(trace_networks()))
    calibration = calibrate(family_runs())
    content = rounded(calibration)
    for name, value in calibration.shared._asdict().items():
        own = [
            f"{device} ×{ratios[name]:.2f}"
            for device, ratios in calibration.deviations.items()
            if name in DEVICE_FACTORS
        ]
        print(f"{name:<22}{value:6.3f}   {'   '.join(own)}")
    validation = validate_predictions(calibration)
    print(validation.to_frame().to_string(index=False))
    content["errors"] = known_errors(validation)
    content["kinds"] = kind_spreads(validation)
    content["spreads"] = rounded_spreads(spreads_of(left_out_devices(calibration)))
    _write(CALIBRATION, content)


if __name__ == "__main__":
    main(sys.argv[1:])
