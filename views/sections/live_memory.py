"""What is alive as a network runs: the chart of live bytes, its table, and until when tensors are held."""

from __future__ import annotations

import pandas as pd

from analysis.columns import columns
from analysis.memory.inference import LIVE_KINDS, InferenceMemory
from analysis.units import format_si
from views import tables, widgets
from views.charts import memory as figures
from views.charts.panels import behind

HELP = (
    "Bytes of all tensors that are alive as a layer runs, its inputs and its output among them; a ReLU overwrites its "
    "input where nothing else reads that. A tensor has the colour of the layer that allocates it. Weights and the "
    "kernels' workspace are not in it. Hover a layer for its largest tensors."
)
#: Keys of `analysis.memory.LIFETIMES`.
LIFETIMES = {"eager": "As by eager modules", "minimal": "Until the last reader"}
#: So many of the tensors that are alive are named.
NAMED = 4
SHOWN = columns("layer.name", "number", "stage", "op", "live_bytes", "allocated_bytes", "tensors", "largest")
TABLE_HEIGHT = 460


def choose_lifetimes() -> str:
    """Until when tensors are held: a key of `LIFETIMES`."""
    return widgets.choose("Tensors are held", "lifetimes", LIFETIMES, "eager")


def draw_live_memory(
    memory: InferenceMemory, key: str, *, live: bool = False, ghost: InferenceMemory | None = None
) -> pd.DataFrame:
    """The chart and its table; the frame that they show. `live` as in `widgets.chart_or_table`.

    `ghost`: another network's, drawn over it as a line.
    """
    frame = timeline(memory)
    with widgets.chart_or_table("What is alive as each layer runs?", HELP, lambda: show_timeline(frame), live=live):
        before = None if ghost is None else behind(pd.DataFrame(ghost.rows()), frame)
        figure = figures.timeline(frame, LIVE_KINDS, widgets.current_theme(), before)
        widgets.draw(figure, key, f"Live bytes of {memory.summary.name} as each layer runs; the peak is marked.")
    return frame


def timeline(memory: InferenceMemory) -> pd.DataFrame:
    """One row a layer as it runs: live bytes, in all and in columns by kind of tensor, and the largest tensors."""
    frame = pd.DataFrame(memory.rows())
    frame.insert(0, "number", range(1, len(frame) + 1))
    alive = list(memory.alive_at_each(NAMED))
    largest = [", ".join(f"{tensor.name} ({format_si(tensor.nbytes, 'B')})" for tensor in one.largest) for one in alive]
    return frame.assign(**memory.live_by_kind(), tensors=[one.tensors for one in alive], largest=largest)


def show_timeline(frame: pd.DataFrame) -> None:
    """One row a layer as it runs."""
    tables.show(frame, SHOWN, "live_table", TABLE_HEIGHT)
