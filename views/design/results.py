"""What a design costs: headline figures against its baseline, and one chart at a time, so that changes show at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import pandas as pd
import streamlit as st

from analysis import Summary, predict
from analysis.choice import Trained
from analysis.columns import columns
from analysis.findings import Delta, deltas
from analysis.hardware.predict.predict import Prediction
from analysis.hardware.predict.step_prediction import predict_step
from analysis.hardware.speeds import usual_conditions
from analysis.memory import memory_of
from analysis.memory.training import TRAINING_DTYPES, saved_bytes
from analysis.quantities import QUANTITIES, in_a_sentence, label_of
from analysis.summary import comparison_row
from analysis.units import THIN_SPACE, format_change, format_exact, format_quantity, format_si, join
from archs.errors import DenseScopeError
from archs.registry import list_archs
from training.accuracy import finished_runs, runs_of
from views import cached, tables, widgets
from views.charts import depth as depth_figures
from views.charts import networks as network_figures
from views.charts.panels import behind
from views.sections import layer_tables
from views.sections.block_diagram import draw_block
from views.sections.channels import draw_channels
from views.sections.live_memory import draw_live_memory
from views.sections.paper_table import draw_table
from views.sidebar import InputSettings
from views.tables import Notation

HEADLINES = ("params", "macs", "memory_access_cost", "bytes_moved", "activations", "depth")
EXECUTIONS = ("eager", "compiled")


class Figure(NamedTuple):
    """One headline figure."""

    label: str
    delta: Delta
    write: Callable[[float], str]
    help: str
    #: Between which a predicted figure lies in nine of ten cases.
    ends: tuple[float, float] | None = None


def draw_counted(base: Summary, summary: Summary) -> None:
    """The figures that are counted, one a line."""
    with st.container(gap=None, key="design_counted"):
        for figure in (*_counted(base, summary), *_memory(base, summary)):
            _draw(figure)


def draw_predicted(base: Summary, summary: Summary, device: str) -> None:
    """Times, which are predicted for a device."""
    with st.container(gap=None, key="design_predicted"):
        figures = [*_predicted(base, summary, device), *_trained_in(base, summary, device)]
        for figure in figures:
            _draw(figure)
    told = [
        f"{in_a_sentence(one.label)} {' to '.join(map(one.write, one.ends))}" for one in figures if one.ends is not None
    ]
    if told:
        st.caption(f"Nine in ten lie within: {join(told)}.")


def draw_trained(base: Summary, summary: Summary) -> None:
    """What the design has learned here, against what the baseline has learned in the same way."""
    found = finished_runs()
    own, other = (runs_of(one.name, one.target.config, found) for one in (summary, base))
    if not own:
        return
    with st.container(gap=None, key="design_trained"):
        for title in dict.fromkeys(one.title for one in own):
            best = max((one for one in own if one.title == title), key=lambda one: one.accuracy)
            alike = [one.accuracy for one in other if one.conditions == best.conditions]
            _draw_accuracy(best, max(alike, default=None))


def _draw_accuracy(best: Trained, before: float | None) -> None:
    change = None if before is None or not best.accuracy - before else best.accuracy - before
    st.metric(
        widgets.literal(f"Trained here, {best.title}"),
        format_quantity("accuracy_here", best.accuracy),
        None if change is None else f"{100 * change:+.1f}{THIN_SPACE}points".replace("-", "−"),
        delta_color="off" if change is None else "green" if change > 0 else "red",
        delta_arrow="off" if change is None else "up" if change > 0 else "down",
        help=widgets.literal(f"{best.sentence} Run: {best.run}"),
    )


def _draw(figure: Figure) -> None:
    arrow, colour = {-1: ("down", "green"), 0: ("off", "off"), 1: ("up", "red")}[_sign(figure.delta.difference)]
    share, change = figure.delta.share, _change(figure.delta, figure.write)
    st.metric(
        figure.label,
        figure.write(figure.delta.value),
        format_change(share) if share else change,
        delta_color=colour,
        delta_arrow=arrow,
        help=f"{figure.help}\n\nAgainst the baseline: {change or 'the same'}",
    )


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def _change(delta: Delta, write: Callable[[float], str]) -> str | None:
    """The difference, absolute and as a share, if there is one."""
    if not delta.difference:
        return None
    sign = "−" if delta.difference < 0 else "+"
    share = f" ({format_change(delta.share)})" if delta.share else ""
    return f"{sign}{write(abs(delta.difference))}{share}"


def _counted(base: Summary, summary: Summary) -> Iterator[Figure]:
    for key, delta in deltas(base, summary).items():
        if key in HEADLINES:
            yield _figure(key, delta)


def _memory(base: Summary, summary: Summary) -> Iterator[Figure]:
    """Peak at inference; what training saves."""
    pair = base, summary
    yield _figure("peak_bytes", Delta(*map(_peak_bytes, pair)))
    if summary.dtype in TRAINING_DTYPES:
        yield _figure("saved_bytes", Delta(*map(_saved_bytes, pair)))


#: Of a network, what is computed once: the baseline stays while a slider moves, and undoing leads back.
_once = lru_cache(maxsize=64)


@_once
def _peak_bytes(summary: Summary) -> int:
    return memory_of(summary, "inference").peak_bytes


@_once
def _saved_bytes(summary: Summary) -> int:
    return saved_bytes(summary)


def _figure(key: str, delta: Delta) -> Figure:
    """Of a quantity that is counted."""
    quantity = QUANTITIES[key]
    exact = f"{quantity.definition}\n\nExactly: {format_exact(key, delta.value)}"
    return Figure(quantity.label, delta, partial(format_quantity, key), exact)


def _predicted(base: Summary, summary: Summary, device: str) -> Iterator[Figure]:
    """Seconds on a device, by the model."""
    given = usual_conditions(device)
    at = f"On {device} at batch {given.batch_size}, {given.precision}"
    for execution in EXECUTIONS:
        try:
            pair = [
                predict(one.target, device, given.batch_size, one.image_size, given.precision, execution=execution)
                for one in (base, summary)
            ]
        except DenseScopeError:
            continue
        yield _timed(execution.capitalize(), pair, f"{at}, {execution}")


def _trained_in(base: Summary, summary: Summary, device: str) -> Iterator[Figure]:
    """Seconds of a training step on a GPU, by the model."""
    given = usual_conditions(device)
    asked = (device, given.batch_size)
    try:
        pair = [predict_step(one.target, *asked, one.image_size, given.precision) for one in (base, summary)]
    except DenseScopeError:
        return
    where = f"On {device} at batch {given.batch_size}, {given.precision}, eager, SGD with momentum"
    yield _timed("Training step", pair, where)


def _timed(label: str, pair: Sequence[Prediction], where: str) -> Figure:
    """A predicted time, with the interval that is meant to hold nine of ten."""
    known = pair[1].interval
    help = f"{where}; {known.rule}." if known else f"{where}."
    ends = (known.low, known.high) if known else None
    return Figure(label, Delta(pair[0].seconds, pair[1].seconds), _seconds, help, ends)


def _seconds(value: float) -> str:
    return format_si(value, "s")


AXES = ("params", "macs", "memory_access_cost", "bytes_moved", "activations")
#: How a design looks among the registered networks: `views.theme.OTHER_VARIANTS`.
OWN_VARIANT = "your design"


#: Pixels of a panel along the depth: all are in sight at once.
PANEL = 82


def ghost_of(base: Summary, summary: Summary) -> Summary | None:
    """The baseline, once the design differs from it: it stands pale behind the charts along the depth."""
    return base if base.target.config != summary.target.config else None


#: The baseline's, which nothing writes into.
_frame_of = lru_cache(maxsize=4)(layer_tables.layer_frame)


def draw_depth(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """Channels, resolution and costs, layer by layer."""
    frame, ghost = layer_tables.layer_frame(summary), ghost_of(base, summary)
    help = (
        "One bar a layer, coloured by kind of operation; stages are the bands. Hover a layer for its name. Once the "
        "design differs, the baseline's layers of the same names stand pale behind it."
    )
    with widgets.chart_or_table(
        "Where along the depth does it cost?", help, lambda: layer_tables.show_profile(frame), live=True
    ):
        before = None if ghost is None else behind(_frame_of(ghost), frame)
        figure = depth_figures.profile(frame, widgets.current_theme(), before, PANEL)
        widgets.draw(figure, "design_depth", "Channels, resolution, MACs, memory access cost and traffic by layer.")


def draw_channels_of(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """How channels grow."""
    draw_channels([summary], ghost_of(base, summary))


def draw_memory(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """What is alive at inference."""
    ghost = ghost_of(base, summary)
    draw_live_memory(memory_of(summary), "design_memory", live=True, ghost=ghost and memory_of(ghost))


def draw_both_tables(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """As the family's paper would print it, beside the baseline."""
    draw_table([summary] if base.name == summary.name else [base, summary])


