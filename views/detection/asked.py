"""What is asked of detectors on the networks of the selection, and what is counted and predicted of each in reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import streamlit as st

from analysis import summarize
from analysis.detector_costs import PartCosts, detector_title, part_costs
from analysis.detector_loads import Held, PartTimes, held_memory, part_times
from analysis.facts import get_device
from analysis.findings import reason
from analysis.hardware.predict.predict import predict
from analysis.precision import parse_arithmetic
from analysis.units import format_size
from archs import checks
from archs.errors import DenseScopeError
from archs.layer import Pair
from archs.registry import list_families
from detectors import KINDS, BackboneConfig, resolve_detector
from views import sidebar, widgets
from views.answers import by_content
from views.detection.question import PARAMETERS
from views.networks import DEFAULT
from views.workbench import config_of, is_design

#: Detectors, by name and title.
DETECTORS = {name: kind.title for name, kind in KINDS.items() if name != BackboneConfig.kind}
#: Sides of squares, and the photos that detectors on pyramids are trained on, by their area.
PHOTO = "800×1344"
SIZES = ("300", "304", "320", "416", "512", "640", "800", "1024", PHOTO, "1333")
DEVICE_HELP = "Whose memory is filled, and on which times are predicted."
CHANNELS = ("64", "96", "128", "192", "256")


@dataclass(frozen=True)
class Asked:
    """A detector and its input, on whichever backbone."""

    kind: str
    size: Pair
    batch_size: int
    dtype: str
    #: Of the pyramid; None of a detector without one.
    channels: int | None
    #: "" where none is asked for.
    device: str

    @property
    def title(self) -> str:
        """As a sentence calls it."""
        return detector_title(self.on(DEFAULT.baseline))

    @property
    def at(self) -> str:
        """Its image, in a sentence."""
        return format_size(self.size)

    def on(self, name: str) -> BackboneConfig:
        """It on a network of the selection. Raises: DenseScopeError: it cannot be built on that."""
        own: dict[str, Any] = {} if self.channels is None else {"fpn_channels": self.channels}
        if not is_design(name):
            return resolve_detector(f"{self.kind}/{name}", **own)
        chosen, network = KINDS[self.kind], config_of(name)
        authors = {field: value for field, value in chosen.backbone_fields.items() if hasattr(network, field)}
        return chosen.config_type(backbone=config_of(name, **authors), **own)


def ask(*, device: bool = False) -> tuple[list[str], Asked]:
    """The widgets in the sidebar: backbones, the detector that stands on each, and a device where one is asked for."""
    widgets.know_parameters(PARAMETERS)
    with st.sidebar:
        st.header("Backbones")
        names = sidebar.choose_networks()
        st.header("Detector")
        kind = widgets.choose(
            "Detector", "detector", DETECTORS, "retinanet", label_visibility="collapsed", on_change=_take_own_size
        )
        size = checks.image_size(checks.parse_image_size(_choose_size(kind)))
        channels = None
        if any(each.name == "fpn_channels" for each in fields(KINDS[kind].config_type)):
            channels = int(widgets.choose("Channels of the pyramid", "fpn_channels", CHANNELS, CHANNELS[-1]))
        chosen = ""
        if device:
            chosen = sidebar.choose_device("Device", "speed_on", help=DEVICE_HELP)
    settings = sidebar.current()
    return names, Asked(kind, size, settings.batch_size, settings.dtype, channels, chosen)


def _choose_size(kind: str) -> str:
    return widgets.choose_step("Image", "detector_size", SIZES, own_size(kind))


def own_size(kind: str) -> str:
    """What a detector is made for, as the slider has it; on a pyramid, photos whose shorter side is that."""
    side = next(str(each.default) for each in fields(KINDS[kind].config_type) if each.name == "image_size")
    return {"800": PHOTO}.get(side, side)


def _take_own_size() -> None:
    st.session_state["detector_size"] = own_size(st.session_state["detector"])


@by_content(1024)
def counted(name: str, asked: Asked) -> PartCosts | str:
    """The costs of a backbone in a detector, or why they cannot be counted."""
    try:
        return part_costs(name, summarize(asked.on(name), asked.size, asked.batch_size, asked.dtype))
    except DenseScopeError as error:
        return reason(error)


def counted_in_order(names: Sequence[str], asked: Asked) -> list[PartCosts]:
    """What can be counted, by family and size; says why others cannot, and what to do where there is nothing."""
    costs = {name: counted(name, asked) for name in names}
    widgets.say_left_out({name: why for name, why in costs.items() if isinstance(why, str)})
    found = [one for one in costs.values() if isinstance(one, PartCosts)]
    if not found:
        st.info("Choose a backbone in the sidebar, or another image size.")
    families = [*list_families()]
    return sorted(found, key=lambda one: (families.index(config_of(one.name).family), one.backbone("params")))


@by_content(1024)
def predicted(name: str, asked: Asked) -> PartTimes | str:
    """Its time in eager mode, or why it cannot be predicted."""
    try:
        precision = parse_arithmetic(asked.dtype)
        target = asked.on(name)
        return part_times(name, predict(target, asked.device, asked.batch_size, asked.size, precision))
    except DenseScopeError as error:
        return reason(error)


@by_content(1024)
def held(name: str, asked: Asked) -> Held | str:
    """The memory of a detector, or why it cannot be counted."""
    try:
        summary = summarize(asked.on(name), asked.size, asked.batch_size, asked.dtype)
        return held_memory(name, summary, get_device(asked.device).memory_bytes)
    except DenseScopeError as error:
        return reason(error)
