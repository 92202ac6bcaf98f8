"""Where a network's memory goes, at inference and in training: memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from analysis.memory import MODES, OPTIMIZERS, memory_of
from analysis.memory.designs import training_designs
from analysis.memory.inference import inference_memory
from analysis.summary import Summary
from archs import checks
from archs.errors import ConfigError, MissingPackageError
from commands import memory_tables
from commands.options import NameArgument, Request, parse_value, takes_request
from commands.output import emit

if TYPE_CHECKING:
    from analysis.memory.on_device import DeviceMemory

GIGABYTE = 10**9


@takes_request
def memory(
    name: NameArgument,
    mode: Annotated[
        str | None, typer.Option(metavar="MODE", help=f"{' or '.join(MODES)}; left out, a table shows both.")
    ] = None,
    optimizer: Annotated[
        str, typer.Option(metavar="NAME", help=f"In training: {', '.join(OPTIMIZERS)}; sgd has momentum.")
    ] = "sgd",
    budget: Annotated[
        str | None, typer.Option(metavar="GB", help="The largest batch that fits into so many GB (10⁹ bytes).")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="cuda or cuda:N: run it there too, and read its allocator (unverified)."),
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Also show every layer.")] = False,
    *,
    request: Request,
) -> None:
    """Show where a network's memory goes, in training plain and, where the network can, recomputed.

    Formats other than table give every layer at inference, or with --mode training every saved tensor.
    """
    modes = MODES if mode is None else (checks.choice("--mode", mode, MODES),)
    checks.choice("--optimizer", optimizer, tuple(OPTIMIZERS))
    budget_bytes = None if budget is None else parse_gigabytes(budget)
    [summary] = request.summaries([name])
    on_device = [] if device is None else [read_on_device(summary, each, device) for each in modes]

    def show() -> Iterator[RenderableType]:
        yield memory_tables.title(summary)
        if "inference" in modes:
            found = inference_memory(summary)
            yield from memory_tables.inference(found, layers=layers)
            if budget_bytes is not None:
                yield memory_tables.fits(budget, {"at inference": found.largest_batch(budget_bytes)})
        if "training" in modes:
            designs = training_designs(summary)
            yield from memory_tables.training(designs, optimizer, layers=layers)
            if budget_bytes is not None:
                batches = {key: found.largest_batch(budget_bytes, optimizer) for key, found in designs.items()}
                yield memory_tables.fits(
                    budget, {f"in training ({design})": batch for design, batch in batches.items()}
                )

        if on_device:
            yield memory_tables.on_device(on_device)

    emit(lambda: memory_of(summary, modes[0]).rows(), show, request)


def read_on_device(summary: Summary, mode: str, device: str) -> DeviceMemory:
    """The same network on a GPU. Raises: DenseScopeError: there is none, or no PyTorch."""
    try:
        from analysis.memory.on_device import memory_on_device

        given = summary.image_size, summary.batch_size, summary.dtype
        return memory_on_device(summary.target, *given, mode, device)
    except ModuleNotFoundError:
        raise MissingPackageError("Reading a GPU's memory", "torch") from None


def parse_gigabytes(written: str) -> float:
    """Bytes of a budget.

    >>> parse_gigabytes("8")
    8000000000.0
    """
    value = parse_value(written)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not (number and 0 < value < float("inf")):
        raise ConfigError("--budget", written, "a positive number of GB such as 8")
    return float(value * GIGABYTE)
