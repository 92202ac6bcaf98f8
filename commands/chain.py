"""From one network to another, change by change: chain."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from analysis.chains import CountedChain, list_chains
from analysis.chains.counted import chain as count
from analysis.chains.findings import chain_finding, step_sentences
from analysis.facts import DEFAULT_DEVICE, list_devices
from archs.checks import parse_image_size
from commands.options import BatchOption, FormatOption, OutputOption, Request, SizeOption, parse_value
from commands.output import Grid, emit


def chain(
    names: Annotated[
        list[str], typer.Argument(metavar="NAME...", help=f"{', '.join(list_chains())}; or two networks or more.")
    ],
    image_size: SizeOption = "own",
    batch_size: BatchOption = "1",
    dtype: Annotated[str, typer.Option(metavar="TYPE", help="What an element is stored as.")] = "float32",
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help=f"That times are predicted for: {', '.join(list_devices())}.")
    ] = DEFAULT_DEVICE,
    file_format: FormatOption = None,
    output: OutputOption = None,
) -> None:
    """Show what each change between networks costs and saves, step by step."""
    size, batch = parse_image_size(image_size), parse_value(batch_size)
    found = count(*names, image_size=size, batch_size=batch, dtype=dtype, device=device)
    emit(found.rows, lambda: _show(found), Request(file_format=file_format, output=output))


def _show(found: CountedChain) -> Iterator[RenderableType]:
    yield Text(chain_finding(found, "macs"))
    yield Grid(found.rows(), [column for column in found.columns() if column.key not in ("change", "group", "source")])
    for number in range(1, len(found.stops)):
        title = (f"{number}. {found.stops[number].step.title}: ", "bold")
        yield Text.assemble(title, " ".join(step_sentences(found, number)))
    if found.chain.source:
        yield Text(f"Changes: {found.chain.source}.", style="dim")
