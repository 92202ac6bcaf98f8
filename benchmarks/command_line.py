"""Claim: a cold `python cli.py summary densenet121` takes less wall time than `python -c "import torch"`.

Run `python -m benchmarks.command_line`; both start a new interpreter, in turns.
"""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from benchmarks.timing import describe_machine, median_seconds, print_ratios

COMMANDS = {
    "import torch": ["-c", "import torch"],
    "summary, table": ["cli.py", "summary", "densenet121"],
    "summary, csv": ["cli.py", "summary", "densenet121", "--format", "csv"],
    "list": ["cli.py", "list"],
}


def run_python(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)


def main() -> None:
    print(describe_machine("torch"))
    contenders = {name: partial(run_python, arguments) for name, arguments in COMMANDS.items()}
    print_ratios("one cold process", median_seconds(contenders, turns=5), peer="import torch")


if __name__ == "__main__":
    main()
