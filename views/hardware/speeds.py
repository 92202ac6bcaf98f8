"""What the sections of the Hardware view share: speeds, cached, their colours and their table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from analysis.findings import join, reason
from analysis.hardware.devices import Device
from analysis.hardware.predict.own_runs import CalibratedDevice
from analysis.hardware.speeds import EXECUTIONS, Conditions, Speed, find_speeds, measured_speeds
from analysis.targets import is_library_name
from analysis.units import format_share, format_si, format_size
from archs.errors import DenseScopeError
from views import tables
from views.hardware.inputs import Question
from views.networks import variant
from views.theme import Theme
from views.workbench import config_of, target_of

TITLES = {
    "name": ("Network", "Name in the registry."),
    "device": ("Device", "By its data sheet; of a measurement, as the machine calls it."),
    "execution": ("Execution", "eager, or compiled by torch.compile."),
    "evidence": ("Evidence", "measured here, published by others, or predicted by DenseScope's model."),
    "flops_per_s": ("FLOP/s", "2 × MACs of convolution and linear layers / time."),
    "share_of_peak": ("of peak", "FLOP/s / the data sheet's peak at the precision."),
    "images_per_s": ("Images/s", "Images per second."),
    "seconds_per_image": ("Time of an image", "1 / images per second, in batches."),
    "error_below": ("Less by up to", "Worst known error of such predictions; of measurements, the quartiles."),
    "error_above": ("More by up to", "Worst known error of such predictions; of measurements, the quartiles."),
    "batch_size": ("Batch", "Images at once."),
    "image_size": ("Input", "Height × width in pixels."),
    "precision": ("Precision", "Of the multiplications; amp is PyTorch's autocast."),
    "layout": ("Layout", "Order of a tensor's axes in memory."),
    "source": ("Source", "Who says so, or what ran."),
    "note": ("Doubts", "Where sources contradict each other."),
}


class Known(NamedTuple):
    """What is known in reply to the question, and why some networks are left out."""

    speeds: list[Speed]
    left_out: dict[str, str]


def known(question: Question, names: Sequence[str] | None = None, devices: Sequence[Device] | None = None) -> Known:
    """Every speed of some networks (those of the question) on some devices (those of the question)."""
    names, devices = names or question.names, devices or question.devices
    found = {name: _speeds_or_reason(name, tuple(devices), question.conditions) for name in names}
    taken = [name for name, speeds in found.items() if not isinstance(speeds, str)]
    own = measured_speeds(question.measurements, taken, [device.name for device in devices], question.conditions)
    speeds = [
        *(speed for name in taken for speed in found[name] if isinstance(speed, Speed)),
        *own,
    ]
    return Known(speeds, {name: text for name, text in found.items() if isinstance(text, str)})


@st.cache_data(max_entries=1024, show_spinner=False)
def _speeds_or_reason(name: str, devices: tuple[Device, ...], conditions: Conditions) -> list[Speed] | str:
    try:
        return find_speeds(target_of(name), devices, EXECUTIONS, conditions)
    except DenseScopeError as error:
        return reason(error)


def colours(names: Sequence[str], theme: Theme) -> dict[str, str]:
    """The colour of each network."""
    families = {name: None if is_library_name(name) else config_of(name).family for name in names}
    return {name: theme.variant_colour(family, variant(name)) for name, family in families.items()}


def show_table(speeds: Sequence[Speed], key: str) -> None:
    """One row a figure."""
    frame = pd.DataFrame([speed.row() for speed in speeds])
    sizes, write_size = tables.by_area(frame["image_size"])
    writers = {
        "flops_per_s": lambda value: format_si(value, "FLOP/s"),
        "images_per_s": format_si,
        "seconds_per_image": lambda value: format_si(value, "s"),
        "share_of_peak": format_share,
        "error_below": format_share,
        "error_above": format_share,
        "image_size": write_size,
    }
    tables.show(frame.assign(image_size=sizes).replace({"note": {"": None}}), writers, TITLES, key, height=460)


def circumstances(question: Question) -> str:
    """What predictions are for, what else is shown beside them, and where they are calibrated by the user's runs."""
    conditions = question.conditions
    size = conditions.image_size
    sides = (size, size) if isinstance(size, int) else size
    at = f"{format_size(sides)} input" if sides else "each network's own input size"
    others = (
        "Published figures are for batches of 256 to 1,024 in amp fp16."
        if conditions.are_published
        else "No published throughput is for such conditions: they are for batches of 256 and more in fp16."
    )
    own = [device for device in question.devices if isinstance(device, CalibratedDevice)]
    calibrated = (
        f" Predictions on {join([device.name for device in own])} are calibrated by your own runs." if own else ""
    )
    return f"At {at}, batch {conditions.batch_size}, {conditions.precision}, {conditions.layout}. {others}{calibrated}"
