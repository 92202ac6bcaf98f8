"""What was learned here, as evidence beside what is published: the accuracies of finished runs. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.choice import Trained
from analysis.hardware.accuracy import COUNTED_COSTS
from analysis.summary import summarize
from archs.config import NetworkConfig
from archs.design import changes
from archs.errors import DenseScopeError
from archs.kept import RECORD, RUN, is_run, runs_folder, weights_of_run
from training.columns import described
from training.data.registry import get_data
from training.errors import TrainingError
from training.recipes import Recipe
from training.runs import LOG, Run, list_runs
from training.train import FITTED, for_images

Row = dict[str, Any]


class Finished(NamedTuple):
    """A run that has ended, and what came of it."""

    trained: Trained
    data: str
    recipe: Recipe

    def is_of(self, config: NetworkConfig) -> bool:
        """Whether a config, fitted to the run's images, is what the run has trained."""
        if config.family != self.trained.config.family or set(changes(config, self.trained.config)) - set(FITTED):
            return False
        return for_images(config, get_data(self.data), self.recipe) == self.trained.config


def finished_runs() -> list[Finished]:
    """The runs that have ended and can be read, the newest first. Files that have not changed are not read again."""
    found = []
    for name in list_runs():
        try:
            found.append(_finished(runs_folder() / name))
        except DenseScopeError:  # one that goes on, or that cannot be read, is no evidence
            continue
    return found


def finished_run(written: str) -> Finished:
    """The run "run:NAME". Raises: UnknownNameError, WeightsError: there is none; TrainingError: it has not ended."""
    return _finished(weights_of_run(written).parent)


def runs_of(name: str, config: NetworkConfig, found: Iterable[Finished]) -> list[Trained]:
    """What a network has learned: a run itself, else whatever run its config has."""
    if is_run(name):
        return [one.trained for one in found if f"{RUN}{one.trained.run}" == name]
    return [one.trained for one in found if one.is_of(config)]


def accuracy_rows(title: str) -> list[Row]:
    """As `analysis.hardware.accuracy.accuracy_rows`, of all that was trained here on a data set: networks are runs, and
    a group is what was trained alike.
    """
    return [_row(one.trained) for one in finished_runs() if one.trained.title == title]


@lru_cache(maxsize=1024)
def _row(one: Trained) -> Row:
    found = summarize(one.config)
    return {
        "name": f"{RUN}{one.run}",
        "family": one.config.family,
        "error": 100 * (1 - one.accuracy),
        "image_size": one.config.image_size,
        "group": one.how,
        "recipe": one.how,
        "evaluation": "all test images",
        "evidence": "trained",
        "source": one.told,
        "note": "",
        **{key: getattr(found, key) for key in COUNTED_COSTS},
    }


def _finished(folder: Path) -> Finished:
    return _read(folder, *(_stamp(folder / name) for name in (RECORD, LOG)))


def _stamp(path: Path) -> int:
    """When a file last changed, in nanoseconds; 0 where there is none."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=1024)
def _read(folder: Path, *stamps: int) -> Finished:
    run = Run(folder)
    accuracy = run.accuracy if run.record.get("state") == "finished" else None
    if accuracy is None and run.recipe.boxes:
        raise TrainingError(f"The run {run.name!r} is of a detector, which has an average precision and no accuracy.")
    if accuracy is None:
        raise TrainingError(f"The run {run.name!r} has not ended: its accuracy is not known yet.")
    title, recipe = get_data(run.data).title, described(run.recipe.varied(seed=0))
    config = run.design.config
    return Finished(Trained(run.name, config, title, recipe, run.recipe.epochs, accuracy), run.data, run.recipe)
