"""What does a network learn: train."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.text import Text

from analysis.facts import get_device
from analysis.targets import resolve_target
from analysis.units import format_size
from archs import checks
from archs.checks import image_size
from archs.create import create_model
from archs.errors import ConfigError, DenseScopeError, WeightsWarning, require
from archs.kept import check_run_name
from commands.epochs import fetching, say, shown
from commands.options import ChangesOption, FormatOption, OutputOption, Request, parse_changes, parse_value
from commands.output import Grid, emit
from detectors import create_detector
from training.columns import RUNS, run_row
from training.data import DataError, DataSet, get_data, list_data
from training.engine import processes
from training.errors import TrainingError
from training.forecast import forecast, predicted_sentence, predicted_step
from training.recipes import Recipe, batch_note, get_recipe, list_recipes, recipe_for
from training.recipes.recipe import PRECISIONS
from training.runs import Run, get_run, list_runs
from training.train import Settings, begin, resume, settle

DEVICES = ("auto", "cpu", "cuda")
#: The run that has just been trained; when it was created is known.
RESULT = tuple(column for column in RUNS if column.key not in ("state", "created"))


def train(
    network: Annotated[
        str | None, typer.Argument(metavar="NETWORK", help="A registered name, or the file of a design.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=f"{', '.join(list_data())}, folder:PATH, with boxes coco:PATH or voc:PATH; left out, the recipe's.",
        ),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{', '.join(list_recipes())}; left out, the first for the data.")
    ] = None,
    changes: ChangesOption = None,
    epochs: Annotated[str | None, typer.Option(metavar="N", help="Of the recipe; as --with epochs=N.")] = None,
    batch_size: Annotated[
        str | None, typer.Option(metavar="N", help="Of the recipe; the learning rate follows in proportion.")
    ] = None,
    lr: Annotated[str | None, typer.Option(metavar="X", help="The highest learning rate.")] = None,
    precision: Annotated[str | None, typer.Option(metavar="PRECISION", help=f"{', '.join(PRECISIONS)}.")] = None,
    recipe_changes: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="FIELD=VALUE", help="Change any field of the recipe, such as flip=0.5."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of the run; the same command again goes on with it.")
    ] = None,
    weights: Annotated[
        str | None, typer.Option(metavar="WEIGHTS", help="To begin with: a file, timm/NAME.TAG or run:NAME.")
    ] = None,
    resume_name: Annotated[
        str | None, typer.Option("--resume", metavar="NAME", help="Go on with a run from where it stands.")
    ] = None,
    device: Annotated[str, typer.Option(metavar="DEVICE", help=f"{', '.join(DEVICES)}.")] = "auto",
    workers: Annotated[str, typer.Option(metavar="N", help="Processes that decode images ahead.")] = "0",
    tracker: Annotated[
        str | None, typer.Option(metavar="NAME", help="What else keeps the numbers: tensorboard, wandb, mlflow, …")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin, however long it takes.")] = False,
    foretell: Annotated[
        bool, typer.Option("--forecast", help="Say how long it will take and what memory, and don't begin.")
    ] = False,
    predict_for: Annotated[
        str | None, typer.Option(metavar="DEVICE", help="The same of a GPU that isn't here, by its data sheet.")
    ] = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train a network by a recipe, in a run that survives a kill: the same command with --name goes on.

    Several GPUs: `torchrun --nproc-per-node 2 cli.py train …`, or `accelerate launch cli.py train …`.
    """
    cpu = checks.choice("--device", device, DEVICES) == "cpu"
    if device == "cuda" and not require("torch", "Training").cuda.is_available():
        raise ConfigError("--device", device, "auto or cpu: PyTorch finds no GPU here")
    if (network is None) == (resume_name is None):
        raise DenseScopeError("Give either a network to train, or --resume with the name of a run.")
    how = {"workers": checks.integer("--workers", parse_value(workers), 0, 256), "tracker": tracker}
    request = Request(file_format=file_format, output=output)

    def ask() -> Settings | Run:
        if resume_name is not None:
            return get_run(resume_name)
        common = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "precision": precision}
        fields = recipe_of(recipe, data, parse_changes(recipe_changes or (), "--with"), **common)
        return settle(resolve_target(network, **parse_changes(changes or ())), data, fields, weights=weights)

    if foretell or predict_for:
        show_forecast(ask(), predict_for, request, cpu=cpu)
        return
    try:
        run = processes.by_main(lambda: find_run(ask(), name, recipe, cpu=cpu, yes=yes), cpu=cpu)
    except DenseScopeError:
        if processes.is_main():
            raise
        raise typer.Exit(2) from None  # one process says it
    if run.state != "finished":
        train_run(run, cpu=cpu, **how)
    if processes.is_main():
        rows = [run_row(run)]
        emit(lambda: rows, lambda: [Grid(rows, RESULT, only_used=True)], request)


