"""What the sidebar sets for all views: networks, image size, batch size and dtype."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis import Summary, summarize
from analysis.facts import DEFAULT_DEVICE, get_device, list_devices
from analysis.findings import INPUT_LABELS
from analysis.hardware.predict.classes import CLASSES, by_class
from analysis.precision import DTYPE_BYTES
from analysis.targets import LIBRARIES, Target, is_library_name, resolve_target
from analysis.units import format_size
from archs import checks
from archs.errors import ConfigError, DenseScopeError, MissingPackageError
from archs.kept import is_run, trained_runs
from archs.layer import Pair
from archs.registry import get_spec, list_archs
from training.accuracy import finished_run
from views import widgets, workbench
from views.elsewhere import names_of
from views.networks import DEFAULT
from views.workbench import NOTHING

#: A way out of what a network cannot be given.
ANOTHER_NETWORK = "Or choose another network in the sidebar."
#: Beside the libraries: what was trained here.
RUNS = "runs"
OF_RUNS = " Runs: the networks that were trained here, with their weights."
#: What a selection finds, and where else to look.
DEVICES_HELP = f"By class, the newest of each first: {', '.join(CLASSES)}. Type to search."
SEARCHED = "Type to search. What is not among them, such as ResNet-50, is found by the box above: Find networks."


def choose_networks() -> list[str]:
    """Any number of networks."""
    # A search finds hundreds of names in a library: Enter takes the first of them, not all.
    names = widgets.choose_many(
        "Selection", "networks", _offered("networks"), DEFAULT.networks, help=SEARCHED, select_all=False
    )
    workbench.carry(names)
    return names


def choose_baseline(names: Sequence[str]) -> str:
    """The network that ratios refer to, of the registered and the selected ones."""
    elsewhere = filter(_is_elsewhere, [*names, *_asked_for("baseline")])
    options = list(dict.fromkeys([*list_archs(), *workbench.offered(), *elsewhere]))
    name = widgets.choose(
        "Baseline", "baseline", options, DEFAULT.baseline, help="Always part of the comparison; ratios refer to it."
    )
    workbench.carry(name)
    return name


def choose_network(default: str = DEFAULT.baseline, *, libraries: bool = True) -> str:
    """One network, the same in all views that show one.

    Args:
        default: before one was chosen anywhere.
        libraries: whether networks of other libraries are offered beside the registered ones and the designs.
    """
    with st.sidebar:
        st.header("Network")
        offered = _offered("network", libraries=libraries)
        name = widgets.choose("Network", "network", offered, default, label_visibility="collapsed")
        workbench.carry(name)
        st.caption(_origin(name))
        if libraries:
            choose_libraries()
    return name


def choose_network_and_beside() -> list[str]:
    """The network of `choose_network`, and a second one where it is asked for."""
    name = choose_network()
    options = [NOTHING, *(other for other in _offered("beside") if other != NOTHING)]
    with st.sidebar:
        beside = widgets.choose("Beside it", "beside", options, NOTHING, help="A second network to set against it.")
        workbench.carry(beside)
    return [name] if beside in (NOTHING, name) else [name, beside]


def choose_libraries() -> None:
    """Where else the selection finds networks; drawn below it, and read before it in the next run."""
    trained = bool(trained_runs())
    st.pills(
        "Search also in",
        [*LIBRARIES, RUNS] if trained else LIBRARIES,
        selection_mode="multi",
        key="libraries",
        persist_state="session",
        help="Adds the image classifiers of these libraries to the selection, more than 1,300 of them. "
        "They are traced without weights; nothing is downloaded." + OF_RUNS * trained,
    )


def choose_device(label: str, key: str, at: Any = st, **more: Any) -> str:
    """One of the devices whose data sheets are known, by class, the newest of each first."""
    more = {"help": DEVICES_HELP} | more
    return widgets.choose(label, key, devices_by_class(), DEFAULT_DEVICE, at, **more)


def devices_by_class() -> list[str]:
    """The names of the shipped devices in the order of choices."""
    return [device.name for device in by_class(map(get_device, list_devices()))]


def counting(names: Sequence[str]) -> AbstractContextManager[None]:
    """Says that it takes a moment where networks of other libraries have to be built and traced."""
    foreign = [name for name in names if is_library_name(name)]
    if not foreign:
        return nullcontext()
    return st.spinner(
        f"Building and tracing {widgets.literal(foreign[0]) if len(foreign) == 1 else f'{len(foreign)} networks'} …"
    )


def _offered(key: str, *, libraries: bool = True) -> list[str]:
    """The options of a selection: they hold whatever it has selected already."""
    asked = st.session_state.get("libraries") or () if libraries else ()
    foreign = [name for library in asked for name in (trained_runs() if library == RUNS else _names(library))]
    return list(dict.fromkeys([*list_archs(), *workbench.offered(), *_asked_for(key), *foreign]))


def _asked_for(key: str) -> list[str]:
    """What the link or the session holds of libraries and runs; whether it exists shows when it is built."""
    kept = st.session_state.get(key) or []
    names = [*st.query_params.get_all(key), *([kept] if isinstance(kept, str) else kept)]
    return [name for name in names if _is_elsewhere(name)]


def _is_elsewhere(name: str) -> bool:
    """Whether a network is neither registered nor on the shelf."""
    return is_library_name(name) or is_run(name)


def _names(library: str) -> Sequence[str]:
    """All networks of a library; imports it."""
    try:
        with st.spinner(f"Loading the names of {library}'s networks …"):
            return names_of(library)
    except MissingPackageError as error:
        st.info(str(error), icon=":material/extension_off:")
        return ()


def _origin(name: str) -> str:
    """Where a network's definition comes from."""
    if is_library_name(name):
        return f"From {name.partition('/')[0]}, traced without weights. Its stages are its modules."
    if is_run(name):
        return _training(name)
    return "A design on your shelf." if workbench.is_design(name) else get_spec(name).source


