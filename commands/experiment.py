"""What do networks learn that a paper compares, here and in the paper: experiment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column, columns
from analysis.summary import summarize
from archs import checks
from commands.options import FormatOption, OutputOption, Request, parse_changes, parse_value
from commands.output import Grid, Row, emit
from commands.train import find_run, train_run
from training.columns import described, percent
from training.data import get_data
from training.engine import processes
from training.experiments import Experiment, Outcome, finding, get_experiment, list_experiments, outcomes
from training.recipes import Recipe
from training.runs import Run
from training.train import Settings

MOST_SEEDS = 100


def experiment(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"{', '.join(list_experiments())}.")],
    small: Annotated[bool, typer.Option("--small", help="Narrow networks on the digits: minutes on a CPU.")] = False,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="N", help="Trainings of each network; left out, 3 of the small version, else 1."),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="FIELD=VALUE", help="Change any field of the recipe, such as epochs=40."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin, however long it takes.")] = False,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Train the networks that a paper compares, and show their errors beside the published ones.

    Each training is a run, such as `osa-small-osa40_12-0`: the same command again goes on with those that are missing.
    """
    asked = get_experiment(name)
    usual = asked.small_seeds if small else 1
    count = checks.integer("--seeds", usual if seeds is None else parse_value(seeds), 1, MOST_SEEDS)
    recipe = asked.recipe_at(small=small).varied(**parse_changes(fields or (), "--with"))

    def trained(run_name: str, settings: Settings) -> Run:
        run = processes.by_main(lambda: find_run(settings, run_name, None, cpu=False, yes=yes or small))
        if run.state != "finished":
            train_run(run)
        return run

    found = list(outcomes(asked, trained, recipe, small=small, seeds=count))
    if processes.is_main():
        rows = list(map(outcome_row, found))
        emit(lambda: rows, lambda: _show(asked, found, recipe), Request(file_format=file_format, output=output))


def outcome_row(found: Outcome) -> Row:
    """What a table shows of a network: plain values."""
    summary = summarize(found.settings.design.config)
    return {
        "name": found.contender.title,
        "network": found.settings.design.name,
        "params": summary.params,
        "macs": summary.macs,
        "memory_access_cost": summary.memory_access_cost,
        "error": found.error,
        "spread": found.spread if len(found.errors) > 1 else None,
        "published_error": found.published_error / 100,
        "source": found.source,
    }


#: A row a network.
OUTCOMES = (
    Column("name", "In the paper", "What the experiment compares."),
    Column("network", "Trained here", "A registered network, or a narrow one of its kind."),
    *columns("params", "macs", "memory_access_cost"),
    Column("error", "Trained error", "Share of the test images classified wrong, mean of the seeds.", percent),
    Column("spread", "Seeds apart", "Between the best and the worst seed, in points.", percent),
    Column("published_error", "Published error", "Of the paper's own networks and data.", percent),
    Column("source", "Published by", "Where the figure stands."),
)


def _show(asked: Experiment, found: list[Outcome], recipe: Recipe) -> Iterator[RenderableType]:
    yield Text.assemble((f"{asked.title}\n", "bold"), asked.question)
    yield Grid(map(outcome_row, found), OUTCOMES, only_used=True)
    yield Text(finding(found))
    yield Text(conditions(asked, found, recipe), style="dim")


def conditions(asked: Experiment, found: list[Outcome], recipe: Recipe) -> str:
    """On what was trained, and how, here and there."""
    seeds = f"{len(found[0].errors)} seed{'s' if len(found[0].errors) > 1 else ''}"
    return (
        f"Trained here on {get_data(recipe.data).title} by the recipe {described(recipe)}, {seeds} each; "
        f"published on {asked.dataset}. {asked.source}."
    )
