"""What the Hardware view asks of GPUs: which devices, and what they are given."""

from __future__ import annotations

import json
from typing import NamedTuple

import streamlit as st

from analysis.devices import PRECISION_BYTES, Device, device_of, get_device, list_devices
from analysis.measuring.record import Measurement
from analysis.prediction.predict import LAYOUTS
from analysis.results import Results
from analysis.speeds import Conditions
from archs.errors import ConfigError, DenseScopeError
from views import inputs, selection, widgets

DEFAULT_DEVICES = ("RTX 5090", "RTX 4090", "RTX 3090")
BATCHES = ("256", "1", "8", "32", "64", "128", "512", "1024")
DEVICE_FILE = """A JSON object in base units, for example

```json
{"name": "my GPU", "fp32_flops_per_s": 4e13,
 "fp16_flops_per_s": 1.6e14, "bandwidth_bytes_per_s": 1e12}
```

It is kept for as long as this page is open."""


class Question(NamedTuple):
    """What the whole view is about."""

    names: list[str]
    devices: list[Device]
    conditions: Conditions
    #: The user's own, whatever they were taken at.
    measurements: list[Measurement]


def ask() -> Question:
    """The widgets in the sidebar, and what they say."""
    with st.sidebar:
        st.subheader("Networks")
        names = selection.choose_networks()
        selection.choose_libraries()
        st.subheader("Devices")
        own = own_devices()
        options = list(dict.fromkeys([*list_devices()[::-1], *own]))
        chosen = widgets.choose_many("Devices", "devices", options, DEFAULT_DEVICES, label_visibility="collapsed")
        accept_device()
        batch, precision, layout = ask_conditions()
    conditions = Conditions(batch, inputs.current().image_size, precision, layout)
    devices = [own[name] if name in own else get_device(name) for name in chosen]
    return Question(names, devices, conditions, measurements())


def ask_conditions() -> tuple[int, str, str]:
    """Batch, precision and layout on the GPU; image sizes are those of the sidebar."""
    left, right = st.columns(2)
    with left:
        batch = widgets.choose("GPU batch", "gpu_batch", BATCHES, "256", help="Images at once, on every device.")
        layout = widgets.choose("Layout", "layout", LAYOUTS, "nchw", help="nhwc is channels last.")
    with right:
        precision = widgets.choose(
            "Precision", "gpu_precision", tuple(PRECISION_BYTES), "fp16", help="fp16 and bf16 as under autocast."
        )
    return int(batch), precision, layout


def own_devices() -> dict[str, Device]:
    """The devices that the user brought, by name."""
    return st.session_state.setdefault("own_devices", {})


def accept_device() -> None:
    """A device file of the user's."""
    with st.popover("Add a device", icon=":material/add:"):
        st.markdown(DEVICE_FILE)
        st.file_uploader("Device file", type="json", key="device_file", on_change=_take_device)
    if sentence := st.session_state.pop("device_problem", None):
        st.error(sentence, icon=":material/error:")


def _take_device() -> None:
    """Add what was uploaded to the selection."""
    file = st.session_state["device_file"]
    if file is None:
        return
    try:
        device = parse_device(file.getvalue(), file.name)
    except DenseScopeError as error:
        st.session_state["device_problem"] = str(error)
        return
    own_devices()[device.name] = device
    st.session_state["devices"] = list(dict.fromkeys([*st.session_state.get("devices", ()), device.name]))


def parse_device(content: bytes, name: str) -> Device:
    """A device file's content. Raises: ConfigError: it is no device, or one that a shipped one's name belongs to."""
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        raise ConfigError("device file", name, "a JSON file") from None
    if not isinstance(values, dict):
        raise ConfigError("device file", name, "a JSON object such as {name: …, fp32_flops_per_s: …}")
    device = device_of(values)
    if device.name.casefold() in (shipped.casefold() for shipped in list_devices()):
        raise ConfigError("name", device.name, "one that no shipped device has")
    return device


def measurements() -> list[Measurement]:
    """The user's own measurements; says so where they cannot be read, and goes on without."""
    try:
        return Results().all()
    except DenseScopeError as error:
        st.error(str(error), icon=":material/error:")
        return []


def choose_device(question: Question) -> Device:
    """One of the chosen devices, the same in all sections that show one."""
    by_name = {device.name: device for device in question.devices}
    return by_name[widgets.choose("Device", "device", list(by_name), next(iter(by_name)))]
