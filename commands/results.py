"""What was measured on this machine, and on others whose results were imported: results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from analysis.results import Results
from archs import checks
from commands.measurements import HISTORY_COLUMNS, network_table
from commands.options import ALL_FORMATS, FormatOption, OutputOption, Request
from commands.output import emit


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
        lambda: [network_table(rows, HISTORY_COLUMNS) if rows else none_yet],
        Request(file_format=file_format, output=output),
    )
