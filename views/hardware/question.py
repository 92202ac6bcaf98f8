"""What the Hardware view is asked, and what is known in reply: networks, devices, conditions, and their speeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import pandas as pd
import streamlit as st

from analysis.columns import columns
from analysis.facts import Device, get_device, parse_device
from analysis.findings import reason
from analysis.hardware.measure.record import Measurement
from analysis.hardware.measure.results import Results, Version
from analysis.hardware.predict.calibrated import MIN_RUNS, CalibratedDevice, calibrate_by
from analysis.hardware.predict.predict import LAYOUTS
from analysis.hardware.speeds import EXECUTIONS, Conditions, Speed, find_speeds, measured_speed, measured_speeds
from analysis.precision import ARITHMETICS
from analysis.targets import is_library_name
from analysis.units import format_share, join
from archs.errors import DenseScopeError
from archs.layer import Pair
from views import sidebar, tables, widgets
from views.answers import by_content
from views.networks import variant
from views.sidebar import InputSettings
from views.theme import Mark, Theme
from views.workbench import config_of, target_of

DEFAULT_DEVICES = ("RTX 5090", "RTX 4090", "RTX 3090")
BATCHES = ("256", "1", "8", "32", "64", "128", "512", "1024")
#: Microseconds that a host takes to issue a kernel.
USUAL = "usual"
HOSTS = (USUAL, "4", "8", "15", "25", "35", "50", "75", "100", "150")
HOST_HELP = (
    "How long your machine takes to issue one kernel: it decides at small batches. Usual: 35 in eager mode (17 to 75 "
    "were seen; 1.3 times that under autocast), 8 compiled (4 to 20, assumed); the intervals hold the whole range."
)
#: A link may hold them for other sections.
_PARAMETERS = (
    *("networks", "devices", "device", "execution", "calibrate", "gpu_batch", "gpu_precision", "layout"),
    *("speed", "evidence", "cost", "layers_of", "host", "needed", "needed_of", "device_class"),
    *("step_optimizer", "epoch_images"),
)
DEVICE_FILE = """A JSON object in base units, for example

```json
{"name": "my GPU", "fp32_flops_per_s": 4e13,
 "fp16_flops_per_s": 1.6e14, "bandwidth_bytes_per_s": 1e12}
```

A CPU tells its cores instead of a peak: `cores`, `clock_hz`, `vector_bits` (256 for AVX2, 512 for AVX-512).

With the name that the history of benchmarks has for it, your measurements
stand beside its predictions. It is kept for as long as this page is open."""
CALIBRATE = (
    f"Fits the predictions for a device to your own measurements of it, where at least {MIN_RUNS} different ones suit: "
    "run benchmarks there, or import them."
)


_UNTITLED: dict[str, Any] = {"label_visibility": "collapsed"}


class Question(NamedTuple):
    """What the whole view is about."""

    names: list[str]
    devices: list[Device]
    conditions: Conditions
    #: The user's own, whatever they were taken at.
    measurements: list[Measurement]
    #: Where one is asked for.
    execution: str = EXECUTIONS[0]
    #: What what follows from the measurements is cached by.
    version: Version | None = None

    @property
    def device(self) -> Device:
        """The one that is asked for."""
        return self.devices[0]


def ask(devices: Literal["none", "one", "several", "all"] = "several") -> Question:
    """The widgets in the sidebar for what a section reads, and what they say.

    Args:
        devices: how many it reads, with what they are given; of one, and of all, also how they execute.
    """
    widgets.know_parameters(_PARAMETERS)
    size, own, version = sidebar.current().image_size, measurements(), Results().version
    with st.sidebar:
        st.header("Networks")
        question = Question(sidebar.choose_networks(), [], Conditions(image_size=size), own, version=version)
        sidebar.choose_libraries()
        if devices == "none":
            return question
        st.header("Device" if devices == "one" else "Devices", help=sidebar.DEVICES_HELP)
        ways = {"one": lambda: [choose_device()], "several": choose_devices, "all": lambda: [*_devices().values()]}
        chosen = ways[devices]()
        is_one_way = devices != "several"
        execution = widgets.choose_segment("Execution", "execution", EXECUTIONS, "eager") if is_one_way else ""
        accept_device()
        if widgets.switch("Calibrate by my runs", "calibrate", False, help=CALIBRATE):
            chosen = [calibrated(device, version, own) for device in chosen]
        conditions = ask_conditions(size)
    return question._replace(devices=chosen, conditions=conditions, execution=execution)


def choose_devices() -> list[Device]:
    """Any number of shipped devices and the user's."""
    devices = _devices()
    chosen = widgets.choose_many("Devices", "devices", list(devices), DEFAULT_DEVICES, **_UNTITLED)
    return [devices[name] for name in chosen]


def choose_device() -> Device:
    """One of them, the same in all sections that show one."""
    devices = _devices()
    return devices[widgets.choose("Device", "device", list(devices), DEFAULT_DEVICES[0], **_UNTITLED)]


def _devices() -> dict[str, Device]:
    return {name: get_device(name) for name in sidebar.devices_by_class()} | own_devices()


def calibrated(device: Device, version: Version, measurements: list[Measurement]) -> Device:
    """The device, calibrated where the user's runs suffice; says how well, or why not."""
    found = _calibrated(device, version, measurements)
    if isinstance(found, str):
        st.caption(widgets.literal(found))
        return device
    error = found.error
    st.caption(
        f"{widgets.literal(device.name)} is calibrated by {error.figures} of your runs. Each, predicted from the "
        f"others, is off by {format_share(error.median)} in the median, {format_share(error.worst)} at worst."
    )
    return found


