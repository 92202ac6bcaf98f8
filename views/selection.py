"""The networks on offer in the sidebar: registered ones, designs, and those of other libraries when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import streamlit as st

from analysis.libraries import LIBRARIES, is_library_name, list_library
from archs.errors import MissingPackageError
from archs.registry import get_spec, list_archs
from views import designs, widgets
from views.networks import DEFAULT

#: Where no second network is wanted.
NOTHING = "none"


def choose_networks() -> list[str]:
    """Any number of networks."""
    # A search finds hundreds of names in a library: Enter takes the first of them, not all.
    return widgets.choose_many(
        "Selection", "networks", _offered("networks"), DEFAULT.networks, help="Type to search.", select_all=False
    )


def choose_baseline(names: Sequence[str]) -> str:
    """The network that ratios refer to, of the registered and the selected ones."""
    elsewhere = filter(is_library_name, [*names, *_asked_for("baseline")])
    options = list(dict.fromkeys([*list_archs(), *designs.offered(), *elsewhere]))
    return widgets.choose(
        "Baseline", "baseline", options, DEFAULT.baseline, help="Always part of the comparison; ratios refer to it."
    )


def choose_network() -> str:
    """One network, the same in all views that show one."""
    with st.sidebar:
        st.subheader("Network")
        name = widgets.choose("Network", "network", _offered("network"), DEFAULT.baseline, label_visibility="collapsed")
        st.caption(_origin(name))
        choose_libraries()
    return name


def choose_network_and_beside() -> list[str]:
    """The network of `choose_network`, and a second one where it is asked for."""
    name = choose_network()
    options = [NOTHING, *(other for other in _offered("beside") if other != NOTHING)]
    with st.sidebar:
        beside = widgets.choose("Beside it", "beside", options, NOTHING, help="A second network to set against it.")
    return [name] if beside in (NOTHING, name) else [name, beside]


def choose_libraries() -> None:
    """Which libraries' networks the selection offers too; drawn below it, and read before it in the next run."""
    st.pills(
        "Search also in",
        LIBRARIES,
        selection_mode="multi",
        key="libraries",
        persist_state="session",
        help="Adds the image classifiers of these libraries to the selection, more than 1,300 of them. "
        "They are traced without weights; nothing is downloaded.",
    )


def counting(names: Sequence[str]) -> AbstractContextManager[None]:
    """Says that it takes a moment where networks of other libraries have to be built and traced."""
    foreign = [name for name in names if is_library_name(name)]
    if not foreign:
        return nullcontext()
    return st.spinner(f"Building and tracing {foreign[0] if len(foreign) == 1 else f'{len(foreign)} networks'} …")


def _offered(key: str) -> list[str]:
    """The options of a selection: they hold whatever it has selected already."""
    libraries = st.session_state.get("libraries") or ()
    foreign = [name for library in libraries for name in _names(library)]
    return list(dict.fromkeys([*list_archs(), *designs.offered(), *_asked_for(key), *foreign]))


def _asked_for(key: str) -> list[str]:
    """The networks of libraries that the link or the session holds; whether they exist shows when they are built."""
    kept = st.session_state.get(key) or []
    names = [*st.query_params.get_all(key), *([kept] if isinstance(kept, str) else kept)]
    return [name for name in names if is_library_name(name)]


def _names(library: str) -> Sequence[str]:
    """All networks of a library; imports it."""
    try:
        with st.spinner(f"Loading the names of {library}'s networks …"):
            return list_library(library)
    except MissingPackageError as error:
        st.info(str(error), icon=":material/extension_off:")
        return ()


def _origin(name: str) -> str:
    """Where a network's definition comes from."""
    if is_library_name(name):
        return f"From {name.partition('/')[0]}, traced without weights. Its stages are its modules."
    return "A design on your shelf." if designs.is_design(name) else get_spec(name).source