def find_run(asked: Settings | Run, name: str | None, recipe: str | None, *, cpu: bool, yes: bool) -> Run:
    """The run that is asked for, or a new one, whose record holds what it was said to take.

    Raises: TrainingError: it is another; it takes long, or more memory than there is, and nobody has said yes.
    """
    if isinstance(asked, Run):
        has_begun = asked.state != "new"
    else:
        has_begun = name is not None and check_run_name(name) in list_runs()
    found = None
    if not has_begun:
        _fetch_images(asked)
        _say_what_is_adapted(asked)
        alone = processes.count() == 1
        found = forecast(asked, cpu=cpu, steps=3 if alone else 0, processes=processes.count())
        say(found.sentence())
        if not yes and (found.is_long or not found.fits):
            raise TrainingError("Nothing has begun: say --yes to train it all the same.")
    run = asked if isinstance(asked, Run) else begin(asked, name, recipe or asked.data)
    if found:
        run.update(forecast=found.to_json())
    return run


def _fetch_images(asked: Settings | Run) -> None:
    """See that the images are here, before there is a run of them. Raises: DataError: they cannot be had."""
    from training.data.images import open_data

    try:
        with fetching() as progress:
            open_data(get_data(asked.data), asked.recipe, progress=progress)
    except DataError as error:
        if isinstance(asked, Run):
            asked.update(state="failed", message=str(error))
        raise


def _say_what_is_adapted(asked: Settings | Run) -> None:
    """What a network gets of its data, where the recipe is made for other data; what it gets of given weights.

    Raises: WeightsError: they do not fit.
    """
    data, made_for = get_data(asked.data), asked.recipe.data
    if data.boxes:
        _say_of_detectors(asked, data)
    elif made_for != data.name:
        side, plural = data.side(asked.recipe), "s" * (data.channels > 1)
        say(
            f"The recipe, made for {made_for}, is followed as it is; the network gets the {len(data.classes)} classes "
            f"of {data.name} and images of {side}×{side} pixels with {data.channels} channel{plural}."
        )
    if asked.weights_from:
        with without_warnings():
            create = create_detector if data.boxes else create_model
            said = str(create(asked.design.config, weights=asked.weights_from).weights_report)
        say(said)


def _say_of_detectors(asked: Settings | Run, data: DataSet) -> None:
    """What a detector gets of its data, whether it can be tested, and what its recipe takes for granted."""
    from training.engine.detectors import missing

    recipe, side = asked.recipe, format_size(image_size(asked.design.config.image_size))
    say(f"The detector learns the {len(data.classes)} classes of {data.title} and the background, on images of {side}.")
    if reason := missing():
        say(reason)
    if (recipe.freeze or recipe.frozen_norm) and not asked.weights_from:
        say("The recipe keeps parts of the backbone as they begin, which is at random: give --weights of a classifier.")


@contextmanager
def without_warnings() -> Iterator[None]:
    """What is said of weights in a sentence is not said again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeightsWarning)
        yield


def show_forecast(asked: Settings | Run, device: str | None, request: Request, *, cpu: bool) -> None:
    """What a training will take here, or on a device that is not here: there its memory, which is counted."""
    if device is None:
        found = forecast(asked, cpu=cpu)
        emit(lambda: [found.row()], lambda: [Text(found.sentence())], request)
        return
    sheet = get_device(device)
    if sheet.memory_bytes is None:
        raise DenseScopeError(f"No source says how much memory {sheet.name} has.")
    found = forecast(asked, steps=0, free_bytes=int(sheet.memory_bytes))
    told = [f"On {sheet.name}:", found.sentence(), predicted_sentence(asked, sheet)]
    step = predicted_step(asked, sheet)
    more = {"device": sheet.name, "predicted_step_seconds": step and step.seconds}
    emit(lambda: [found.row() | more], lambda: [Text(" ".join(told))], request)


def recipe_of(name: str | None, data: str | None, fields: dict[str, Any], **common: str | None) -> Recipe:
    """The recipe that the options say; another batch changes the learning rate with it, unless that is given too."""
    if name is None:
        name = recipe_for(data or "")
    base = get_recipe(name)
    given = {key: parse_value(value) for key, value in common.items() if value is not None}
    if "batch_size" in given and "lr" not in given | fields:
        scaled = base.for_batch(given["batch_size"])
        if note := batch_note(scaled, base):
            say(note)
        base = scaled
    return base.varied(**given | fields)


def train_run(run: Run, **how: Any) -> None:
    """Train to the end. Ctrl-C, or a request to end, stops the run and says how to go on."""
    try:
        with without_warnings(), shown(run) as report:
            resume(run, report, **how)
    except KeyboardInterrupt:
        say(f"Stopped: `python cli.py train --resume {run.name}` goes on from there.")
        raise
