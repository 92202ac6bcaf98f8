"""What was trained: runs, and runs show, compare, export, rename, delete."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import Column
from archs import files
from archs.create import create_model
from archs.errors import DenseScopeError
from archs.weights.files import MAX_BYTES
from commands.options import FormatOption, OutputOption, Request
from commands.output import Grid, Row, emit
from training.columns import EPOCHS, RUNS, described, run_row
from training.errors import TrainingError
from training.forecast import forecast_of
from training.runs import Run, delete_run, get_run, list_runs, rename_run

app = typer.Typer(help="List the trainings of this machine; show, compare, export, rename or delete them.")
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run: `runs` lists them.")]


@app.callback(invoke_without_command=True)
def list_all(
    context: typer.Context,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """List the trainings of this machine; show, compare, export, rename or delete them."""
    if context.invoked_subcommand:
        return
    rows: list[Row] = []
    for name in list_runs():
        try:
            rows.append(run_row(get_run(name)))
        except DenseScopeError as error:  # one that is damaged does not hide the others
            print(error, file=sys.stderr)
    none_yet = Text("No runs yet: `python cli.py train NETWORK` makes one.")
    emit(
        lambda: rows,
        lambda: [Grid(rows, RUNS, only_used=True) if rows else none_yet],
        Request(file_format=file_format, output=output),
    )


@app.command()
def show(name: RunArgument, file_format: FormatOption = None, output: OutputOption = None) -> None:
    """Show a run: its recipe, its state and its epochs; formats other than table give the epochs alone."""
    run = get_run(name)
    emit(run.epochs, lambda: _describe(run), Request(file_format=file_format, output=output))


@app.command()
def compare(
    names: Annotated[list[str], typer.Argument(metavar="RUN...", help="Two or more runs, in this order.")],
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Compare runs: how well each did, and in what their recipes differ."""
    runs = [get_run(name) for name in names]
    rows = [run_row(run) for run in runs]
    emit(lambda: rows, lambda: _compare(runs, rows), Request(file_format=file_format, output=output))


@app.command()
def rename(name: RunArgument, new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]) -> None:
    """Give a run another name."""
    emit(list, lambda: [Text(f"The run {name!r} is now {rename_run(name, new).name!r}.")], Request())


@app.command()
def delete(name: RunArgument) -> None:
    """Move a run to the trash folder, out of which it can be taken by hand."""
    emit(list, lambda: [Text(f"The run {name!r} now lies in {str(delete_run(name))!r}.")], Request())


@app.command()
def export(
    name: RunArgument,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".safetensors, .onnx; .csv or .json for its log.")],
) -> None:
    """Write what a run learned, or its log, to a file: its ending says which."""
    run = get_run(name)
    emit(list, lambda: [Text(_export(run, file))], Request())


def _export(run: Run, file: Path) -> str:
    ending = file.suffix.lower()
    if ending in (".csv", ".json"):
        emit(run.log, list, Request(output=file))
        return f"The log of {run.name} written to {file}."
    if ending not in (".safetensors", ".onnx"):
        raise DenseScopeError(f"FILE is {str(file)!r}, but must end in .safetensors, .onnx, .csv or .json.")
    if not run.weights.exists():
        raise TrainingError(f"The run {run.name!r} has no weights yet: it is {run.state}.")
    if run.recipe.boxes:
        return _export_detector(run, file)
    model = create_model(run.design.config, weights=run.weights)
    from archs.export import export_model

    difference = export_model(model, file, ending[1:])
    return (
        f"What {run.name} has learned written to {file}.\n"
        f"Largest difference from PyTorch's output, on random images: {difference:.2g} of the largest output."
    )


def _export_detector(run: Run, file: Path) -> str:
    if file.suffix.lower() != ".safetensors":
        raise DenseScopeError(f"FILE is {str(file)!r}, but of a detector only weights are written: .safetensors.")
    files.write(file, files.read(run.weights, MAX_BYTES))
    return f"What {run.name} has learned written to {file}: `detectors.create_detector({str(file)!r})` is the detector."


def _describe(run: Run) -> Iterator[RenderableType]:
    row, epochs = run_row(run), run.epochs()
    done = f"{row['state']}, {row['epochs']} epochs"
    yield Text.assemble((f"{run.name}\n", "bold"), (f"{row['network']} on {row['data']}, {done}", "dim"))
    if row["message"]:
        yield Text(row["message"])
    yield Grid([row], [column for column in RUNS if column.write], only_used=True)
    if found := forecast_of(run):
        yield Text(f"Before it began: {found.sentence()}")
    if epochs:
        yield Grid(epochs, EPOCHS, only_used=True)
    yield Text(f"Recipe {described(run.recipe)}: {run.recipe.source}")
    fields = [{"field": field, "value": value} for field, value in run.recipe.to_json().items() if field != "source"]
    yield Grid(fields, RECIPE)


RECIPE = (Column("field", "Field", "As --with changes it."), Column("value", "Value", "What the run was trained by."))


def _compare(runs: list[Run], rows: list[Row]) -> Iterator[RenderableType]:
    yield Grid(rows, RUNS, only_used=True)
    recipes = [run.recipe.to_json() | {"data": run.data} for run in runs]
    differing = [field for field in recipes[0] if len({str(recipe[field]) for recipe in recipes}) > 1]
    if differing:
        columns = [Column(run.name, run.name, "Its value.") for run in runs]
        fields = [
            {"field": field} | {run.name: recipe[field] for run, recipe in zip(runs, recipes, strict=True)}
            for field in differing
        ]
        yield Grid(fields, [RECIPE[0], *columns])
    elif len(runs) > 1:
        yield Text("Their recipes are the same.")
