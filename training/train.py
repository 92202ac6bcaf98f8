"""From a network's name to a training: what is asked for, fitted together and checked before anything begins."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from analysis.targets import resolve_target
from archs.config import NetworkConfig
from archs.design import Design
from archs.errors import ConfigError, DenseScopeError, require
from archs.planning import plan_layers
from training.data.registry import DataSet, get_data
from training.recipes import Recipe, get_recipe
from training.runs import Run, create_run, free_name


def train(
    network: Any,
    data: str | None = None,
    recipe: str | Recipe = "densenet-cifar",
    *,
    name: str | None = None,
    weights: str | None = None,
    report: Callable[[dict[str, Any]], object] = lambda row: None,
    cpu: bool = False,
    **overrides: Any,
) -> Run:
    """Train a network to the end of a recipe; the run, whose weights are a target: `run:NAME`.

    Args:
        network: a registered name, a config, a design or its file.
        data: a data set (`training.list_data()`); None for the one that the recipe was made for.
        recipe: a name (`training.list_recipes()`) or a recipe of one's own.
        name: of the run; None for one made of the network and the recipe.
        weights: to begin with, as `archs.create_model` takes them.
        report: called with every row of the log.
        cpu: not to use a GPU that is there.
        overrides: fields of the recipe to change.

    Raises:
        UnknownNameError, ConfigError, UnknownFieldError: something that is not there, or not allowed.
        TrainingError: it cannot begin, or failed.
    """
    return resume(prepare(network, data, recipe, name=name, weights=weights, **overrides), report, cpu=cpu)


def resume(run: Run, report: Callable[[dict[str, Any]], object] = lambda row: None, *, cpu: bool = False) -> Run:
    """Train a run to its end, from where it stands. Raises: TrainingError: as `train`."""
    require("accelerate", "Training")
    from training.loop import fit

    with run.taken():
        run.update(state="running", pid=os.getpid(), message="")
        try:
            fit(run, report, cpu=cpu)
        except KeyboardInterrupt:
            run.update(state="stopped")
            raise
        except DenseScopeError as error:
            run.update(state="failed", message=str(error))
            raise
        run.update(state="finished")
    return run


def prepare(
    network: Any,
    data: str | None = None,
    recipe: str | Recipe = "densenet-cifar",
    *,
    name: str | None = None,
    weights: str | None = None,
    **overrides: Any,
) -> Run:
    """A run that has not begun; as `train`."""
    asked = settle(network, data, recipe, weights=weights, **overrides)
    wished = name or free_name(f"{asked.design.name}-{recipe if isinstance(recipe, str) else asked.data}")
    return create_run(wished, asked.design, asked.data, asked.recipe, asked.weights_from)


@dataclass(frozen=True)
class Settings:
    """What a run is asked to train, on what, how: the parts of a `Run` of these names, without a folder."""

    design: Design
    data: str
    recipe: Recipe
    weights_from: str = ""


def settle(
    network: Any,
    data: str | None = None,
    recipe: str | Recipe = "densenet-cifar",
    *,
    weights: str | None = None,
    **overrides: Any,
) -> Settings:
    """What `prepare` makes a run of; as `train`."""
    how = get_recipe(recipe) if isinstance(recipe, str) else recipe
    how = how.varied(**overrides)
    images = get_data(data or how.data)
    target = resolve_target(network)
    if target.config is None:
        raise ConfigError("network", target.name, "one of the registry, a config or a design")
    config = fitted(target.config, images, how)
    return Settings(Design(target.name[:80], config), images.name, how, weights or "")


def fitted(config: NetworkConfig, data: DataSet, recipe: Recipe) -> NetworkConfig:
    """A config with the classes, channels and image size of a data set, and the dropout of a recipe.

    Raises: ConfigError: images of that size do not suit the network.
    """
    side = data.side(recipe)
    found = replace(
        config,
        num_classes=len(data.classes),
        in_channels=data.channels,
        image_size=side,
        drop_rate=recipe.drop_rate or config.drop_rate,
        memory_efficient=recipe.memory_efficient,
    )
    plan_layers(found, side)
    return found
