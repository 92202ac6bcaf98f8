"""The Architecture view without a browser: the table, the channels, the code and the changes of any network."""

from __future__ import annotations

from itertools import cycle, product

import pytest

from archs.registry import list_archs
from tests.support.app import assert_sound, open_app, toasts
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from views.sections.paper_table import paper_table

ARCHITECTURE = "views/architecture/architecture.py"


@pytest.mark.parametrize("name", representatives(OF_EACH_FAMILY, list_archs()))
def test_the_table_of_every_network(name: str) -> None:
    app = open_app(ARCHITECTURE, network=name)
    assert app.title[0].value == f"Architecture: {name}"
    assert app.markdown[0].value.startswith(f"{name} is ")
    terms = app.dataframe[0].value
    assert f"= {terms['layers'].sum()}**" in app.markdown[-1].value


SECTIONS = ("Table", "Channels", "Code", "What changed")
#: Of one family, and without a stage in common.
PAIRS = (("densenet121", "densenet169"), ("peleenet", "ese_vovnet19b_dw"))


@pytest.mark.parametrize(("section", "pair"), representatives(zip(SECTIONS, cycle(PAIRS)), product(SECTIONS, PAIRS)))
def test_sections_of_two_networks(section: str, pair: tuple[str, str]) -> None:
    network, beside = pair
    app = open_app(ARCHITECTURE, network=network, beside=beside, aspect=section)
    assert app.title[0].value == f"Architecture: {network} and {beside}"
    assert not app.error
    assert not toasts(app)
    if section == "Table":
        assert f"What are {network} and {beside} made of?" in [heading.value for heading in app.header]


def test_the_papers_table_in_one_click() -> None:
    app = open_app(ARCHITECTURE, network="densenet169")
    app.button(key="papers_table").click().run()
    assert_sound(app)
    assert app.multiselect(key="abreast").value == ["densenet121", "densenet201", "densenet264"]
    latex, markdown = (code.value for code in app.code)
    assert "Stage & Output & densenet121 & densenet169 & densenet201 & densenet264" in latex
    assert "| Stage " in markdown
    assert "papers_table" not in {button.key for button in app.button}


def test_the_code_builds_the_network() -> None:
    app = open_app(ARCHITECTURE, network="peleenet", aspect="Code")
    line, design, modules = (code.value for code in app.code)
    assert line.endswith("model = archs.create_model('peleenet')")
    assert '"bottleneck_width"' in design
    assert modules.startswith("PeleeNet(")


def test_alone_a_network_is_set_against_the_baseline() -> None:
    app = open_app(ARCHITECTURE, network="densenet169", aspect="What changed")
    assert "168 layers are added and 73 resized" in app.markdown[2].value
    assert any("From densenet121 to densenet169" in caption.value for caption in app.caption)
    statuses = app.multiselect(key="changes")
    statuses.set_value(["removed"]).run()
    assert_sound(app)
    assert "No layer is of these kinds" in app.info[0].value


def test_the_baseline_alone_is_set_against_the_next_in_its_paper() -> None:
    app = open_app(ARCHITECTURE, aspect="What changed")
    assert "168 layers are added and 73 resized" in app.markdown[2].value


def test_a_network_that_cannot_take_the_size_leaves_the_other() -> None:
    app = open_app(ARCHITECTURE, network="densenet121", beside="peleenet", image_size="225")
    assert app.error[0].value.startswith("peleenet is left out: Image size is")
    assert app.markdown[0].value.startswith("densenet121 is 121 layers deep")


def test_sections_of_another_view_do_not_get_in_the_way() -> None:
    app = open_app("views/hardware/hardware.py", section="Roofline")
    app.switch_page(ARCHITECTURE).run()
    assert_sound(app)
    assert app.title[0].value == "Architecture: densenet121"
    assert not app.toast


LIBRARY = ("timm/resnet18", "timm/vit_tiny_patch16_224")


@pytest.mark.parametrize(
    ("section", "name"), representatives(zip(SECTIONS, cycle(LIBRARY)), product(SECTIONS, LIBRARY))
)
def test_networks_of_libraries(section: str, name: str) -> None:
    pytest.importorskip("timm")
    app = open_app(ARCHITECTURE, network=name, aspect=section)
    assert not app.error
    assert app.title[0].value == f"Architecture: {name}"


def test_names_are_text_and_not_markup() -> None:
    from analysis import summarize
    from archs.design import Design
    from archs.registry import get_config

    html = paper_table([summarize(Design("<b>&", get_config("peleenet")))] * 2)
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html
