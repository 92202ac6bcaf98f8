"""Which timm networks DenseScope can count, and why not the others: `python -m scripts.survey_timm [PATTERN]`.

Without a pattern, one network of each of timm's model files; `'*'` takes all of them, which needs an hour.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from fnmatch import fnmatch

import timm

import analysis
from analysis.targets import list_library
from archs import DenseScopeError


def pick(pattern: str | None) -> list[str]:
    """The targets that match, or the first of each model file."""
    names = list_library("timm")
    if pattern is not None:
        return [name for name in names if fnmatch(name.removeprefix("timm/"), pattern)]
    first_of_file: dict[str, str] = {}
    for name in names:
        first_of_file.setdefault(timm.model_entrypoint(name.removeprefix("timm/")).__module__, name)
    return list(first_of_file.values())


def survey(targets: Iterable[str]) -> None:
    """Print how many can be counted, and each reason why others cannot, with their names."""
    counted, refused = 0, defaultdict(list)
    for target in targets:
        try:
            analysis.summarize(target, image_size=None)
            counted += 1
        except DenseScopeError as error:
            refused[str(error)].append(target)
    print(f"{counted} counted, {sum(map(len, refused.values()))} not, timm {timm.__version__}")
    for reason, names in refused.items():
        print(f"- {', '.join(names)}: {reason}")


if __name__ == "__main__":
    survey(pick(sys.argv[1] if len(sys.argv) > 1 else None))
