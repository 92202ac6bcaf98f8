"""Runs that are shipped, for whoever has trained nothing yet: trained by this code, without their weights."""

from __future__ import annotations

from pathlib import Path

from training.runs import Run

FOLDER = Path(__file__).parents[1] / "shipped" / "runs"


def shipped() -> list[Run]:
    """The runs, by name."""
    return [Run(path.parent) for path in sorted(FOLDER.glob("*/run.json"))]


def is_shipped(run: Run) -> bool:
    """Whether a run is one of them, which nobody resumes, renames or deletes."""
    return run.folder.parent == FOLDER
