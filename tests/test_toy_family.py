"""A new family is its folder and one import: whatever the house shows of networks works for it, or says why not."""

from __future__ import annotations

import importlib
import sys
import warnings

import pytest

import analysis
import archs
import cli
from analysis.memory.training import training_schemes
from analysis.structure.diagram import diagrams
from analysis.structure.findings import architecture_finding, channels_finding, channels_rule
from archs import registry
from archs.errors import ConfigError
from archs.registry import get_config, list_families
from tests.support.app import assert_sound, open_app, toasts
from views import networks, theme
from views.design.controls import controls_for


@pytest.fixture(autouse=True)
def toy(monkeypatch):
    """The family while a test runs, and no trace of it afterwards."""
    for register in ("_FAMILIES", "_ARCHS"):
        monkeypatch.setattr(registry, register, dict(getattr(registry, register)))
    importlib.import_module("tests.support.toy")
    yield
    for module in [name for name in sys.modules if name.startswith("tests.support.toy")]:
        del sys.modules[module]


def test_both_routes_agree():
    for name in archs.list_archs(family="toy"):
        for changes in ({}, {"residual": True}, {"layers": (2, 1, 2), "drop_rate": 0.2}):
            config = get_config(name, **changes)
            plan, trace = (analysis.summarize(config, 64, route=route) for route in ("plan", "trace"))
            assert plan.layers == trace.layers
            assert plan.by_stage().equals(trace.by_stage())
    assert analysis.count_depth("toy3").formula == "2 + 1 = 3"
    assert list_families()[-1] == "toy"


def test_what_is_said_and_drawn():
    summary = analysis.summarize("toy7", 64)
    assert "8 layers deep" in architecture_finding(summary)
    assert channels_finding(summary).startswith("toy7's convolutions touch")
    assert channels_rule(summary.target.config) == ""
    assert [*diagrams([cost.layer for cost in summary.layers], summary.target.config)]
    assert networks.variant("toy7") == "ToyNet"
    assert theme.family_colour("toy") not in {theme.OTHER_FAMILY, *map(theme.family_colour, ("densenet", "vovnet"))}
    fields = {control.field for control in controls_for(get_config("toy7"))}
    assert fields > {"width", "layers", "residual", "num_classes"}
    assert "memory_efficient" not in fields


def test_memory_is_counted_and_recomputation_refused():
    plain = analysis.memory("toy7", 64, 4, mode="training")
    assert list(training_schemes(plain.summary)) == ["plain"]
    for ask in (analysis.summarize, archs.create_model, archs.plan_layers):
        with pytest.raises(ConfigError, match="memory_efficient is True, but must be False: the modules of ToyNet"):
            ask(get_config("toy7", memory_efficient=True))
    dropped = analysis.memory(get_config("toy7", drop_rate=0.5), 64, 4, mode="training")
    assert dropped.by_kind()["dropout mask"] > 0 == plain.by_kind()["dropout mask"]


def test_searches_count_it_one_by_one():
    space = analysis.get_space("toy")
    found = analysis.search(space, {"macs": (None, 10**9)}, ("macs", "params")).feasible
    assert list(found["macs"]) == [analysis.summarize(space.config_at(index), None).macs for index in found["index"]]
    assert len(found) == space.size == 12


def test_designs_exports_and_weights_come_back(tmp_path):
    design = archs.Design("small", get_config("toy7", width=8, num_classes=5, image_size=32))
    assert archs.parse_design(design.to_link()) == design
    model, path = archs.create_model(design.config), str(tmp_path / "toy.safetensors")
    from archs.export import export_model

    assert export_model(model, path, "safetensors") == 0
    assert len(archs.create_model(design.config, weights=path).weights_report.loaded) == len(model.state_dict())
    with warnings.catch_warnings(action="ignore"):
        assert not archs.create_model("toy7", width=8, weights=path).weights_report.ignored


COMMANDS = (
    *(
        "list",
        "list --family toy",
        "fields toy3",
        "summary toy7",
        "summary toy7 --layers",
        "compare toy3 densenet121",
        "depth toy3",
    ),
    *("table toy7", "diff toy3 toy7", "memory toy7", "memory toy7 --mode training", "crosscheck toy3"),
    *("export toy3 --safetensors toy.safetensors", "benchmark toy3 --repeats 1 --image-size 32"),
    *(
        "results",
        "optimize toy3",
        "predict toy7",
        "chain toy3 toy7 densenet121",
        "published accuracy",
        "search --space toy --minimize macs",
    ),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_it(command, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command.split()) == 0, capsys.readouterr().err
    told = capsys.readouterr()
    assert told.out or "toy.safetensors" in told.err


def test_commands_refuse_what_it_cannot(capsys):
    assert cli.main(["memory", "toy7", "--set", "memory_efficient=true"]) == 2
    assert "the modules of ToyNet make nothing again" in capsys.readouterr().err


#: Pages, what their links carry, and the widget that chooses a section.
PAGES = {
    "views/compare.py": ({"networks": ["toy3", "toy7", "densenet121"]}, None),
    "views/layers.py": ({"network": "toy7"}, None),
    "views/architecture/architecture.py": ({"network": "toy7", "beside": "toy3"}, "aspect"),
    "views/design/design.py": ({"design": ""}, "chart"),
    "views/memory/memory.py": ({"network": "toy7", "image_size": "96"}, "part"),
    "views/training/training.py": ({"network": "toy3"}, None),
    "views/search/search.py": ({"space": "toy"}, None),
    "views/detection/detection.py": ({}, "detection"),
    "views/counters.py": ({"network": "toy3"}, None),
    "views/hardware/hardware.py": ({"networks": ["toy3", "toy7"]}, "section"),
}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_and_section_opens(page):
    params, section = PAGES[page]
    if "design" in params:
        params = {"design": archs.Design("mine", get_config("toy7", residual=True)).to_link()}
    app = open_app(page, **params)
    assert not toasts(app)
    assert not app.error
    for option in app.button_group(key=section).options if section else ():
        app.button_group(key=section).set_value([option]).run()
        assert_sound(app)
        assert not app.error
