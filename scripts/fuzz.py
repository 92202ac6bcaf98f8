"""Give the API, the command line and all that reads files hostile inputs: `python -m scripts.fuzz MINUTES [SEED]`.

Whatever is no sentence of ours, hangs, or lets memory grow is shown, and makes the status 1. An input has a number;
`python -m scripts.fuzz --again SEED NUMBER` does it alone, with its traceback. `python -m scripts.fuzz --ceiling COUNT`
summarises legal designs that are huge or unfit, and prints what the worst took.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from pathlib import Path
from time import time

from archs.described import MAX_EXPORTED
from tests.support.fuzz.calls import draw
from tests.support.fuzz.ceiling import MAX_WORK, works
from tests.support.fuzz.watch import fuzz


def again(seed: int, number: int) -> None:
    """One input, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        name, deed = draw(seed, number, Path(folder))
        print(name)
        try:
            print("taken:", str(deed())[:500])
        except Exception:
            traceback.print_exc()


def ceiling(count: int) -> None:
    """The work of designs, the longest first."""
    found = sorted(works(0, count), key=lambda work: -work.seconds)
    for work in found[:5]:
        said = "refused" if work.weight_bytes is None else f"{work.weight_bytes / 1e9:,.1f} GB of weights"
        print(f"{work.seconds:.2f} s of CPU, {work.layers:,} layers, {said}: {type(work.config).__name__}")
    most, above = max(work.layers for work in found), sum((work.weight_bytes or 0) > MAX_EXPORTED for work in found)
    print(f"{len(found):,} designs: at most {most:,} of {MAX_WORK:,} layers; {above:,} are too large to export.")


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--again"]:
        again(int(arguments[1]), int(arguments[2]))
        return 0
    if arguments[:1] == ["--ceiling"]:
        ceiling(int(arguments[1]))
        return 0
    minutes = float(arguments[0]) if arguments else 5.0
    seed = int(arguments[1]) if len(arguments) > 1 else int(time())
    found = fuzz(seed, 60 * minutes, echo=True)
    print(found.sentence())
    return 1 if found.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