def _training(name: str) -> str:
    """What a run was trained on, and what came of it; why it cannot be shown."""
    try:
        return finished_run(name).trained.sentence
    except DenseScopeError as error:
        return widgets.literal(str(error))


IMAGE_SIZES = (checks.OWN_SIZE, "32", "96", "128", "160", "192", "224", "256", "320", "384", "512", "192×256")
#: What a page may read of the input.
INPUT = tuple(INPUT_LABELS)
#: What some pages read beside it: whether networks are counted without their heads.
BACKBONE = "as_backbone"
_READS = "read of the input"


@dataclass(frozen=True)
class InputSettings:
    """What the networks are given; an image size of None is each network's own."""

    image_size: int | Pair | None = None
    batch_size: int = 1
    dtype: str = "float32"
    #: Whether networks are counted without their heads, as detectors read them.
    as_backbone: bool = False

    def summarize(self, target: Any, verify: bool | str = True) -> Summary:
        """A network at this input. Raises: DenseScopeError: the input, or being a backbone, does not suit it."""
        return summarize(self.taken(target), self.image_size, self.batch_size, self.dtype, verify=verify)

    def taken(self, target: Any) -> Target:
        """What is counted of a network: all of it, or all but its head. Raises: DenseScopeError."""
        found = resolve_target(target)
        return found.as_backbone() if self.as_backbone else found

    def values(self) -> tuple[int | Pair | None, int, str, bool]:
        """As another process is told: image size, batch size, dtype, and whether without the head."""
        return self.image_size, self.batch_size, self.dtype, self.as_backbone

    def describe(self, reads: Sequence[str] = INPUT) -> str:
        """As a sentence says it, as far as it is read."""
        height_width = (self.image_size,) * 2 if isinstance(self.image_size, int) else self.image_size
        size = f"{format_size(height_width)} input" if height_width else "each network's own input size"
        words = {"image_size": size, "batch_size": f"batch {self.batch_size:,}", "dtype": self.dtype}
        parts = [words[key] for key in INPUT if key in reads]
        return ", ".join([*parts, *(["without the head, up to the last map"] if self.as_backbone else [])])


def draw_input(reads: Sequence[str]) -> None:
    """The widgets for what the page reads of `INPUT`; the router draws them, so that all pages share them."""
    st.session_state[_READS] = reads
    with st.sidebar:
        if reads:
            st.header("Input")
        if "image_size" in reads:
            help = "`own`: what each network was made for. Or type a side such as `300`, or `192x256` (height × width)."
            widgets.choose_or_type(INPUT_LABELS["image_size"], "image_size", IMAGE_SIZES, checks.OWN_SIZE, help=help)
        if "batch_size" in reads:
            left, right = st.columns(2)
            help = "Images per forward pass."
            widgets.choose_integer(INPUT_LABELS["batch_size"], "batch_size", 1, checks.MAX_BATCH_SIZE, left, help=help)
            if "dtype" in reads:
                with right:
                    help = "Sets the bytes of an element, nothing else."
                    widgets.choose_precision(INPUT_LABELS["dtype"], "dtype", tuple(DTYPE_BYTES), "float32", help=help)

        if BACKBONE in reads:
            help = (
                "Without its head, up to the last map that a detector reads: for networks of DenseScope. Detection "
                "shows what detectors add."
            )
            widgets.switch("As a backbone", BACKBONE, False, help=help)


def current() -> InputSettings:
    """What the sidebar says, as far as the page reads it; says so where an image size is none."""
    given = {key: st.session_state[key] for key in reads()}
    text = given.pop("image_size", checks.OWN_SIZE)
    return InputSettings(_image_size(text), **given)


def reads() -> Sequence[str]:
    """What the page reads of `INPUT`."""
    return st.session_state[_READS]


def _image_size(text: str) -> int | Pair | None:
    """What was typed as an image size; says so where it is none, and goes on with each network's own."""
    try:
        return checks.parse_image_size(text)
    except ConfigError:
        sides = f"a side such as 224, or height × width such as 192x256, from 1 to {checks.MAX_IMAGE_SIDE}"
        widgets.say_error(f"Image size is {text}, but must be {sides}. Each network's own size is used until then.")
        return None
