"""How fast networks are on this machine: benchmark, results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.columns import by_evidence, columns
from analysis.hardware.measure.benchmark import AfterRun, benchmark_layers, benchmark_sweep
from analysis.hardware.measure.record import Workload
from analysis.hardware.measure.results import Results, ResultsError
from analysis.precision import PRECISIONS
from analysis.targets import Target, resolve_target
from analysis.units import format_si
from archs import checks
from archs.checks import parse_image_size
from archs.errors import DenseScopeError
from commands.options import (
    ALL_FORMATS,
    BatchOption,
    ChangesOption,
    FormatOption,
    NamesArgument,
    OutputOption,
    Request,
    SizeOption,
    parse_changes,
    parse_value,
)
from commands.output import Grid, Row, emit

#: Rows of one network, as soon as they are measured.
Measure = Callable[[Target, AfterRun], Iterator[Row]]


def benchmark(
    names: NamesArgument,
    device: Annotated[str, typer.Option(metavar="DEVICE", help="cpu, cuda or cuda:N.")] = "cpu",
    batch_size: BatchOption = "1",
    image_size: SizeOption = "own",
    precision: Annotated[str, typer.Option(metavar="PRECISION", help=f"{', '.join(PRECISIONS)}.")] = "float32",
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Keep tensors as NHWC.")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Run what torch.compile makes of it.")] = False,
    repeats: Annotated[str, typer.Option(metavar="N", help="Timed runs.")] = "20",
    sweep: Annotated[bool, typer.Option("--sweep", help="Double the batch until memory ends.")] = False,
    per_layer: Annotated[bool, typer.Option("--per-layer", help="Time every layer instead.")] = False,
    changes: ChangesOption = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Time networks on this machine, with random weights; `results` shows all that was ever measured."""
    checks.choice("format", file_format or "table", ALL_FORMATS)
    if sweep and per_layer:
        raise DenseScopeError("Give either --sweep or --per-layer.")
    batch, size, runs = parse_value(batch_size), parse_image_size(image_size), parse_value(repeats)
    workload = Workload(device, batch, size, precision, channels_last, compile, runs)
    fields = parse_changes(changes or ())
    targets = [resolve_target(name, **fields) for name in names]
    problems: list[str] = []
    measure = _layers(workload) if per_layer else _networks(workload, sweep, problems)
    rows: list[Row] = []
    try:
        with _progress(total=None if sweep else workload.repeats) as begin:
            for target in targets:
                for row in measure(target, begin(target.name)):
                    rows.append(row)
    finally:  # however it ends, what has been measured is shown
        if rows:
            show = show_layers if per_layer else show_networks
            emit(lambda: rows, lambda: show(rows), Request(file_format=file_format, output=output))
    if problems:
        raise ResultsError(problems[0])


def _networks(workload: Workload, sweep: bool, problems: list[str]) -> Measure:
    """Measurements that are kept as soon as they are taken; `problems` hears why they are not."""
    results = Results()
    results.all()  # a store that cannot be read is better known before an hour of measuring

    def measure(target: Target, after_run: AfterRun) -> Iterator[Row]:
        for measurement in benchmark_sweep(target, workload, None if sweep else [workload.batch_size], after_run):
            if problem := results.keep(measurement):
                problems.append(problem)
            yield measurement.row()

    return measure


def _layers(workload: Workload) -> Measure:
    def measure(target: Target, after_run: AfterRun) -> Iterator[Row]:
        for layer in benchmark_layers(target, workload, after_run):
            yield {"name": target.name, "workload": workload.description, **layer.row()}

    return measure


@contextmanager
def _progress(total: int | None) -> Iterator[Callable[[str], AfterRun]]:
    """Bars on stderr, if that is a terminal: a function that begins one and gives what moves it on by a run.

    Nothing is drawn while a run is timed.
    """
    from rich.console import Console
    from rich.progress import Progress  # in 20 ms, for which the other commands would wait

    console = Console(stderr=True)
    with Progress(console=console, transient=True, auto_refresh=False, disable=not sys.stderr.isatty()) as progress:

        def begin(name: str) -> AfterRun:
            task = progress.add_task(name, total=total)
            return lambda: progress.update(task, advance=1, refresh=True)

        yield begin


SPEED = columns("seconds", "seconds_low", "seconds_high")
NETWORKS = (
    *columns("network.name", "image_size", "batch_size", "precision", "layout", "execution", "outcome"),
    *SPEED,
    *columns("images_per_s"),
    *by_evidence("Measured", "flops_per_s"),
    *columns("share_of_peak", "peak_memory_bytes", "joules_per_image"),
)
HISTORY = (*columns("id", "date", "device"), *NETWORKS, *columns("disturbance"))
LAYERS = (
    *columns("layer", "kind"),
    *SPEED,
    *columns("share_of_time", "flops"),
    *by_evidence("Measured", "flops_per_s"),
    *columns("bytes_moved"),
    *by_evidence("Measured", "bytes_per_s"),
)


def show_networks(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """Measurements of one machine, under what they have in common."""
    last = rows[-1]
    clock = f", {last['clock_mhz']:.0f} MHz" if last["clock_mhz"] else ""
    yield Text.assemble((last["device"], "bold"), (f"\n{last['software']}, {last['threads']} threads{clock}", "dim"))
    yield Grid(rows, NETWORKS, only_used=True)
    for row in rows:
        if row["disturbance"]:
            yield Text(f"Disturbed: {row['disturbance']} ({row['name']}, batch {row['batch_size']:,}).", "dim")


def show_layers(rows: Sequence[Row]) -> Iterator[RenderableType]:
    """A table for each network; what has no time ran as a part of other operations."""
    for (name, workload), layers in groupby(rows, lambda row: (row["name"], row["workload"])):
        timed = list(layers)
        total = sum(row["seconds"] or 0 for row in timed)
        yield Text.assemble((f"{name}\n", "bold"), (f"{workload}; all layers together {format_si(total, 's')}", "dim"))
        yield Grid((row | {"share_of_time": row["seconds"] and row["seconds"] / total} for row in timed), LAYERS)


def results(
    delete: Annotated[list[str] | None, typer.Option(metavar="ID", help="Forget a measurement.")] = None,
    import_from: Annotated[
        Path | None, typer.Option("--import", metavar="FILE", help="Add what --export wrote on another machine.")
    ] = None,
    export: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a file for --import.")] = None,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show every measurement so far, after deleting and importing; export them."""
    checks.choice("format", file_format or "table", ALL_FORMATS)
    store = Results()
    if delete:
        store.delete(delete)
    if import_from:
        store.import_from(import_from)
    if export:
        store.export(export)
    rows = [measurement.row() for measurement in store.all()]
    none_yet = Text("No measurements yet: `python cli.py benchmark NAME` takes one.")
    emit(
        lambda: rows,
        lambda: [Grid(rows, HISTORY, only_used=True) if rows else none_yet],
        Request(file_format=file_format, output=output),
    )
