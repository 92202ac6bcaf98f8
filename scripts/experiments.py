"""The small versions of experiments, for docs/training.md: trained here, beside what papers publish.

`python -m scripts.experiments` prints them, with `--write` it puts them in place. What the user's runs hold already is
not trained again, so an interrupted script goes on where it was.
"""

from __future__ import annotations

import sys
from pathlib import Path

from analysis.summary import summarize
from analysis.units import format_si
from commands.experiment import conditions
from scripts.documents import markdown_table, renewed
from training.columns import percent
from training.experiments import Experiment, Outcome, finding, get_experiment, list_experiments, outcomes
from training.runs import Run
from training.train import Settings, begin, resume

DOCUMENT = Path(__file__).parent.parent / "docs" / "training.md"


def part(experiment: Experiment) -> str:
    """What came out, in a table and in sentences."""
    recipe = experiment.recipe_at(small=True)
    found = list(outcomes(experiment, trained, recipe, small=True, seeds=experiment.small_seeds))
    headers = (
        "In the paper",
        "Trained here",
        "MACs",
        "Trained error",
        "Seeds apart",
        "Published error",
        "Published by",
    )
    table = markdown_table(headers, list(map(_cells, found)), numeric=range(2, 6))
    return f"{table}\n{finding(found)} {conditions(experiment, found, recipe)}\n"


def trained(name: str, asked: Settings) -> Run:
    """The finished run of that name."""
    return resume(begin(asked, name, name))


def _cells(found: Outcome) -> tuple[str, ...]:
    config = found.settings.design.config
    narrow = ", ".join(f"{field}={value}" for field, value in found.contender.narrow.items())
    return (
        found.contender.title,
        f"`{found.contender.network}` with {narrow}",
        format_si(summarize(config).macs),
        percent(found.error),
        percent(found.spread),
        percent(found.published_error / 100),
        found.source,
    )


def main(arguments: list[str]) -> None:
    parts = {name: part(get_experiment(name)) for name in list_experiments()}
    print(*parts.values(), sep="\n")
    if "--write" in arguments:
        DOCUMENT.write_text(renewed(DOCUMENT, parts), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
