"""Every page asks in the sidebar for what it reads, and for nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from archs import get_config
from archs.design import Design, parse_design
from tests.support.app import COUNTERS, LAYERS, assert_sound, open_app, toasts

ARCHITECTURE, HARDWARE = "views/architecture/architecture.py", "views/hardware/hardware.py"
DESIGN, MEMORY, SEARCH = "views/design/design.py", "views/memory/memory.py", "views/search/search.py"
SIZE, COUNTS, INPUT = ({"image_size"}, {"image_size", "batch_size"}, {"image_size", "batch_size", "dtype"})
HEADLESS = INPUT | {"as_backbone"}
NETWORK = {"network", "libraries"}
NETWORKS = {"networks", "libraries"}
CONDITIONS = {"device_file", "calibrate", "gpu_batch", "gpu_precision", "layout"}
ONE_DEVICE = CONDITIONS | {"device", "execution", "host"}
SEARCHED = {"space", "looked_at", "objectives", "budgets"}


def controls(app: AppTest) -> set[str]:
    """The keys of the widgets in the sidebar, but for the search box of all pages."""
    return {node.key for node in app.sidebar if getattr(node, "key", None)} - {"ask"}


@pytest.mark.parametrize(
    ("page", "read"),
    [
        ("views/compare.py", HEADLESS | {"preset", "networks", "libraries", "figures"}),
        (LAYERS, HEADLESS | NETWORK),
        (MEMORY, HEADLESS | NETWORK),
        (COUNTERS, COUNTS | NETWORK),
    ],
)
def test_a_page_asks_for_what_it_reads(page: str, read: set[str]) -> None:
    assert controls(open_app(page, network="peleenet")) == read


@pytest.mark.parametrize(
    ("section", "read"),
    [
        ("Table", COUNTS),
        ("Channels", COUNTS),
        ("Connectivity", INPUT),
        ("Block", COUNTS),
        ("Data flow", INPUT),
        ("Feature reuse", SIZE),
        ("Code", SIZE),
        ("What changed", INPUT),
    ],
)
def test_a_section_of_architecture_asks_for_what_it_reads(section: str, read: set[str]) -> None:
    app = open_app(ARCHITECTURE, network="densenet40_k12", aspect=section)
    assert controls(app) == read | NETWORK | {"beside"}


@pytest.mark.parametrize(
    ("params", "read"),
    [
        ({"section": "Speed"}, SIZE | NETWORKS | {"devices", "host"} | CONDITIONS),
        ({"section": "Roofline"}, SIZE | NETWORKS | ONE_DEVICE),
        ({"section": "FLOPs and time"}, SIZE | NETWORKS | ONE_DEVICE),
        ({"section": "Benchmark here"}, SIZE | NETWORKS),
        ({"section": "Accuracy and cost"}, NETWORKS | {"cost"}),
        ({"section": "Accuracy and cost", "cost": "Images/s"}, NETWORKS | {"cost"} | ONE_DEVICE),
    ],
)
def test_a_section_of_hardware_asks_for_what_it_reads(params: dict[str, str], read: set[str]) -> None:
    assert controls(open_app(HARDWARE, **params)) == read


def test_search_asks_for_a_device_where_a_time_is_predicted() -> None:
    app = open_app(SEARCH, looked_at="1,000")
    assert {key for key in controls(app) if not key.startswith("budget_")} == SEARCHED
    app.multiselect(key="objectives").set_value(["↓ Parameters", "↓ Predicted time"]).run()
    assert {key for key in controls(app) if not key.startswith("budget_")} == SEARCHED | {"search_device"}


def test_design_asks_for_the_input_and_the_design() -> None:
    assert {key for key in controls(open_app(DESIGN)) if not key.startswith("design ")} == INPUT


@pytest.mark.parametrize(
    ("page", "params", "ignored"),
    [
        (COUNTERS, {}, {"dtype": "float16"}),
        (ARCHITECTURE, {"aspect": "Table"}, {"dtype": "float16"}),
        (ARCHITECTURE, {"aspect": "Code"}, {"dtype": "float16", "batch_size": "4"}),
    ],
)
def test_what_is_not_asked_for_changes_nothing(page: str, params: dict[str, str], ignored: dict[str, str]) -> None:
    plain, given = (open_app(page, network="densenet40_k12", **params, **more) for more in ({}, ignored))
    assert [text.value for text in plain.markdown] == [text.value for text in given.markdown]
    assert [text.value for text in plain.caption] == [text.value for text in given.caption]
    assert not toasts(given)


def test_the_input_is_kept_across_pages_that_do_not_read_it() -> None:
    app = open_app(LAYERS, network="densenet40_k12", image_size="96", batch_size="2")
    app.switch_page(SEARCH).run()
    assert "image_size" not in controls(app)
    app.switch_page(LAYERS).run()
    assert app.selectbox(key="image_size").value == "96"
    assert app.number_input(key="batch_size").value == 2


@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("views/compare.py", {"networks": "", "x": "", "figures": ""}),
        (LAYERS, {"kinds": "", "network": ""}),
        (ARCHITECTURE, {"aspect": "", "beside": ""}),
        (HARDWARE, {"networks": "", "devices": "", "section": ""}),
        (SEARCH, {"objectives": "", "space": ""}),
    ],
)
def test_a_selection_that_was_cleared_is_no_fault_of_the_link(page: str, params: dict[str, str]) -> None:
    assert not toasts(open_app(page, **params))


SLIM = Design("slim *net* [$a$]", get_config("densenet_cifar", growth_rate=8, block_config=(2, 2)))
OTHER = Design("other", get_config("densenet_cifar", growth_rate=12, block_config=(2, 2)))


@pytest.mark.parametrize(
    ("page", "keys"),
    [
        ("views/compare.py", {"networks": [SLIM.name, OTHER.name], "baseline": OTHER.name}),
        (LAYERS, {"network": SLIM.name}),
        (ARCHITECTURE, {"network": SLIM.name, "beside": OTHER.name}),
        (MEMORY, {"network": SLIM.name}),
        (COUNTERS, {"network": SLIM.name}),
        (HARDWARE, {"networks": [SLIM.name, OTHER.name]}),
    ],
)
def test_a_link_carries_the_designs_that_it_shows(page: str, keys: dict[str, Any]) -> None:
    app = open_app(DESIGN, design=SLIM.to_link(), designs=OTHER.to_link())
    next(button for button in app.button if button.label == "Keep this design").click().run()
    app.switch_page(page).run()
    assert "designs" not in app.query_params
    for key, value in keys.items():
        widget = (app.multiselect if isinstance(value, list) else app.selectbox)(key=key)
        widget.set_value(value).run()
    assert_sound(app)
    texts = {text for value in keys.values() for text in ([value] if isinstance(value, str) else value)}
    found = app.query_params["designs"]
    designs = [found] if isinstance(found, str) else found
    assert {parse_design(text).name for text in designs} == texts
    theirs = open_app(page, **keys, designs=designs)
    assert not toasts(theirs)
    for key, value in keys.items():
        assert (theirs.multiselect if isinstance(value, list) else theirs.selectbox)(key=key).value == value
    assert [text.value for text in theirs.markdown] == [text.value for text in app.markdown]
    assert not any(re.search(r"(?<!\\)[*$\[]", text.value) for text in theirs.title)


def test_the_name_of_a_design_stands_for_its_own_content_in_each_session() -> None:
    """Caches are shared by all sessions."""
    shown = []
    for growth_rate in (8, 12):
        design = Design("mine", get_config("densenet_cifar", growth_rate=growth_rate, block_config=(2, 2)))
        app = open_app(LAYERS, network="mine", designs=design.to_link())
        shown.append([metric.value for metric in app.metric])
    assert shown[0] != shown[1]
