"""From a counter's figure to ours: the difference split by the counter's own rules."""

from __future__ import annotations

import io
import warnings
from collections import Counter as Tally
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from analysis.crosscheck import COUNTERS
from analysis.crosscheck.counter import MACS, Counter, Reading, Use, blank_copy, witness, words
from archs.errors import first_line
from archs.layer import Shape

#: Multiply-accumulates up to which a network is run for a counter that fails without data: a second or two.
MOST_REAL_MACS = 2 * 10**10


def reconcile(
    module: nn.Module, shape: Shape, *, allow_uncounted: bool = False, before: Callable[[str], object] = str
) -> list[dict[str, Any]]:
    """One record a counter, with one entry a step between our figure and the counter's; the module is not touched.

    Args:
        shape: (N, …) of what the module is given.
        before: called with the name of each counter before it runs.

    Raises: TraceError, UnknownOpError: as `witness`.
    """
    batch = witness(blank_copy(module), shape, allow_uncounted=allow_uncounted)
    one = (1, *shape[1:])
    single = batch if shape == one else witness(blank_copy(module), one, allow_uncounted=allow_uncounted)
    counters = [import_module(f"analysis.crosscheck.{name}").COUNTER for name in COUNTERS]
    rows = []
    for counter in counters:
        before(counter.name)
        rows.append(_row(counter, module, shape, batch, single))
    return rows


def _row(counter: Counter, module: nn.Module, shape: Shape, batch: list[Use], single: list[Use]) -> dict[str, Any]:
    ours = counter.units_per_mac * _macs(batch)
    row: dict[str, Any] = {
        "counter": counter.name,
        "reported_as": counter.reported_as,
        "unit": counter.unit,
        "ours": ours,
        "quote_when": counter.quote_when,
    }
    try:
        reading = _read(counter, module, shape, batch)
        row["version"] = version(counter.package)
    except Exception as error:
        return row | {"verdict": _failure(counter, error)}
    seen = batch if counter.sees_batch else single
    steps = {"batch": counter.units_per_mac * (_macs(seen) - _macs(batch))} | _steps(counter, seen)
    residual = reading.value - ours - sum(steps.values())
    steps = {step: value for step, value in steps.items() if value}
    verdict = _verdict(counter, reading, ours, steps, residual, seen)
    return row | {"reported": reading.value, "residual": residual, "verdict": verdict} | steps


def _macs(uses: list[Use]) -> int:
    return sum(use.macs for use in uses)


def _read(counter: Counter, module: nn.Module, shape: Shape, uses: list[Use]) -> Reading:
    """A counter's figure: on tensors without data, and where it fails on those, on real ones if that is quick."""
    try:
        return _run(counter, blank_copy(module), torch.empty(shape, device="meta"))
    except Exception:
        if _macs(uses) > MOST_REAL_MACS or not find_spec(counter.package):
            raise
    return _run(counter, blank_copy(module, "cpu"), torch.zeros(shape))


def _run(counter: Counter, module: nn.Module, image: Tensor) -> Reading:
    """Run a counter without letting it speak."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        return counter.run(module, image)


def _failure(counter: Counter, error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == counter.package:
        return f"{counter.name} is not installed: `pip install {counter.package}` adds it."
    return f"{counter.name} fails on this network: {first_line(error)}."


def _steps(counter: Counter, uses: list[Use]) -> dict[str, int]:
    """What the counter counts beside our multiply-accumulates, and which of those it does not count."""
    steps: Tally[str] = Tally()
    for use in uses:
        parts = dict(counter.count(use))
        beyond = parts.pop(MACS, 0) - counter.units_per_mac * use.macs
        steps[f"{'extra' if beyond > 0 else 'missed'} {words(use.layer.op)}"] += beyond
        steps.update(parts)
    return steps


def _verdict(
    counter: Counter, reading: Reading, ours: int, steps: dict[str, int], residual: int, uses: list[Use]
) -> str:
    """How far the counter is from us and what it gets wrong on this network, in sentences."""
    difference = reading.value - ours
    sentences = ["It agrees to the last operation." if not (steps or residual) else ""]
    if difference:
        distance = f"{_percent(abs(difference), ours)} {'above' if difference > 0 else 'below'} ours"
        sentences.append(f"It is {distance}: {', '.join(_by_weight(steps))}.")
    if "batch" in steps:
        sentences.append("It gives the figure of one image, whatever the batch.")
    if residual:
        sentences.append(f"The rules of {counter.name} do not explain {residual:+,}.")
    return " ".join(filter(None, [*sentences, *counter.find_faults(uses), reading.remark]))


def _by_weight(steps: dict[str, int]) -> list[str]:
    """The steps, largest first; what is counted again is named once."""
    return sorted((step for step in steps if not step.endswith(" again")), key=lambda step: -abs(steps[step]))


def _percent(part: int, whole: int) -> str:
    """A share that may be tiny, with three significant digits; of nothing, the part itself.

    >>> _percent(221, 10_000), _percent(3, 100_000), _percent(7, 0)
    ('2.21 %', 'less than 0.01 %', '7')
    """
    if not whole:
        return f"{part:,}"
    return f"{100 * part / whole:.3g} %" if part / whole >= 1e-4 else "less than 0.01 %"
