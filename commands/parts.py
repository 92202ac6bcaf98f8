"""What backbones cost in detectors: parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from analysis.columns import columns
from analysis.detector_costs import (
    COMPARED,
    SHARES,
    PartCosts,
    detector_title,
    part_costs,
    share_finding,
    traffic_finding,
)
from analysis.summary import Summary
from analysis.units import format_size
from archs.errors import ConfigError
from commands.options import NamesArgument, Request, takes_request
from commands.output import Grid, emit

#: Those of each part that a table shows; other formats have all.
SHOWN = ("macs", "bytes_moved", "params")
TABLE = (*columns("network.name", "part"), *(each for key in SHOWN for each in (*columns(key), SHARES[key])))


@takes_request
def parts(names: NamesArgument, *, request: Request) -> None:
    """Count what backbone, neck, RPN and head of detectors cost, such as retinanet/vovnet39."""
    for name, target in request.targets(names):
        if target.detector is None:
            raise ConfigError("NAME", name, f"a detector on a backbone, such as 'retinanet/{name}'")
    found = request.those_that_suit(names)
    costs = [part_costs(one.name, one) for one in found]
    rows = [row for one in costs for row in one.rows()]
    emit(lambda: rows, lambda: _show(found, costs), request)


def _show(found: Sequence[Summary], costs: Sequence[PartCosts]) -> Iterator[RenderableType]:
    first = found[0]
    yield Text(f"counted, batch {first.batch_size:,}, {first.dtype}", style="dim")
    yield Grid([row for one in costs for row in one.rows()], TABLE)
    alike: dict[tuple[str, str], list[PartCosts]] = {}
    titles = [detector_title(config) for summary in found if (config := summary.target.detector)]
    for summary, one, title in zip(found, costs, titles, strict=True):
        told = title, format_size(summary.image_size)
        alike.setdefault(told, []).append(one._replace(name=summary.name.partition("/")[2] or summary.name))
    for (title, size), some in alike.items():
        yield Text(share_finding(some, COMPARED[0], f"{title} at {size}"))
        if len(some) > 1:
            yield Text(traffic_finding(some, f"{size}, {first.dtype}"))
