"""Fit the prediction model to the published table, validate it, and ship both: analysis/data/calibration.json.

Run `python -m scripts.calibrate`; with `--traces`, also trace again the networks that only timm has (needs torch and
timm). The result depends on the table alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence

from analysis.facts import published
from analysis.hardware.predict.calibrated import CALIBRATION
from analysis.hardware.predict.calibration import Calibration, calibrate
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


def main(arguments: Sequence[str]) -> None:
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
    CALIBRATION.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
