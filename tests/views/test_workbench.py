"""The Design view's workbench: nothing that was made is lost."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from archs import get_config, list_archs
from archs.design import Design
from archs.errors import ConfigError
from archs.registry import recomputes
from tests.support.project import ROOT
from views import browser
from views.design import controls as design_controls
from views.workbench import Workbench


@pytest.fixture
def bench():
    return Workbench.with_network("densenet121")


def test_steps_are_undone_and_redone(bench):
    for k in (24, 16):
        bench.change(growth_rate=k)
    assert bench.current.config.growth_rate == 16
    bench.undo()
    bench.undo()
    bench.undo()
    assert bench.current == Design("densenet121", get_config("densenet121"))
    assert not bench.can_undo
    bench.redo()
    assert bench.current.config.growth_rate == 24
    bench.change(growth_rate=20)
    assert not bench.can_redo


def test_a_changed_network_loses_its_registered_name_and_gets_it_back(bench):
    bench.change(growth_rate=24)
    assert bench.current.name == "my densenet121"
    bench.change(growth_rate=32)
    assert bench.current.name == "densenet121"
    bench.rename("  slim ")
    bench.change(growth_rate=24)
    assert bench.current.name == "slim"
    with pytest.raises(ConfigError, match="one that no registered network has"):
        bench.rename("densenet169")
    with pytest.raises(ConfigError, match="printable"):
        bench.rename(" ")


def test_what_would_make_nothing_again_is_not_set_to_do_so(bench):
    bench.change(memory_efficient=True)
    with pytest.raises(ConfigError, match="post-activation layers make nothing again"):
        bench.change(norm_order="post_activation")
    bench.change(norm_order="post_activation", memory_efficient=False)
    assert "memory_efficient" not in [one.field for one in design_controls.controls_for(bench.current.config)]


def test_a_refused_change_leaves_the_design(bench):
    with pytest.raises(ConfigError):
        bench.change(growth_rate=0)
    assert bench.current.config == get_config("densenet121")
    assert not bench.can_undo


def test_the_shelf_never_overwrites(bench):
    bench.change(growth_rate=24)
    first = bench.keep()
    assert bench.keep() == first
    bench.change(growth_rate=16)
    second = bench.keep()
    assert list(bench.shelf) == ["my densenet121", "my densenet121 2"]
    assert bench.shelf[second.name].config.growth_rate == 16
    assert bench.shelf[first.name] == first


def test_a_design_from_elsewhere_is_compared_with_what_it_is_nearest_to(bench):
    bench.put(Design("mine", get_config("vovnet57", layer_per_block=3)))
    assert bench.baseline == "vovnet57"
    bench.undo()
    assert bench.baseline == "densenet121"


def test_starting_anew_can_be_undone(bench):
    bench.change(growth_rate=24)
    bench.start_from("vovnet39")
    assert bench.current.config == get_config("vovnet39")
    bench.undo()
    assert bench.current.config.growth_rate == 24


@pytest.mark.parametrize("name", list_archs())
def test_every_field_has_a_control_that_holds_its_value(name):
    config = get_config(name)
    controls = design_controls.controls_for(config)
    offered = {field.name for field in fields(config)} - (set() if recomputes(config) else {"memory_efficient"})
    assert {control.field for control in controls} == offered
    for control in controls:
        value = getattr(config, control.field)
        if control.kind in ("integer", "slider", "share"):
            assert control.low <= value <= control.high
        if control.kind == "choice":
            assert design_controls.from_choice(control, design_controls.as_choice(value)) == value
        if control.kind == "integers":
            assert all(control.low <= number <= control.high for number in design_controls.numbers(config, control))


@pytest.mark.parametrize("name", ["densenet121", "peleenet"])
def test_a_block_more_and_a_block_less(name):
    bench = Workbench.with_network(name)
    before = bench.current.config
    (blocks,) = (control for control in design_controls.controls_for(before) if control.grows)
    bench.change(**design_controls.with_block(before, blocks))
    assert len(bench.current.config.block_config) == len(before.block_config) + 1
    bench.change(**design_controls.without_block(bench.current.config, blocks))
    assert bench.current.config == before


def test_a_design_that_comes_again_is_shelved_once_and_no_other_name_is_taken(bench):
    for name, given in (("mine", "mine"), ("mine", "mine"), ("densenet169", "densenet169 2"), ("none", "none 2")):
        assert bench.shelve(Design(name, get_config("densenet121", growth_rate=24))).name == given
    assert bench.shelve(Design("timm/resnet50", get_config("densenet121"))).name == "timm resnet50"
    assert len(bench.shelf) == 4


def test_back_goes_to_the_step_that_made_a_design(bench):
    for k in (24, 16):
        bench.change(growth_rate=k)
    bench.go_to(Design("my densenet121", get_config("densenet121", growth_rate=24)))
    assert bench.can_redo
    assert bench.current.config.growth_rate == 24
    bench.go_to(Design("theirs", get_config("peleenet")))
    assert bench.current.name == "theirs"


def test_an_earlier_session_is_taken_up_below_what_is_on_the_bench(bench):
    bench.change(growth_rate=24)
    earlier = Workbench(list(bench.history), bench.position)
    reopened = Workbench.with_network("densenet121")
    reopened.take_up(list(earlier.history), 0)
    assert reopened.can_redo
    linked = Workbench.with_design(Design("linked", get_config("peleenet")))
    linked.take_up(list(earlier.history), 1)
    assert linked.current.name == "linked"
    linked.undo()
    assert linked.current == earlier.current


ANYTHING = (None, 3, "", "{", "[" * 9999, "[1, null, {}]", '{"steps": 3}', '{"steps": [[], [1, 2], ["{}", "x"]]}')


@pytest.mark.parametrize("text", ANYTHING)
def test_a_browser_may_say_anything(text):
    assert browser.read_shelf(text) == []
    assert browser.read_bench(text) == ([], 0)


CACHES = re.compile(r"@st\.cache_\w+\([^\n]*\)\n(?:async )?def \w+\((.*?)\) ->", re.DOTALL)


@pytest.mark.parametrize("path", sorted((ROOT / "views").rglob("*.py")), ids=str)
def test_no_cache_goes_by_the_name_of_a_network_alone(path):
    """In another session the name of a design may mean another one: `views.cached.by_content` knows."""
    for arguments in CACHES.findall(path.read_text()):
        assert "config" in arguments or not re.match(r"names?:", arguments), arguments
