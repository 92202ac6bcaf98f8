"""How many figures of random small modules are PyTorch's own: `python -m scripts.random_modules [N] [SEED]`.

Each figure that is wrong, be it by a number, by a traceback where a sentence is due, or by a module that is left other
than it was, is shown with a smallest module of which it is, and makes the status 1.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from time import perf_counter

from tests.support.random_modules import Program, program
from tests.support.truth import judge

OUTCOMES = ("equal", "refused", "wrong")


def survey(number: int = 2000, first_seed: int = 0) -> bool:
    """Print what comes of so many random modules; whether nothing is wrong."""
    outcomes: dict[str, Counter[str]] = defaultdict(Counter)
    refusals: dict[str, Counter[str]] = defaultdict(Counter)
    start = perf_counter()
    for seed in range(first_seed, first_seed + number):
        for figure, (outcome, said) in judge(program(seed)).items():
            outcomes[figure][outcome] += 1
            if outcome == "refused":
                refusals[kind_of(said)][figure] += 1
            elif outcome == "wrong":
                smallest = shrink(program(seed), figure)
                print(f"WRONG {figure}: {judge(smallest, [figure])[figure].said}\n{smallest}\n", flush=True)
    print(f"{number} modules from seed {first_seed}, {100 * (perf_counter() - start) / number:.1f} s a hundred\n")
    print(f"| figure | {' | '.join(OUTCOMES)} |\n| --- |{' --- |' * len(OUTCOMES)}")
    for figure, counts in outcomes.items():
        print(f"| {figure} | {' | '.join(str(counts[outcome]) for outcome in OUTCOMES)} |")
    for sentence, counts in sorted(refusals.items(), key=lambda found: -found[1].total()):
        print(f"- refused for {', '.join(f'{count} {figure}' for figure, count in counts.items())}: {sentence}")
    return not any(counts["wrong"] for counts in outcomes.values())


def shrink(drawn: Program, figure: str) -> Program:
    """A smallest program of which that figure is wrong in the same way."""
    said = judge(drawn, [figure])[figure].said
    for smaller in drawn.smaller():
        if smaller.runs() == drawn.runs():
            verdict = judge(smaller, [figure])[figure]
            if verdict.outcome == "wrong" and kind_of(verdict.said) == kind_of(said):
                return shrink(smaller, figure)
    return drawn


def kind_of(said: str) -> str:
    """What is said without that which differs from module to module.

    >>> kind_of("The memory of layer 'm3.relu' cannot be followed.")
    'The memory of layer … cannot be followed.'
    """
    return re.sub(r"(?<=layer )'[^']*'|\b[mt]\d+(\.\w+)*\b|(?<![\w.])\d[\d,]*", "…", said)


if __name__ == "__main__":
    sys.exit(not survey(*map(int, sys.argv[1:])))
