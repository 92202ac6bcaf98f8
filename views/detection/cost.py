"""Detection: what does a backbone cost in a detector, and where does the arithmetic go?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.columns import column, columns
from analysis.detector_costs import COMPARED, SHARES, PartCosts, detector_title, share_finding, traffic_finding
from analysis.export import frame_of
from analysis.quantities import QUANTITIES, label_of
from archs.registry import list_families
from views import tables, widgets
from views.charts import detectors as figures
from views.detection.asked import DETECTORS, Asked, ask, counted
from views.detection.question import PARAMETERS
from views.hardware.question import marks
from views.workbench import config_of

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

TABLE_HEIGHT = 460
QUANTITY_TITLES = {key: label_of(key) for key in COMPARED}
PARTS_HELP = (
    "All counted, by plan, of the whole batch: backbone, then what makes its maps alike (neck), what proposes boxes "
    "(RPN), and what finds boxes and classes (head). Post-processing depends on the image and is not counted; "
    "second stages are counted at a stated number of proposals."
)
TRAFFIC_HELP = (
    "Of the backbones alone, at this input: what their layers read and write when each runs as its own kernel. The "
    "dotted line joins the two that contradict each other most: fewer MACs, but more traffic."
)


def draw_cost() -> None:
    """The section."""
    widgets.know_parameters(PARAMETERS)
    names, asked = ask()
    costs = {name: counted(name, asked) for name in names}
    widgets.say_left_out({name: why for name, why in costs.items() if isinstance(why, str)})
    found = in_order([one for one in costs.values() if isinstance(one, PartCosts)])
    if not found:
        st.info("Choose a backbone in the sidebar, or another image size.")
        return
    says = st.container()
    _draw_parts(found, asked, says)
    _draw_traffic(found, f"{asked.at}, {asked.dtype}")
    _draw_table(found, asked)


def in_order(found: Sequence[PartCosts]) -> list[PartCosts]:
    """By family, then by size."""
    families = [*list_families()]
    return sorted(found, key=lambda one: (families.index(config_of(one.name).family), one.backbone("params")))


def _draw_parts(found: Sequence[PartCosts], asked: Asked, says: DeltaGenerator) -> None:
    title, place = st.columns([3, 1], vertical_alignment="bottom")
    key = widgets.choose("Cost", "part_cost", QUANTITY_TITLES, COMPARED[0], place, label_visibility="collapsed")
    title.header("Where does the cost sit?", help=f"{PARTS_HELP}\n\n{QUANTITIES[key].definition}", anchor=False)
    with says:
        widgets.say(
            share_finding(found, key, f"{detector_title(asked.on(found[0].name))} at {asked.at}"), *names_of(found)
        )
    theme = widgets.current_theme()
    figure = figures.parts(found, key, marks(names_of(found), theme), theme)
    described = f"Stacked bars: {label_of(key)} of the parts of {len(found)} networks in {DETECTORS[asked.kind]}."
    widgets.draw(figure, "parts_chart", described)


def names_of(found: Sequence[PartCosts]) -> list[str]:
    """The backbones' names."""
    return [one.name for one in found]


def _draw_traffic(found: Sequence[PartCosts], circumstances: str) -> None:
    st.header("Does the backbone's arithmetic tell what it moves?", help=TRAFFIC_HELP, anchor=False)
    widgets.say(traffic_finding(found, circumstances), *names_of(found))
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
