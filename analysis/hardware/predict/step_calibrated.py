"""What published training figures gave, as `scripts/calibrate_steps.py` wrote it: factors, errors and spreads."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from analysis.facts import DATA, Device
from analysis.hardware.predict.calibrated import CalibratedDevice, KnownError
from analysis.hardware.predict.intervals import Scatter, of_few
from analysis.hardware.predict.spreads import Spread, Spreads, group_of, regime
from analysis.hardware.predict.step_model import StepFactors
from analysis.hardware.predict.trained_runs import at_precision, step_key

STEP_CALIBRATION = DATA / "step_calibration.json"


@cache
def _content() -> dict[str, Any]:
    return json.loads(STEP_CALIBRATION.read_text(encoding="utf-8"))


@cache
def step_factors() -> StepFactors:
    """The factors of training."""
    return StepFactors(**_content()["factors"])


def device_slowdown(device: Device, precision: str) -> float:
    """Time of steps on a device over what the rules give, where figures of its training are published; else 1."""
    if isinstance(device, CalibratedDevice):
        return 1.0
    return float(_content()["devices"].get(at_precision(device.name, precision), 1.0))


def error_rows() -> list[dict[str, Any]]:
    """How far off predictions of published steps are, by what was left out."""
    return list(_content()["rows"])


def known_step_error(device: Device, batch_size: int, precision: str, layout: str) -> KnownError | None:
    """How far off predictions of steps on this device were, each without its network; None where too few tell."""
    key = step_key(device.name, precision, layout, batch_size)
    found = None if isinstance(device, CalibratedDevice) else _content()["errors"].get(key)
    return KnownError(**found) if found else None


def step_scatter(device: Device, batch_size: int, precision: str, layout: str) -> Scatter:
    """What an interval about a predicted step is made of; by the same rule as at inference."""
    if known := known_step_error(device, batch_size, precision, layout):
        return Scatter(
            of_few(known.spread, known.figures), None, f"{known.figures} published training figures of this device"
        )
    spreads, which = _spreads(), regime(batch_size)
    spread, place = spreads.of_device(group_of(device), which)
    return Scatter(spreads.networks[which], spread, "training steps of networks", place)


@cache
def _spreads() -> Spreads:
    content = _content()["spreads"]
    return Spreads({key: Spread(*value) for key, value in content["devices"].items()}, content["networks"])
