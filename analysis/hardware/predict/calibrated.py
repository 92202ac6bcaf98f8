"""The shipped calibration, and how far its predictions were off: what `scripts/calibrate.py` wrote."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.hardware.predict.model import Factors
from analysis.hardware.predict.timed_runs import MIN_BATCH_SIZE
from analysis.hardware.published import DATA

if TYPE_CHECKING:
    from analysis.hardware.predict.calibration import Calibration


CALIBRATION = DATA / "calibration.json"
#: At another precision no published figure says how far predictions are off.
PRECISION = "fp16"
#: Stands for every device that the calibration doesn't know.
OTHER_DEVICES = "other devices"


class KnownError(NamedTuple):
    """Absolute relative errors of predictions of the same sort, for networks of the same kind."""

    median: float
    worst: float
    #: What was not known: "networks", "device", or "family" (the kind of network); "own runs": each of the user's.
    left_out: str
    #: How many published figures this comes from.
    figures: int


@cache
def _content() -> dict[str, Any]:
    return json.loads(CALIBRATION.read_text(encoding="utf-8"))


@cache
def shipped_calibration() -> Calibration:
    """The factors that the published figures give."""
    from analysis.hardware.predict.calibration import Calibration

    return Calibration(Factors(**_content()["shared"]), _content()["devices"])


@cache
def factors_for(device: str) -> Factors:
    """The factors of a device by name; the shared ones for a device without a calibration."""
    return shipped_calibration().factors(device)


def is_calibrated(device: str) -> bool:
    """Whether published figures of the device are part of the calibration."""
    return device in _content()["devices"]


def known_error(
    kind: str | None, device: str, batch_size: int, precision: str, layout: str, execution: str
) -> KnownError | None:
    """How far off predictions of this sort were; None where no published figure tells.

    Args:
        kind: of network, by `analysis.hardware.predict.validation.kind_of_error`.
        device: its name.
        batch_size: images at once.
        precision: of the arithmetic.
        layout: "nchw" or "nhwc".
        execution: "eager" or "compiled".
    """
    if batch_size < MIN_BATCH_SIZE or precision != PRECISION:
        return None
    layout = layout if execution == "eager" else "nchw"
    place = device if is_calibrated(device) else OTHER_DEVICES
    found = _content()["errors"].get(f"{kind}, {place}, {layout}, {execution}")
    return KnownError(**found) if found else None
