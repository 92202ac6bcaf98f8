"""Fit what training adds to the prediction model to the published table, validate it, and ship both.

Run `python -m scripts.calibrate_steps`, after `scripts.calibrate`; it takes two minutes. The result depends on the
tables alone.
"""

from __future__ import annotations

import json

from analysis.hardware.predict.spreads import spreads_of
from analysis.hardware.predict.step_calibrated import STEP_CALIBRATION
from analysis.hardware.predict.step_fit import calibrate_steps
from analysis.hardware.predict.step_validation import error_rows, known_errors, left_out_devices, left_out_networks
from analysis.hardware.predict.trained_runs import published_steps
from scripts.calibrate import DIGITS, rounded_spreads


def main() -> None:
    runs = published_steps()
    known = calibrate_steps(runs)
    networks, devices = left_out_networks(runs, known), left_out_devices(runs, known)
    rows = [{key: _rounded(value) for key, value in row.items()} for row in error_rows(networks, devices)]
    content = {
        "factors": {name: _rounded(value) for name, value in known.factors._asdict().items()},
        "devices": {name: _rounded(value) for name, value in known.devices.items()},
        "hosts": {name: float(f"{value:.3g}") for name, value in known.hosts.items()},
        "errors": known_errors(networks),
        "spreads": rounded_spreads(spreads_of(devices)),
        "rows": rows,
    }
    for row in rows:
        print(row)
    STEP_CALIBRATION.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _rounded(value: object) -> object:
    return round(value, DIGITS) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
