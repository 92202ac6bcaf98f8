"""The tables of docs/prediction.md: factors, errors, the worst figures, small batches.

`python -m scripts.prediction_tables` prints them, with `--write` it puts them in place.
"""

from __future__ import annotations

import sys
from pathlib import Path

from analysis.hardware.predict.calibrated import shipped_calibration
from analysis.hardware.predict.validation import (
    Validation,
    fitting_launch_seconds,
    small_batch_trials,
    validate_predictions,
)
from scripts.markdown import markdown_table, with_parts

DOCUMENT = Path(__file__).parent.parent / "docs" / "prediction.md"
WORST = 8


def factors() -> str:
    """Each factor, shared and by device."""
    known = shipped_calibration()
    rows = []
    for name, value in known.shared._asdict().items():
        own = [getattr(known.factors(device), name) for device in known.deviations]
        rows.append((f"`{name}`", f"{value:.3f}", *[f"{each:.3f}" if each != value else "" for each in own]))
    headers = ("Factor", "Shared", *known.deviations)
    return markdown_table(headers, rows, numeric=tuple(range(1, len(headers))))


def errors(validation: Validation) -> str:
    """The errors by what was left out."""
    rows = [
        (
            row["left_out"],
            row["execution"],
            row["of"],
            str(row["figures"]),
            f"{100 * row['median_error']:.1f} %",
            f"{100 * row['worst_error']:.1f} %",
            f"{100 * row['bias']:+.1f} %",
            "" if row["rank_correlation"] is None else f"{row['rank_correlation']:.3f}",
        )
        for row in validation.rows()
    ]
    headers = ("Left out", "Execution", "Of", "Figures", "Median error", "Worst", "Bias", "Rank correlation")
    return markdown_table(headers, rows, numeric=(3, 4, 5, 6, 7))


def worst(validation: Validation) -> str:
    """The figures that are missed by most."""
    rows = []
    for left_out in ("networks", "device", "family"):
        trials = sorted(validation.select(left_out), key=lambda trial: -abs(trial.error))[:WORST]
        rows += [
            (
                left_out,
                trial.run.network,
                str(trial.run.image_size),
                f"{trial.run.device}, {trial.run.layout}, {trial.run.execution}",
                f"{100 * trial.error:+.1f} %",
            )
            for trial in trials
        ]
    return markdown_table(("Left out", "Network", "Image", "On", "Error"), rows, numeric=(2, 4))


def small_batches() -> str:
    """The latencies of VoVNet's README beside the predictions for one image."""
    rows = [
        (trial.run.network, f"{1000 * trial.run.seconds:.0f} ms", f"{1000 * trial.seconds:.1f} ms")
        for trial in small_batch_trials()
    ]
    fitting = f"\nThe published times would fit {1e6 * fitting_launch_seconds():.0f} µs a kernel.\n"
    return markdown_table(("Network", "Published", "Predicted, batch 1"), rows, numeric=(1, 2)) + fitting


def with_tables(text: str, validation: Validation) -> str:
    """The document with each table between its two comment lines made anew."""
    tables = {
        "factors": factors(),
        "errors": errors(validation),
        "worst": worst(validation),
        "small batches": small_batches(),
    }
    return with_parts(text, tables)


if __name__ == "__main__":
    validated = validate_predictions()
    if sys.argv[1:] == ["--write"]:
        DOCUMENT.write_text(with_tables(DOCUMENT.read_text(encoding="utf-8"), validated), encoding="utf-8")
    else:
        print(factors(), errors(validated), worst(validated), small_batches(), sep="\n")
