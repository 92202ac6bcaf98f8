"""What Compare sets beside the costs of networks: accuracy, speed and training memory, cached network by network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from analysis.choice import Candidate, published_accuracies
from analysis.facts import get_device
from analysis.hardware.speeds import Conditions, Speed, known_speed
from archs.errors import DenseScopeError
from archs.layer import Pair
from views.cached import by_content, training_memory
from views.sidebar import InputSettings
from views.workbench import target_of

if TYPE_CHECKING:
    import pandas as pd


def candidates(sizes: Mapping[str, Pair], device: str, execution: str, recipe: str) -> dict[str, Candidate]:
    """What is known of networks at their image sizes, by name."""
    accuracies = published_accuracies(sizes, recipe)
    return {
        name: Candidate(name, accuracies.get(name), _speed(name, device, execution, size))
        for name, size in sizes.items()
    }


@by_content(1024)
def _speed(name: str, device: str, execution: str, image_size: Pair) -> Speed | None:
    """In large batches of float16, as speeds are published."""
    try:
        return known_speed(target_of(name), get_device(device), execution, Conditions(image_size=image_size))
    except DenseScopeError:
        return None


def with_facts(frame: pd.DataFrame, known: Mapping[str, Candidate]) -> pd.DataFrame:
    """The rows of a comparison with what is known of each network and where from."""
    ordered = [known[name] for name in frame["name"]]
    facts = {key: [one.fact(key) for one in ordered] for key in ("top1", "images_per_s", "seconds_per_image")}
    values = {key: [fact and fact.value for fact in column] for key, column in facts.items()}
    return frame.assign(
        **{key: _numbers(column) for key, column in values.items()},
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
