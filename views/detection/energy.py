"""Detection: what energy does an image take, and how many are there a second?"""

from __future__ import annotations

from typing import Any

import streamlit as st

from analysis.columns import columns
from analysis.detection import list_detectors
from analysis.detection_findings import EXPORTED_KEYS, distinct, energy_findings, gains
from analysis.export import frame_of
from views import tables, widgets
from views.charts import detection as figures
from views.detection.question import PARAMETERS

HELP = "As the authors' tables state it, of a whole detector and one image; hover a bar for its source."
#: Each a chart, by their titles.
STATED = {
    "What energy does an image take?": "detector.joules_per_image",
    "How long does an image take?": "detector.seconds",
}
TABLE = columns(
    *("backbone", "detector", "detector.dataset", "detector.image_size", "detector.joules_per_image"),
    *("detector.seconds", "box_ap", "voc_map", "macs_as_stated", "detector.memory_bytes", "detector.device"),
    *("detector.group", "source", "note"),
)


def draw_energy() -> None:
    """The section."""
    widgets.know_parameters(PARAMETERS)
    found = [one for one in list_detectors() if one.cost("joules_per_image")]
    rows: list[dict[str, Any]] = [row for one in found for row in one.rows()]
    pairs = distinct(gains(found, over=("densenet",)))
    for sentence in energy_findings(pairs):
        widgets.say(sentence)
    st.caption(
        "Published by VoVNet's authors, on a device that they do not name; nothing here was measured by DenseScope."
    )
    theme = widgets.current_theme()
    for place, (title, key) in widgets.side_by_side(list(STATED.items())):
        with place:
            st.header(title, help=HELP, anchor=False)
            [column] = columns(key)
            widgets.draw(figures.stated(rows, column, theme), f"stated_{column.key}", f"Bars of {column.title}.")
    st.header("What the tables state", anchor=False, help=HELP)
    tables.show(frame_of(rows), TABLE, "energies_table")
    widgets.downloads(frame_of({key: row.get(key) for key in EXPORTED_KEYS} for row in rows), "detectors_energy")
