"""Five public counters on one network, each difference to our own count explained by the counter's own rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.targets import resolve_target
from analysis.units import format_share, join
from archs import checks
from archs.errors import ConfigError, require
from archs.layer import Pair

if TYPE_CHECKING:
    import pandas as pd


#: The columns of every cross-check; between the two groups stands one column a step.
HEAD = ("counter", "version", "reported_as", "unit", "reported", "ours")
TAIL = ("residual", "verdict", "quote_when")
#: The files beside this one that describe a counter, in the order of every table.
COUNTERS = ("torchinfo", "thop", "fvcore", "ptflops", "flop_counter_mode")

#: A record of a cross-check: its columns and their values.
Row = Mapping[Any, Any]


def cross_check(
    target: Any,
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    *,
    input: Any = None,
    in_channels: int | None = None,
    allow_uncounted: bool = False,
    before: Callable[[str], object] = str,
) -> pd.DataFrame:
    """One row a counter: what it reports, our count in its unit, and the difference step by step.

    reported = ours + the sum of the steps + residual. A step is what the counter counts beside multiply-accumulates
    (batch norm, ReLU, bias …) or fails to count, by the counter's own rules applied to every layer. The residual is
    what its rules, as we know them, do not explain. A counter that is not installed or fails has no figure, and its
    verdict says why.

    Args: as `analysis.summarize`; a module is left as it is, every counter gets a copy without weights. An input that
        is stated is one shape or tensor, which is what all counters can be given.
        before: called with the name of each counter before it runs, for a progress bar.

    Raises:
        DenseScopeError: as `analysis.summarize` by the trace.
    """
    import pandas as pd

    resolved = resolve_target(target).stating(input, in_channels)
    size = checks.image_size(resolved.image_size if image_size is None else image_size)
    batch_size = checks.batch_size(batch_size)
    require("torch", "Cross-checking counters")
    from analysis.crosscheck.reconcile import reconcile
    from analysis.trace.detectors import as_counted
    from analysis.trace.stand_in import ONE_AT_A_TIME, unwrapped

    shapes = resolved.trace(size, batch_size).input_shapes
    if len(shapes) != 1:
        raise ConfigError("input", input, "one shape or tensor, for that is what all counters can be given")
    module = unwrapped(resolved.without_weights())
    if resolved.detector is not None:
        module = as_counted(module)
    with ONE_AT_A_TIME:  # some counters replace functions of torch while they run
        rows = reconcile(module, shapes[0], allow_uncounted=allow_uncounted, before=before)
    steps = list(dict.fromkeys(key for row in rows for key in row if key not in (*HEAD, *TAIL)))
    frame = pd.DataFrame(rows, columns=[*HEAD, *steps, *TAIL])
    frame[steps] = frame[steps].fillna(0).where(frame["reported"].notna())
    return frame.astype(dict.fromkeys(("reported", "ours", *steps, "residual"), "Int64"))


def step_names(frame: pd.DataFrame) -> list[str]:
    """The columns of a cross-check that are steps between our figure and a counter's."""
    return [column for column in frame.columns if column not in (*HEAD, *TAIL)]


def waterfall(frame: pd.DataFrame) -> pd.DataFrame:
    """A cross-check as steps from our figure to each counter's: what each adds, then the counter's figure itself."""
    import pandas as pd

    rows = []
    for row in frame[frame["reported"].notna()].to_dict("records"):
        steps = [step for step in (*step_names(frame), "residual") if row[step]]
        for step in ("ours", *steps, "reported"):
            rows.append({"counter": row["counter"], "unit": row["unit"], "step": step, "value": int(row[step])})
    return pd.DataFrame(rows, columns=["counter", "unit", "step", "value"])


def counters_finding(frame: pd.DataFrame, name: str) -> str:
    """How far apart the counters are on a network, and whether their differences are explained.

    Args:
        frame: of `cross_check`.
        name: of the network.
    """
    rows = frame[frame["reported"].notna()].to_dict("records")
    if not rows:
        return f"No counter has a figure for {name}."
    figures = len({row["reported"] for row in rows})
    given = "1 figure" if figures == 1 else f"{figures} different figures"
    exact = [row["counter"] for row in rows if row["reported"] == row["ours"]]
    agreement = f"{join(exact)} agree{'s' if len(exact) == 1 else ''} with ours" if exact else "none agrees with ours"
    counters = "1 counter gives" if len(rows) == 1 else f"{len(rows)} counters give"
    opening = f"{counters} {given} for {name}: {agreement}"
    worst = max(rows, key=_deviation)
    if _deviation(worst):
        opening += f", {worst['counter']} is furthest off ({_distance(worst)}, chiefly by {_chief_step(frame, worst)})"
    return f"{opening}. {_explained(rows)}"


def _deviation(row: Row) -> float:
    return abs(row["reported"] / row["ours"] - 1)


def _distance(row: Row) -> str:
    return f"{format_share(_deviation(row))} {'above' if row['reported'] > row['ours'] else 'below'}"


def _chief_step(frame: pd.DataFrame, row: Row) -> str:
    return max((*step_names(frame), "residual"), key=lambda step: abs(row[step]))


def _explained(rows: Sequence[Row]) -> str:
    """Whether the counters' own rules account for every difference."""
    if puzzling := [row["counter"] for row in rows if row["residual"]]:
        return f"Their own rules do not explain all that {join(puzzling)} counted."
    return "Their own rules explain every difference to the last operation."
