"""Detection: which batch of a detector fits a device, and how long does one take there?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.columns import Column, columns, count
from analysis.detector_loads import PREDICTED, Held, PartTimes, fits_finding
from analysis.export import frame_of
from analysis.facts import get_device
from analysis.units import join
from views import tables, widgets
from views.charts import detectors as figures
from views.detection.asked import Asked, ask, counted_in_order, held, predicted
from views.hardware.question import marks

HELP = (
    "All that is held at the batch in the sidebar, counted: weights, buffers and tensors; in training with SGD's "
    "momentum also gradients and what is saved for the backward pass, without what losses make. Workspace of kernels "
    "comes on top, so that the largest batch of a real device is smaller."
)
BATCH_HELP = "The largest that fits the device; 0 where not one image does."
COLUMNS = (
    *columns("network.name", "inference_bytes"),
    Column("inference_batch", "Batch, inference", BATCH_HELP, count),
    *columns("training_bytes"),
    Column("training_batch", "Batch, training", BATCH_HELP, count),
    *columns(PREDICTED, "at_least_seconds", "at_most_seconds"),
)


def draw_memory() -> None:
    """The section."""
    names, asked = ask(device=True)
    budget = get_device(asked.device).memory_bytes
    if budget is None:
        st.info(f"The data sheet of {asked.device} tells of no memory, as that of no CPU does: choose another device.")
        return
    found = counted_in_order(names, asked)
    memories = {one.name: held(one.name, asked) for one in found}
    widgets.say_left_out({name: why for name, why in memories.items() if isinstance(why, str)})
    known = [one for one in memories.values() if isinstance(one, Held)]
    if not known:
        return
    says = [one.name for one in known]
    widgets.say(fits_finding(known, f"{asked.title} at {asked.at}", asked.device, budget))
    theme = widgets.current_theme()
    st.header("What does it hold?", help=HELP, anchor=False)
    figure = figures.memory(known, marks(says, theme), theme)
    widgets.draw(figure, "held_chart", f"Bars of memory held by {len(known)} detectors.")
    _draw_table(known, asked)


def _draw_table(known: Sequence[Held], asked: Asked) -> None:
    times = {one.name: predicted(one.name, asked) for one in known}
    told = [one for one in times.values() if isinstance(one, PartTimes)]
    by_name = {one.costs.name: one.range() for one in told}
    frame = frame_of(one._asdict() | by_name.get(one.name, {}) for one in known)
    st.header("Which batch fits, and how long does one take?", help=HELP, anchor=False)
    tables.show(frame, [each for each in COLUMNS if each.key in frame], "memory_table")
    st.caption(
        f"Memory is counted; times are predicted, of batch {asked.batch_size:,} in {asked.dtype} on {asked.device} in "
        f"eager mode: {join(dict.fromkeys(one.error_meaning.removeprefix('the bar: ') for one in told))}."
    )
    widgets.downloads(frame, f"{asked.kind}_memory")
