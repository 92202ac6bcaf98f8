"""The headline figures of a design, each with what it is more or less than its baseline's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import streamlit as st

from analysis import Summary, predict
from analysis.findings import Delta, deltas
from analysis.memory import memory_of
from analysis.memory.training import TRAINING_DTYPES
from analysis.quantities import QUANTITIES
from analysis.units import format_change, format_exact, format_quantity, format_share, format_si
from archs.errors import DenseScopeError

HEADLINES = ("params", "macs", "memory_access_cost", "bytes_moved", "activations", "depth")
#: What a GPU is given: the batch and the precision at which predictions have been validated.
GPU_BATCH, PRECISION = 256, "fp16"
EXECUTIONS = ("eager", "compiled")


class Figure(NamedTuple):
    """One headline figure."""

    label: str
    delta: Delta
    write: Callable[[float], str]
    help: str


def draw(base: Summary, summary: Summary, device: str) -> None:
    """All of them, the counted ones first; times are predicted for a device."""
    with st.container(horizontal=True, gap="medium", key="design_counted"):
        for figure in (*_counted(base, summary), *_memory(base, summary)):
            _draw(figure)
    with st.container(horizontal=True, gap="medium", key="design_predicted"):
        for figure in _predicted(base, summary, device):
            _draw(figure)


def _draw(figure: Figure) -> None:
    arrow, colour = {-1: ("down", "green"), 0: ("off", "off"), 1: ("up", "red")}[_sign(figure.delta.difference)]
    st.metric(
        figure.label,
        figure.write(figure.delta.value),
        _change(figure.delta, figure.write),
        delta_color=colour,
        delta_arrow=arrow,
        help=figure.help,
        width="content",
    )


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _change(delta: Delta, write: Callable[[float], str]) -> str:
    """The difference, absolute and as a share."""
    if not delta.difference:
        return "as the baseline"
    sign = "−" if delta.difference < 0 else "+"
    share = f" ({format_change(delta.share)})" if delta.share else ""
    return f"{sign}{write(abs(delta.difference))}{share}"


def _counted(base: Summary, summary: Summary) -> Iterator[Figure]:
    for key, delta in deltas(base, summary).items():
        if key in HEADLINES:
            exact = f"{QUANTITIES[key].definition}\n\nExactly: {format_exact(key, delta.value)}"
            yield Figure(QUANTITIES[key].label, delta, lambda value, key=key: format_quantity(key, value), exact)


def _memory(base: Summary, summary: Summary) -> Iterator[Figure]:
    """Peak at inference; what training keeps."""
    pair = base, summary
    inference = Delta(*(memory_of(one, "inference").peak_bytes for one in pair))
    yield Figure("Peak memory", inference, _bytes, "Most bytes of tensors alive at once, at inference; no weights.")
    if summary.dtype in TRAINING_DTYPES:
        training = Delta(*(memory_of(one, "training").saved_bytes for one in pair))
        yield Figure("Kept in training", training, _bytes, "Bytes kept for the backward pass, weights excluded.")


def _predicted(base: Summary, summary: Summary, device: str) -> Iterator[Figure]:
    """Seconds on a GPU, by the model."""
    for execution in EXECUTIONS:
        try:
            pair = [
                predict(one.target, device, GPU_BATCH, one.image_size, PRECISION, execution=execution)
                for one in (base, summary)
            ]
        except DenseScopeError:
            continue
        error = pair[1].error
        known = f"±{format_share(error.median)}" if error else "error unknown"
        help = (
            f"On {device} at batch {GPU_BATCH}, {PRECISION}, {execution}; the error is the median of such predictions."
        )
        yield Figure(f"Predicted, {execution}, {known}", Delta(pair[0].seconds, pair[1].seconds), _seconds, help)


def _bytes(value: float) -> str:
    return format_si(value, "B")


def _seconds(value: float) -> str:
    return format_si(value, "s")