def draw_neighbours(base: Summary, summary: Summary, settings: InputSettings) -> None:
    """The design among the registered networks, each at its own input while the sidebar says so."""
    registered, _ = cached.comparison(list_archs(), settings)
    own = comparison_row(summary) | {"variant": OWN_VARIANT}
    frame = pd.concat([pd.DataFrame([own]), registered[registered["name"] != summary.name]], ignore_index=True)

    def table() -> None:
        tables.show(frame, columns("neighbour.name", *AXES), "design_neighbours_table")

    help = "Accuracy is no part of this: a network that costs less may also know less."
    with widgets.chart_or_table("Where does it stand among the registered networks?", help, table, live=True):
        left, right = st.columns(2)
        x = widgets.choose("Horizontal axis", "design_x", AXES, "macs", left, format_func=label_of)
        y = widgets.choose("Vertical axis", "design_y", AXES, "bytes_moved", right, format_func=label_of)
        shown = network_figures.Shown(frame, {}, Notation(), widgets.current_theme(), summary.name)
        figure = network_figures.scatter(shown, x, y, "params", log=True)
        widgets.draw(figure, "design_scatter", f"Scatter of {len(frame)} networks with the design among them.")


CHARTS: dict[str, Callable[[Summary, Summary, InputSettings], None]] = {
    "Along the depth": draw_depth,
    "Table": draw_both_tables,
    "Block": lambda base, summary, settings: draw_block([summary]),
    "Channels": draw_channels_of,
    "Memory": draw_memory,
    "Among the registered": draw_neighbours,
}
