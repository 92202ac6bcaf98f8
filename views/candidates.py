"""What Compare sets beside the costs of networks: accuracies, speed and training memory, cached network by network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.choice import Candidate, Trained, like_with_like, published_accuracies
from analysis.facts import get_device
from analysis.hardware.speeds import Speed, known_speed, usual_conditions
from analysis.targets import is_library_name
from archs.errors import DenseScopeError
from archs.layer import Pair
from training.accuracy import finished_runs, runs_of
from views.answers import by_content
from views.cached import training_memory
from views.sidebar import InputSettings
from views.workbench import config_of, target_of

if TYPE_CHECKING:
    import pandas as pd


def candidates(
    sizes: Mapping[str, Pair], device: str, execution: str, recipe: str, trained: Mapping[str, Trained]
) -> dict[str, Candidate]:
    """What is known of networks at their image sizes, by name."""
    accuracies = published_accuracies(sizes, recipe)
    return {
        name: Candidate(name, accuracies.get(name), _speed(name, device, execution, size), trained.get(name))
        for name, size in sizes.items()
    }


def trained_here(names: Sequence[str]) -> dict[str, dict[str, Trained]]:
    """What networks have learned here, like with like, by the title of the data set and their names."""
    found = finished_runs()
    learned: dict[str, dict[str, list[Trained]]] = {}
    for name in names if found else ():
        if is_library_name(name):
            continue
        try:
            runs = runs_of(name, config_of(name), found)
        except DenseScopeError:  # the page says so where it counts the network
            continue
        for one in runs:
            learned.setdefault(one.title, {}).setdefault(name, []).append(one)
    return {title: like_with_like(by_name) for title, by_name in learned.items()}


@by_content(1024)
def _speed(name: str, device: str, execution: str, image_size: Pair) -> Speed | None:
    """In large batches of float16, as speeds are published, or what the device takes instead."""
    try:
        found = get_device(device)
        return known_speed(target_of(name), found, execution, usual_conditions(found, image_size))
    except DenseScopeError:
        return None


def with_facts(frame: pd.DataFrame, known: Mapping[str, Candidate]) -> pd.DataFrame:
    """The rows of a comparison with what is known of each network and where from."""
    ordered = [known[name] for name in frame["name"]]
    keys = ["top1", "images_per_s", "seconds_per_image"]
    more: dict[str, list[str]] = {}
    if any(one.trained for one in known.values()):
        keys.append("accuracy_here")
        more["trained_how"] = [one.trained.told if one.trained else "" for one in ordered]
    facts = {key: [one.fact(key) for one in ordered] for key in keys}
    values = {key: [fact and fact.value for fact in column] for key, column in facts.items()}
    return frame.assign(
        **{key: _numbers(column) for key, column in values.items()},
        **more,
        group=[one.accuracy.group if one.accuracy else "" for one in ordered],
        speed_evidence=[one.speed.evidence if one.speed else "" for one in ordered],
    )


def with_training_memory(frame: pd.DataFrame, settings: InputSettings) -> pd.DataFrame:
    """The rows of a comparison with what an image adds to a training step; of a library's network it takes seconds."""
    return frame.assign(training_bytes_per_image=_numbers([_growth(name, settings) for name in frame["name"]]))


@by_content(1024)
def _growth(name: str, settings: InputSettings) -> float | None:
    """None where it cannot be counted."""
    try:
        found = training_memory(name, settings)
    except DenseScopeError:
        return None
    return found.footprint().lines[0][1] / settings.batch_size


def _numbers(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]
