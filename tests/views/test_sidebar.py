"""Every page asks in the sidebar for what it reads, and for nothing else."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.support.app import COUNTERS, LAYERS, open_app, toasts

ARCHITECTURE, HARDWARE = "views/architecture/architecture.py", "views/hardware/hardware.py"
DESIGN, MEMORY, SEARCH = "views/design/design.py", "views/memory/memory.py", "views/search/search.py"
SIZE, COUNTS, INPUT = ({"image_size"}, {"image_size", "batch_size"}, {"image_size", "batch_size", "dtype"})
NETWORK = {"network", "libraries"}
NETWORKS = {"networks", "libraries"}
CONDITIONS = {"device_file", "calibrate", "gpu_batch", "gpu_precision", "layout"}
ONE_DEVICE = CONDITIONS | {"device", "execution"}
SEARCHED = {"space", "looked_at", "objectives", "budgets"}


def controls(app: AppTest) -> set[str]:
    """The keys of the widgets in the sidebar, but for the search box of all pages."""
    return {node.key for node in app.sidebar if getattr(node, "key", None)} - {"ask"}


@pytest.mark.parametrize(
    ("page", "read"),
    [
        ("views/compare.py", INPUT | {"preset", "networks", "libraries", "figures"}),
        (LAYERS, INPUT | NETWORK),
        (MEMORY, INPUT | NETWORK),
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
        ({"section": "Speed"}, SIZE | NETWORKS | {"devices"} | CONDITIONS),
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