@st.cache_resource(max_entries=128, show_spinner="Calibrating by your runs …")
def _calibrated(device: Device, version: Version, _measurements: list[Measurement]) -> CalibratedDevice | str:
    """A device, calibrated; a sentence where it cannot be."""
    try:
        return calibrate_by(_measurements, device)
    except DenseScopeError as error:
        return str(error)


def ask_conditions(size: int | Pair | None) -> Conditions:
    """Batch, precision and layout on the GPU, at an image size."""
    left, right = st.columns(2)
    batch = widgets.choose("Batch size", "gpu_batch", BATCHES, "256", left, help="Images at once, on every device.")
    layout = widgets.choose("Layout", "layout", LAYOUTS, "nchw", left, help="nhwc is channels last.")
    help = "16 bits as under autocast."
    precision = widgets.choose_precision("Precision", "gpu_precision", tuple(ARITHMETICS), "float16", right, help=help)
    host = widgets.choose("Host, µs", "host", HOSTS, USUAL, right, help=HOST_HELP)
    return Conditions(int(batch), size, precision, layout, None if host == USUAL else 1e-6 * float(host))


def own_devices() -> dict[str, Device]:
    """The devices that the user brought, by name."""
    return st.session_state.setdefault("own_devices", {})


def accept_device() -> None:
    """A device file of the user's."""
    with st.popover("Add a device", icon=":material/add:"):
        st.markdown(DEVICE_FILE)
        st.file_uploader("Device file", type="json", key="device_file", max_upload_size=1, on_change=_take_device)
    if sentence := st.session_state.pop("device_problem", None):
        widgets.say_error(sentence)


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
    st.session_state["device"] = device.name


def measurements() -> list[Measurement]:
    """The user's own measurements; says so where they cannot be read, and goes on without."""
    try:
        return Results().all()
    except DenseScopeError as error:
        widgets.say_error(str(error))
        return []


def own_speeds(question: Question) -> list[Speed]:
    """What the user's own measurements say of the networks, of each in the order in which they came."""
    return [speed for name in question.names for speed in _own_speeds(question.version, name, question.measurements)]


@st.cache_resource(max_entries=64, show_spinner=False)
def _own_speeds(version: Version | None, name: str, _measurements: list[Measurement]) -> list[Speed]:
    return [measured_speed(one) for one in _measurements if one.name == name and not one.out_of_memory]


SPEED_COLUMNS = columns(
    *("network.name", "device", "execution", "evidence", "flops_per_s", "share_of_peak", "images_per_s"),
    *("seconds_per_image", "error_below", "error_above", "checked", "batch_size", "image_size", "precision", "layout"),
    *("source", "note"),
)


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
    speeds = [*(speed for name in taken for speed in found[name] if isinstance(speed, Speed)), *own]
    return Known(speeds, {name: text for name, text in found.items() if isinstance(text, str)})


@by_content(1024)
def _speeds_or_reason(name: str, devices: tuple[Device, ...], conditions: Conditions) -> list[Speed] | str:
    try:
        return find_speeds(target_of(name), devices, EXECUTIONS, conditions)
    except DenseScopeError as error:
        return reason(error)


def marks(names: Sequence[str], theme: Theme) -> dict[str, Mark]:
    """How each network is marked."""
    families = {name: None if is_library_name(name) else config_of(name).family for name in names}
    return {name: theme.mark(family, variant(name)) for name, family in families.items()}


def colours(names: Sequence[str], theme: Theme) -> dict[str, str]:
    """The colour of each network."""
    return {name: mark.colour for name, mark in marks(names, theme).items()}


def show_speeds(speeds: Sequence[Speed], key: str) -> None:
    """One row a figure."""
    tables.show(pd.DataFrame([speed.row() for speed in speeds]), SPEED_COLUMNS, key, 460)


def circumstances(question: Question, size: str = "", *, training: bool = False) -> str:
    """What predictions are for (of the input, `size` where it isn't the sidebar's), and what stands beside them; of
    training nothing does.
    """
    conditions = question.conditions
    at = size or InputSettings(conditions.image_size).describe(["image_size"])
    others = (
        "Published figures are for batches of 256 to 1,024 in amp float16."
        if conditions.are_published
        else "No published throughput is for such conditions: they are for batches of 256 and more in float16."
    )
    if conditions.are_published_of_cpus:
        others = "Published throughput for such conditions is of CPUs alone, compiled."
    others = "" if training else others
    own = [device for device in question.devices if isinstance(device, CalibratedDevice)]
    calibrated = (
        f" Predictions on {join([device.name for device in own])} are calibrated by your own runs." if own else ""
    )
    given = f"batch {conditions.batch_size:,}, {conditions.precision}, {conditions.layout}"
    return f"At {at}, {given}. {others}{calibrated}".rstrip()


DEVICE_COLUMNS = columns(
    *("sheet.name", "year", "fp32_flops_per_s", "tf32_flops_per_s", "fp16_flops_per_s", "bandwidth_bytes_per_s"),
    *("l2_bytes", "memory_bytes", "tdp_watts", "source", "note"),
)


def draw_devices(devices: list[Device]) -> None:
    """The data sheets that peaks and predictions rest on."""
    st.header("What do the data sheets promise?", anchor=False, help="Peaks and bandwidth, published by makers.")
    rows = [{column.key: getattr(device, column.key) for column in DEVICE_COLUMNS} for device in devices]
    tables.show(pd.DataFrame(rows), DEVICE_COLUMNS, "devices_table")
