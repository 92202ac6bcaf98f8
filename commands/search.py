"""Which networks keep to a budget, and which of them no other beats: search."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, columns
from analysis.facts import DEFAULT_DEVICE, list_devices
from analysis.precision import ARITHMETICS
from analysis.search import DEFAULT_LIMIT
from analysis.search import search as search_space
from archs import checks
from archs.errors import ConfigError
from archs.registry import search_spaces
from commands.options import ALL_FORMATS, FormatOption, OutputOption, Request, parse_value
from commands.output import Grid, Row, emit
from training.data import list_data

if TYPE_CHECKING:
    from analysis.search.quantities import Evaluator
    from analysis.search.result import SearchResult

#: Quantities that the table shows whatever is asked for.
_ALWAYS = ("params", "macs")


def search(
    context: typer.Context,
    space: Annotated[
        str, typer.Option(metavar="SPACE", help=f"One of {', '.join(search_spaces())}.")
    ] = "densenet-bc-imagenet",
    minimize: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUANTITY",
            help="params, macs, memory_access_cost, bytes_moved, depth, predicted_seconds, inference_bytes …",
        ),
    ] = None,
    maximize: Annotated[
        list[str] | None,
        typer.Option(
            metavar="QUANTITY", help="depth, capacity_proxy, synflow, naswot, trained_accuracy …; both may be repeated."
        ),
    ] = None,
    limit: Annotated[str, typer.Option(metavar="N", help="Configs to look at; drawn if there are more.")] = str(
        DEFAULT_LIMIT
    ),
    seed: Annotated[str, typer.Option(metavar="N", help="Of the draw.")] = "0",
    batch_size: Annotated[
        str, typer.Option("--batch", metavar="N", help="Images, for predicted_seconds and training_seconds.")
    ] = "256",
    device: Annotated[
        str,
        typer.Option(
            metavar="DEVICE", help=f"For predicted_seconds and training_seconds: {', '.join(list_devices())}."
        ),
    ] = DEFAULT_DEVICE,
    precision: Annotated[str, typer.Option(metavar="PRECISION", help=f"{', '.join(ARITHMETICS)}.")] = "float16",
    execution: Annotated[str, typer.Option(metavar="EXECUTION", help="eager, or compiled (torch.compile).")] = "eager",
    data: Annotated[
        str, typer.Option(metavar="NAME", help=f"For trained_accuracy: {', '.join(list_data())}.")
    ] = "digits",
    recipe: Annotated[str, typer.Option(metavar="NAME", help="For trained_accuracy, as `train` takes it.")] = "digits",
    epochs: Annotated[str | None, typer.Option(metavar="N", help="For trained_accuracy; else the recipe's.")] = None,
    images: Annotated[
        str | None, typer.Option(metavar="N", help="For trained_accuracy: the first N; else all but those held out.")
    ] = None,
    store: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Keep what is evaluated; go on from it after an interruption.")
    ] = None,
    jobs: Annotated[str, typer.Option(metavar="N", help="Evaluations at once.")] = "1",
    anyway: Annotated[bool, typer.Option("--anyway", help="Search however long it takes.")] = False,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Search a space of networks under budgets: --max-QUANTITY N and --min-QUANTITY N, such as --max-params 8e6."""
    from analysis.search.quantities import PredictedSeconds, TrainingSeconds
    from training.searching import TrainedAccuracy

    checks.choice("format", file_format or "table", ALL_FORMATS)
    senses = (("min", minimize or ()), ("max", maximize or ()))
    objectives = {_quantity(word): sense for sense, words in senses for word in words}
    budgets = parse_budgets(context.args)
    evaluators: dict[str, Evaluator] = {
        "predicted_seconds": PredictedSeconds(device, parse_value(batch_size), precision, execution=execution),
        "trained_accuracy": TrainedAccuracy(data, recipe, _number(epochs), _number(images)),
    }
    if "training_seconds" in {*objectives, *budgets}:
        evaluators["training_seconds"] = TrainingSeconds(device, parse_value(batch_size), precision)
    with _progress() as progress:
        found = search_space(
            space,
            budgets,
            objectives or ("params", "macs", "memory_access_cost"),
            parse_value(limit),
            seed=parse_value(seed),
            evaluators=evaluators,
            store=store,
            progress=progress,
            jobs=parse_value(jobs),
            anyway=anyway,
        )
    rows: list[Row] = [{str(key): value for key, value in row.items()} for row in found.front.to_dict("records")]
    emit(lambda: rows, lambda: _show(found, rows), Request(file_format=file_format, output=output))


def parse_budgets(arguments: Sequence[str]) -> dict[str, tuple[float | None, float | None]]:
    """Budgets from what stands on the command line beside the options.

    >>> parse_budgets(["--max-params", "8e6", "--min-params=1e6"])
    {'params': (1000000.0, 8000000.0)}
    """
    words = [part for argument in arguments for part in argument.split("=", 1)]
    budgets: dict[str, tuple[float | None, float | None]] = {}
    for option, value in zip(words[::2], [*words[1::2], ""], strict=False):
        end, _, quantity = option.removeprefix("--").partition("-")
        if not option.startswith("--") or end not in ("min", "max") or not quantity:
            raise ConfigError("the option", option, "one that `search --help` lists, --max-QUANTITY or --min-QUANTITY")
        try:
            number = float(value)
        except ValueError:
            raise ConfigError(option, value, "a number such as 8e6") from None
        low, high = budgets.get(_quantity(quantity), (None, None))
        budgets[_quantity(quantity)] = (number, high) if end == "min" else (low, number)
    return budgets


def _quantity(word: str) -> str:
    return word.replace("-", "_")


def _number(text: str | None) -> Any:
    return None if text is None else parse_value(text)


def _show(found: SearchResult, rows: list[Row]) -> Iterator[RenderableType]:
    yield Text(found.finding())
    from analysis.search.quantities import quantity_column

    fields = [Column(name, name, "Field of the config.") for name in found.space.open_fields]
    shown = dict.fromkeys((*_ALWAYS, *(each.bound.quantity for each in found.exclusions), *found.objectives))
    yield Grid(rows, [*fields, *map(quantity_column, shown)])
    if found.exclusions:
        yield Grid(found.exclusion_rows(), columns("bound.bound", "alone", "bound.first"))
    if "trained_accuracy" in shown:
        yield Text("Accuracies come from short trainings here: they rank networks, and nothing more.", style="dim")
    if not {"predicted_seconds", "training_seconds"}.isdisjoint(shown):
        yield Text("Times are predicted, not measured: docs/prediction.md says how well.", style="dim")


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], object]]:
    """Bars on stderr, if that is a terminal."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    columns: list[Any] = [*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn()]
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        tasks: dict[str, Any] = {}

        def update(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what)
            progress.update(tasks[what], completed=done, total=total)

        yield update
