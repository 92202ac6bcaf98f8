"""Where what a user keeps lies: measurements and runs, in the user's data folder or in that of DENSESCOPE_DATA."""

from __future__ import annotations

import os
from pathlib import Path

from archs.errors import require

FOLDER_VARIABLE = "DENSESCOPE_DATA"


def users_folder() -> Path:
    """The folder; nobody has made it yet where nothing was kept."""
    if folder := os.environ.get(FOLDER_VARIABLE):
        return Path(folder)
    return Path(require("platformdirs", "Keeping results").user_data_path("densescope", appauthor=False))


def runs_folder() -> Path:
    """Where training runs lie, a folder each (`training.runs`)."""
    return users_folder() / "runs"
