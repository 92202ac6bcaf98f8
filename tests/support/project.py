"""Where the project is, and a Python of its own for what must start afresh."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: What takes seconds to import, or may not be installed.
HEAVY = {"torch", "torchvision", "timm", "torchinfo", "thop", "accelerate"}

#: Makes the heavy packages look as if they were not installed.
BLOCK_HEAVY = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Blocker())
"""


def run_python(code: str) -> str:
    """What a Python of its own writes to its standard error; it must end well."""
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stderr


def run_each(programs: Mapping[str, str], before: str = "", after: str = "") -> None:
    """Run programs one after the other in one Python, with something before the first and something after each."""
    run_python(f"""
{before}
for name, program in {dict(programs)!r}.items():
    try:
        exec(program + {after!r}, {{}})
    except BaseException as error:
        raise AssertionError(name) from error
""")
