"""The shipped calibration, and how far its predictions were off: what `scripts/calibrate.py` wrote."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.prediction.model import Factors
from analysis.prediction.timed_runs import MIN_BATCH_SIZE
from analysis.published import DATA

if TYPE_CHECKING:
    from analysis.prediction.calibration import Calibration

CALIBRATION = DATA / "calibration.json"
#: At another precision no published figure says how far predictions are off.
PRECISION = "fp16"


class KnownError(NamedTuple):
    """Absolute relative errors of predictions of the same sort, for networks of the family."""

    median: float
    worst: float
    #: "networks": others of the device were known; "device": nothing of the device was known.
    left_out: str
    #: How many published figures this comes from.
    figures: int


@cache
def _content() -> dict[str, Any]:
    return json.loads(CALIBRATION.read_text(encoding="utf-8"))


@cache
def shipped_calibration() -> Calibration:
    """The factors that the published figures give."""
    from analysis.prediction.calibration import Calibration

    return Calibration(Factors(**_content()["shared"]), _content()["devices"])


@cache
def factors_for(device: str) -> Factors:
    """The factors of a device by name; the shared ones for a device without a calibration."""
    return shipped_calibration().factors(device)


def known_error(device: str, batch_size: int, precision: str, layout: str, execution: str) -> KnownError | None:
    """How far off predictions of this sort were; None where no published figure tells."""
    if batch_size < MIN_BATCH_SIZE or precision != PRECISION:
        return None
    errors = _content()["errors"]
    layout = layout if execution == "eager" else "nchw"
    found = errors["networks"].get(f"{device}, {layout}, {execution}") or (
        errors["device"].get(f"{layout}, {execution}") if device not in _content()["devices"] else None
    )
    return KnownError(**found) if found else None
