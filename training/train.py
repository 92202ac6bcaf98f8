"""From a network's name to a training: what is asked for, fitted together and checked before anything begins."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from analysis.targets import resolve_target
from archs.called import as_its_module
from archs.config import NetworkConfig
from archs.design import Design
from archs.errors import ConfigError, require
from archs.planning import plan_layers
from detectors import BackboneConfig, DetectorConfig, plan_detector
from detectors.config import MaskRCNNConfig
from detectors.design import DetectorDesign
from training.data.registry import DataSet, get_data, list_data
from training.engine import processes
from training.engine.failures import explained
from training.engine.finetune import check_freeze
from training.errors import TrainingError
from training.recipes import Recipe, get_recipe
from training.runs import Run, find_or_create_run, free_name
from training.runs.log import Row


@as_its_module
def train(
    network: Any,
    data: str | None = None,
    recipe: str | Recipe = "densenet-cifar",
    *,
    name: str | None = None,
    weights: str | None = None,
    report: Callable[[Row], object] = lambda row: None,
    cpu: bool = False,
    workers: int = 0,
    tracker: str | None = None,
    **overrides: Any,
) -> Run:
    """Train a network to the end of a recipe; the run, whose weights are a target: `run:NAME`.

    The same call again, with a name, goes on with a run that was killed. Processes that torchrun or
    `accelerate launch` started train one run together.

    Args:
        network: a registered name, a config, a design or its file.
        data: a data set (`training.list_data()`); None for the one that the recipe was made for.
        recipe: a name (`training.list_recipes()`) or a recipe of one's own.
        name: of the run; None for one made of the network and the recipe.
        weights: to begin with, as `archs.create_model` takes them.
        report: called with every row of the log.
        cpu: not to use a GPU that is there.
        workers: processes that decode images ahead, where images are files.
        tracker: what else keeps the numbers, such as "tensorboard".
        overrides: fields of the recipe to change.

    Raises:
        UnknownNameError, ConfigError, UnknownFieldError: something that is not there, or not allowed.
        TrainingError: it cannot begin, or failed.
        KeyboardInterrupt: it was stopped, and has kept where it stands.
    """
    run = prepare(network, data, recipe, name=name, weights=weights, cpu=cpu, **overrides)
    return resume(run, report, cpu=cpu, workers=workers, tracker=tracker)


def resume(run: Run, report: Callable[[Row], object] = lambda row: None, *, cpu: bool = False, **how: Any) -> Run:
    """Train a run to its end, from where it stands; one that has finished is returned as it is.

    Args:
        run: which.
        report: called with every row of the log.
        cpu: not to use a GPU that is there.
        how: workers, tracker and what else `training.engine.loop.fit` takes.

    Raises:
        TrainingError, KeyboardInterrupt: as `train`.
    """
    require("accelerate", "Training")
    from training.engine.loop import fit

    with ExitStack() as stack:
        processes.by_main(lambda: stack.enter_context(run.taken()), cpu=cpu)
        if not processes.by_main(run.weights.exists):
            _record(run, state="running", message="")
            try:
                fit(run, report, cpu=cpu, **how)
            except KeyboardInterrupt:
                _record(run, state="stopped")
                raise
            except Exception as error:
                told = explained(error, run.recipe)
                _record(run, state="failed", message=str(told))
                raise told from (None if told is error else error)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        processes.by_main(lambda: _record(run, state="finished", finished=now))
    return run


def _record(run: Run, **values: Any) -> None:
    """Say in a run's record how it stands; where that cannot be written, the lock that is free or taken says enough."""
    if processes.is_main():
        with suppress(TrainingError):
            run.update(**values)


def prepare(
    network: Any,
    data: str | None = None,
    recipe: str | Recipe = "densenet-cifar",
    *,
    name: str | None = None,
    weights: str | None = None,
    cpu: bool = False,
    **overrides: Any,
) -> Run:
    """A run that has not begun, or, if there is one of that name that is the same, that one; as `train`."""
    asked = settle(network, data, recipe, weights=weights, **overrides)
    label = asked.data if isinstance(recipe, Recipe) else recipe
    return processes.by_main(lambda: begin(asked, name, label), cpu=cpu)


@dataclass(frozen=True)
class Settings:
    """What a run is asked to train, on what, how: the parts of a `Run` of these names, without a folder."""

    design: Design | DetectorDesign
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
    how = recipe if isinstance(recipe, Recipe) else get_recipe(recipe)
    how = how.varied(**overrides)
    images = get_data(data or how.data)
    target = resolve_target(network)
    if target.planned is None or type(target.planned) is BackboneConfig:
        raise ConfigError("network", target.name, "one of the registry, a config, a design, or a detector of those")
    config = fitted(target.planned, images, how)
    kind = DetectorDesign if images.boxes else Design
    return Settings(kind(target.name[:80], config), images.name, how, weights or "")


def begin(asked: Settings, name: str | None, label: str) -> Run:
    """The run of a name, if it is the one that is asked for, or a new one.

    Args:
        asked: what to train.
        name: of the run; None for one made of the network and the label.
        label: what it is called beside the network.

    Raises:
        TrainingError, ConfigError: as `create_run`.
    """
    name = name or free_name(f"{asked.design.name}-{label}")
    return find_or_create_run(name, asked.design, asked.data, asked.recipe, asked.weights_from)


def fitted(config: Any, data: DataSet, recipe: Recipe) -> Any:
    """A config with the classes, channels and image size of a data set, and the dropout of a recipe.

    Raises:
        ConfigError: images of that size do not suit the network, the recipe doesn't suit the images, or it freezes more
            than there is.
        TrainingError: a detector for images without boxes, or a classifier or a recipe for the other kind.
    """
    detects = isinstance(config, DetectorConfig)
    if data.boxes and not detects:
        raise TrainingError(f"{data.title} has images with boxes: train a detector on them, such as 'fcos/peleenet'.")
    if detects and not data.boxes:
        raise TrainingError(
            f"The images of {data.title} have no boxes, of which detectors learn: give a folder as --data coco:PATH or "
            f"voc:PATH, or {' or '.join(list_data(boxes=True))}."
        )
    if isinstance(config, MaskRCNNConfig):
        raise TrainingError("Mask R-CNN learns from outlines, which are not read here: train 'faster_rcnn/NAME'.")
    data.check(recipe)
    found = for_images(config, data, recipe)
    (plan_detector if detects else plan_layers)(found)
    check_freeze(found, recipe)
    return found


#: The fields of a config that follow from the images and the recipe.
FITTED = tuple(each.name for each in fields(NetworkConfig))


def for_images(config: Any, data: DataSet, recipe: Recipe) -> Any:
    """As `fitted`, whatever the size of the images."""
    if data.boxes:
        side = recipe.image_size or config.image_size
        if recipe.sides:
            side = recipe.sides[-1], max(recipe.sides[-1], recipe.longest or 0)
        backbone = replace(
            config.backbone,
            drop_rate=recipe.drop_rate or config.backbone.drop_rate,
            memory_efficient=recipe.memory_efficient,
        )
        return replace(config, backbone=backbone, num_classes=len(data.classes) + 1, image_size=side)
    return replace(
        config,
        num_classes=len(data.classes),
        in_channels=data.channels,
        image_size=data.side(recipe),
        drop_rate=recipe.drop_rate or config.drop_rate,
        memory_efficient=recipe.memory_efficient,
    )
