"""Where a killed run goes on: checkpoints that are written aside and take the place of the last in one step."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

SAVING, LAST, PREVIOUS = "saving", "last", "previous"


class Checkpoints:
    """The checkpoints of a run: the last, and the one before it while the last is being replaced."""

    def __init__(self, accelerator: Any, folder: Path) -> None:
        self.accelerator, self.folder = accelerator, folder

    def save(self) -> None:
        """Write the state of all that is prepared and registered; every process calls it."""
        self.accelerator.save_state(str(self.folder / SAVING), safe_serialization=True)
        self.accelerator.wait_for_everyone()
        if self.accelerator.is_main_process:
            shutil.rmtree(self.folder / PREVIOUS, ignore_errors=True)
            if (self.folder / LAST).exists():
                (self.folder / LAST).rename(self.folder / PREVIOUS)
            (self.folder / SAVING).rename(self.folder / LAST)
        self.accelerator.wait_for_everyone()

    def restore(self) -> bool:
        """Load the last checkpoint, else the one before; whether there was one."""
        for name in (LAST, PREVIOUS):
            if (self.folder / name).exists():
                self.accelerator.load_state(str(self.folder / name))
                return True
        return False
