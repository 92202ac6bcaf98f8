"""Detection: what does a backbone cost in a detector, and where does the arithmetic go?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.columns import column, columns
from analysis.detection_findings import found_with
from analysis.detector_costs import COMPARED, SHARES, PartCosts, share_finding, traffic_finding
from analysis.detector_loads import PREDICTED, PartTimes
from analysis.export import frame_of
from analysis.quantities import QUANTITIES, label_of
from views import tables, widgets
from views.charts import detectors as figures
from views.detection.asked import DETECTORS, Asked, ask, counted_in_order, predicted
from views.hardware.question import marks

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

TABLE_HEIGHT = 460
QUANTITY_TITLES = {key: label_of(key) for key in (*COMPARED, PREDICTED)}
PARTS_HELP = (
    "All counted, by plan, of the whole batch: backbone, then what makes its maps alike (neck), what proposes boxes "
    "(RPN), and what finds boxes and classes (head). Post-processing depends on the image and is not counted; "
    "second stages are counted at a stated number of proposals."
)
TIME_HELP = "Predicted, in eager mode, on the device in the sidebar: outlined, as everywhere."
TRAFFIC_HELP = (
    "Of the backbones alone, at this input: what their layers read and write when each runs as its own kernel. The "
    "dotted line joins the two that contradict each other most: fewer MACs, but more traffic."
)


def draw_cost() -> None:
    """The section."""
    names, asked = ask(device=widgets.coming_value("part_cost") in (PREDICTED, label_of(PREDICTED)))
    found = counted_in_order(names, asked)
    if not found:
        return
    says = st.container()
    st.caption(widgets.literal(found_with(DETECTORS[asked.kind], names_of(found))))
    _draw_parts(found, asked, says)
    _draw_traffic(found, f"{asked.at}, {asked.dtype}")
    _draw_table(found, asked)


def _draw_parts(found: Sequence[PartCosts], asked: Asked, says: DeltaGenerator) -> None:
    title, place = st.columns([3, 1], vertical_alignment="bottom")
    key = widgets.choose("Cost", "part_cost", QUANTITY_TITLES, COMPARED[0], place, label_visibility="collapsed")
    is_predicted = key == PREDICTED
    help = TIME_HELP if is_predicted else PARTS_HELP
    title.header("Where does the cost sit?", help=f"{help}\n\n{QUANTITIES[key].definition}", anchor=False)
    errors: list[tuple[float, float] | None] = []
    if is_predicted:
        times = {one.name: predicted(one.name, asked) for one in found}
        widgets.say_left_out({name: why for name, why in times.items() if isinstance(why, str)})
        known = [one for one in times.values() if isinstance(one, PartTimes)]
        found, errors = [one.costs for one in known], [one.error for one in known]
        for meaning in dict.fromkeys(one.error_meaning for one in known):
            st.caption(f"On {asked.device}, eager, batch {asked.batch_size:,}, {asked.dtype}: {meaning}.")
    if not found:
        return
    with says:
        widgets.say(share_finding(found, key, f"{asked.title} at {asked.at}"))
    theme = widgets.current_theme()
    figure = figures.parts(found, key, marks(names_of(found), theme), theme, errors)
    described = f"Stacked bars: {label_of(key)} of the parts of {len(found)} networks in {DETECTORS[asked.kind]}."
    widgets.draw(figure, "parts_chart", described)


def names_of(found: Sequence[PartCosts]) -> list[str]:
    """The backbones' names."""
    return [one.name for one in found]


def _draw_traffic(found: Sequence[PartCosts], circumstances: str) -> None:
    st.header("Does the backbone's arithmetic tell what it moves?", help=TRAFFIC_HELP, anchor=False)
    widgets.say(traffic_finding(found, circumstances))
    theme = widgets.current_theme()
    figure = figures.traffic(found, marks(names_of(found), theme), theme)
    widgets.draw(figure, "traffic_chart", f"Memory traffic against MACs of {len(found)} backbones.")


def _draw_table(found: Sequence[PartCosts], asked: Asked) -> None:
    st.header("Every part", anchor=False, help="Click a column's head to sort, hover it for its meaning.")
    told = [each for key in COMPARED for each in (column(key), SHARES[key])]
    rows = [row for one in found for row in one.rows()]
    frame = frame_of(rows)
    tables.show(frame, [*columns("network.name", "part"), *told], "parts_table", TABLE_HEIGHT)
    st.caption(
        f"Counted at {asked.at}, batch {asked.batch_size:,}, {asked.dtype}; costs are of the whole batch at inference."
    )
    widgets.downloads(frame, f"{asked.kind}_parts")
