"""Detection: what does a backbone cost in a detector, and where does the arithmetic go?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from detectors import KINDS, BackboneConfig, resolve_detector

from analysis import summarize
from analysis.columns import Column, column, columns
from analysis.detector_costs import COMPARED, PartCosts, part_costs, share_finding, traffic_finding
from analysis.export import frame_of
from analysis.findings import reason
from analysis.quantities import QUANTITIES, in_a_sentence, label_of
from analysis.units import format_share
from archs import checks
from archs.errors import DenseScopeError
from archs.layer import Pair
from archs.registry import list_families
from views import sidebar, tables, widgets
from views.cached import by_content
from views.charts import detectors as figures
from views.detection.question import PARAMETERS
from views.hardware.question import marks
from views.workbench import config_of, is_design

#: Detectors, by name and title.
DETECTORS = {name: kind.title for name, kind in KINDS.items() if name != BackboneConfig.kind}
#: Sides of squares, and the photos that detectors on pyramids are trained on, by their area.
PHOTO = "800×1344"
SIZES = ("300", "304", "320", "416", "512", "640", "800", "1024", PHOTO, "1333")
CHANNELS = ("64", "96", "128", "192", "256")
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
    with st.sidebar:
        st.header("Backbones")
        names = sidebar.choose_networks()
        st.header("Detector")
        kind = widgets.choose(
            "Detector", "detector", DETECTORS, "retinanet", label_visibility="collapsed", on_change=_take_own_size
        )
        size = checks.parse_image_size(widgets.choose_step("Image", "detector_size", SIZES, _own_size(kind)))
        channels = None
        if "fpn_channels" in KINDS[kind].config_type.__dataclass_fields__:
            channels = int(widgets.choose("Channels of the pyramid", "fpn_channels", CHANNELS, CHANNELS[-1]))
    settings = sidebar.current()
    given = kind, size, settings.batch_size, settings.dtype, channels
    costs = {name: _part_costs(name, *given) for name in names}
    found = [one for one in costs.values() if isinstance(one, PartCosts)]
    widgets.say_left_out({name: why for name, why in costs.items() if isinstance(why, str)})
    if not found:
        st.info("Choose a backbone in the sidebar, or another image size.")
        return
    families = [*list_families()]
    found.sort(key=lambda one: (families.index(config_of(one.name).family), one.backbone("params")))
    at = sidebar.InputSettings(size).describe(["image_size"]).removesuffix(" input")
    called = f"{DETECTORS[kind]} with {channels} channels" if channels else DETECTORS[kind]
    says = st.container()
    key = _draw_parts(found, kind)
    with says:
        widgets.say(share_finding(found, key, f"{called} at {at}"), *names)
    _draw_traffic(found, f"{at}, {settings.dtype}")
    _draw_table(found, kind)


def _own_size(kind: str) -> str:
    """What a detector is made for, as the slider has it; on a pyramid, photos whose shorter side is that."""
    side = str(KINDS[kind].config_type.__dataclass_fields__["image_size"].default)
    return {"800": PHOTO}.get(side, side)


def _take_own_size() -> None:
    st.session_state["detector_size"] = _own_size(st.session_state["detector"])


@by_content(1024)
def _part_costs(name: str, kind: str, size: Pair, batch_size: int, dtype: str, channels: int | None) -> PartCosts | str:
    """The costs of a backbone in a detector, or why they cannot be counted."""
    try:
        return part_costs(name, summarize(_target(name, kind, channels), size, batch_size, dtype))
    except DenseScopeError as error:
        return reason(error)


def _target(name: str, kind: str, channels: int | None) -> BackboneConfig:
    """A detector on a network of the selection."""
    own: dict[str, Any] = {} if channels is None else {"fpn_channels": channels}
    if not is_design(name):
        return resolve_detector(f"{kind}/{name}", **own)
    chosen, network = KINDS[kind], config_of(name)
    authors = {field: value for field, value in chosen.backbone_fields.items() if hasattr(network, field)}
    return chosen.config_type(backbone=config_of(name, **authors), **own)


def _draw_parts(found: Sequence[PartCosts], kind: str) -> str:
    """The picture, and the cost that it is of."""
    title, place = st.columns([3, 1], vertical_alignment="bottom")
    key = widgets.choose("Cost", "part_cost", QUANTITY_TITLES, COMPARED[0], place, label_visibility="collapsed")
    title.header("Where does the cost sit?", help=f"{PARTS_HELP}\n\n{QUANTITIES[key].definition}", anchor=False)
    theme = widgets.current_theme()
    figure = figures.parts(found, key, marks([one.name for one in found], theme), theme)
    described = f"Stacked bars: {label_of(key)} of the parts of {len(found)} networks in {DETECTORS[kind]}."
    widgets.draw(figure, "parts_chart", described)
    return key


def _draw_traffic(found: Sequence[PartCosts], circumstances: str) -> None:
    st.header("Does the backbone's arithmetic tell what it moves?", help=TRAFFIC_HELP, anchor=False)
    widgets.say(traffic_finding(found, circumstances), *(one.name for one in found))
    theme = widgets.current_theme()
    figure = figures.traffic(found, marks([one.name for one in found], theme), theme)
    widgets.draw(figure, "traffic_chart", f"Memory traffic against MACs of {len(found)} backbones.")


def _draw_table(found: Sequence[PartCosts], kind: str) -> None:
    st.header("Every part", anchor=False, help="Click a column's head to sort, hover it for its meaning.")
    rows = [
        row | {f"{key}_share": row[key] / one.total(key) for key in COMPARED} for one in found for row in one.rows()
    ]
    told = [each for key in COMPARED for each in (column(key), _share_of(key))]
    frame = frame_of(rows)
    tables.show(frame, [*columns("network.name", "part"), *told], "parts_table", 460)
    widgets.downloads(frame, f"{kind}_parts")


def _share_of(key: str) -> Column:
    return Column(f"{key}_share", f"Share of {in_a_sentence(label_of(key))}", "Of the whole detector.", format_share)
