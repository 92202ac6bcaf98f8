"""What the Hardware view asks of GPUs: which devices, and what they are given."""

from __future__ import annotations

from typing import NamedTuple

import streamlit as st

from analysis.hardware.devices import PRECISION_BYTES, Device, get_device, list_devices, parse_device
from analysis.hardware.measure.record import Measurement
from analysis.hardware.measure.results import Results
from analysis.hardware.predict.own_runs import MIN_RUNS, calibrate_by
from analysis.hardware.predict.predict import LAYOUTS
from analysis.hardware.speeds import Conditions
from analysis.units import format_share
from archs.errors import DenseScopeError
from views import sidebar, widgets

DEFAULT_DEVICES = ("RTX 5090", "RTX 4090", "RTX 3090")
BATCHES = ("256", "1", "8", "32", "64", "128", "512", "1024")
_CONDITION_KEYS = ("devices", "calibrate", "gpu_batch", "gpu_precision", "layout")
DEVICE_FILE = """A JSON object in base units, for example

```json
{"name": "my GPU", "fp32_flops_per_s": 4e13,
 "fp16_flops_per_s": 1.6e14, "bandwidth_bytes_per_s": 1e12}
```

With the name that the history of benchmarks has for it, your measurements
stand beside its predictions. It is kept for as long as this page is open."""
CALIBRATE = (
    f"Fits the predictions for a device to your own measurements of it, where at least {MIN_RUNS} different ones suit: "
    "run benchmarks there, or import them."
)


class Question(NamedTuple):
    """What the whole view is about."""

    names: list[str]
    devices: list[Device]
    conditions: Conditions
    #: The user's own, whatever they were taken at.
    measurements: list[Measurement]


def ask(*, conditions: bool = True) -> Question:
    """The widgets in the sidebar, and what they say.

    Args:
        conditions: whether the section asks on which devices, and what they are given.
    """
    size, own = sidebar.current_image_size(), measurements()
    with st.sidebar:
        st.subheader("Networks")
        names = sidebar.choose_networks()
        sidebar.choose_libraries()
        if not conditions:
            for key in _CONDITION_KEYS:  # a link may hold them for the other sections
                widgets.check_link(key, lambda _: True, "")
            return Question(names, [], Conditions(image_size=size), own)
        st.subheader("Devices")
        devices = choose_devices()
        accept_device()
        if widgets.switch("Calibrate by my runs", "calibrate", False, help=CALIBRATE):
            devices = [calibrated(device, own) for device in devices]
        batch, precision, layout = ask_conditions()
    return Question(names, devices, Conditions(batch, size, precision, layout), own)


def choose_devices() -> list[Device]:
    """Shipped devices and the user's."""
    own = own_devices()
    options = list(dict.fromkeys([*list_devices()[::-1], *own]))
    chosen = widgets.choose_many("Devices", "devices", options, DEFAULT_DEVICES, label_visibility="collapsed")
    return [own[name] if name in own else get_device(name) for name in chosen]


def calibrated(device: Device, measurements: list[Measurement]) -> Device:
    """The device, calibrated where the user's runs suffice; says how well, or why not."""
    try:
        found = calibrate_by(measurements, device)
    except DenseScopeError as error:
        st.caption(str(error))
        return device
    error = found.error
    st.caption(
        f"{device.name} is calibrated by {error.figures} of your runs. Each, predicted from the others, is off by "
        f"{format_share(error.median)} in the median, {format_share(error.worst)} at worst."
    )
    return found


def ask_conditions() -> tuple[int, str, str]:
    """Batch, precision and layout on the GPU; image sizes are those of the sidebar."""
    left, right = st.columns(2)
    with left:
        batch = widgets.choose("Batch size", "gpu_batch", BATCHES, "256", help="Images at once, on every device.")
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
