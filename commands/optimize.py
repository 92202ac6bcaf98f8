"""What a network saves when it is optimised for inference: optimize."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from analysis.compare import comparison_row
from analysis.summary import summarize
from archs.create import create_model
from archs.errors import MissingPackageError
from commands.options import NameArgument, Request, takes_request
from commands.output import emit, quantity, table, text


@takes_request
def optimize(
    name: NameArgument,
    channels_last: Annotated[
        bool, typer.Option(help="Lay weights channels last; then dense blocks write into one buffer.")
    ] = True,
    *,
    request: Request,
) -> None:
    """Show what folding batch norms and avoiding concatenations saves; docs/inference.md tells how to use it."""
    [before] = request.summaries([name])
    try:
        from analysis import optimize_for_inference
    except ModuleNotFoundError:
        raise MissingPackageError("Optimising a network", "torch") from None
    model = optimize_for_inference(
        create_model(before.target.config), channels_last=channels_last, image_size=before.image_size
    )
    after = summarize(model, before.image_size, before.batch_size, before.dtype)
    rows = [comparison_row(before), comparison_row(after) | {"name": "optimised"}]
    shown = ("params", "macs", "elementwise_ops", "bytes_moved", "traffic_outside_conv")
    columns = [text("name", "Name"), *map(quantity, shown)]
    emit(lambda: rows, lambda: [table(rows, columns), Text(str(model.report))], request)
