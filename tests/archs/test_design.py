"""Designs: networks of one's own as files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import analysis
import archs
from archs.design import MAX_BYTES, Design, nearest_arch, parse_design, read_design
from archs.errors import DenseScopeError
from tests.support.strategies import CONFIGS

GOOD = {"schema": 1, "name": "slim", "family": "densenet", "config": {"growth_rate": 24, "block_config": [6, 12]}}


@pytest.mark.parametrize("name", archs.list_archs())
def test_a_registered_network_is_its_own_code(name):
    design = Design(name, archs.get_config(name))
    assert nearest_arch(design.config)[1] == {}
    assert parse_design(design.to_json()) == design


@given(config=st.one_of(*CONFIGS.values()))
def test_any_config_comes_back_from_its_file_and_from_its_code(config):
    design = Design("mine", config)
    assert parse_design(design.to_json()) == parse_design(design.to_link()) == design
    base, changes = nearest_arch(config)
    assert archs.get_config(base, **changes) == config


def test_code_builds_the_network():
    design = parse_design(json.dumps(GOOD))
    assert design.code() == "archs.create_model('densenet121', growth_rate=24, block_config=(6, 12))"
    model = eval(design.code(), {"archs": archs})
    assert model.config == design.config


def test_a_file_works_where_a_name_does(tmp_path):
    path = tmp_path / "slim.json"
    path.write_text(json.dumps(GOOD))
    config = archs.get_config("densenet121", growth_rate=24, block_config=(6, 12))
    assert read_design(path) == Design("slim", config)
    for target in (path, str(path)):
        assert analysis.summarize(target).params == analysis.summarize(config).params
        assert archs.plan_layers(target) == archs.plan_layers(config)
    assert analysis.summarize(path).name == "slim"
    assert analysis.summarize(analysis.targets.resolve_target(path, growth_rate=16)).name == "slim (growth_rate=16)"
    assert archs.create_model(path, growth_rate=8).config.growth_rate == 8


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "not valid JSON"),
        ("[1]", "holds [1], but must be an object"),
        ("[" * 30_000, "not valid JSON"),
        (json.dumps(GOOD | {"schema": float("nan")}), "not valid JSON"),
        ('{"schema": ' + "9" * 5000 + "}", "not valid JSON"),
        (" " * (MAX_BYTES + 1), "longer than 64 KiB"),
        ('{"schema": 1, "schema": 2}', "not valid JSON"),
        (json.dumps(GOOD | {"schema": 2}), "has schema 2, but this version of DenseScope reads up to 1"),
        (json.dumps(GOOD | {"schema": "1"}), "schema is '1', but must be an integer"),
        (json.dumps(GOOD | {"colour": 1}), "has no field 'colour'"),
        (json.dumps({key: GOOD[key] for key in ("schema", "name", "family")}), "has no 'config'"),
        (json.dumps(GOOD | {"family": "resnet"}), "family is 'resnet', but must be one of 'densenet'"),
        (json.dumps(GOOD | {"family": ["densenet"]}), "family is ['densenet']"),
        (json.dumps(GOOD | {"name": "\x07"}), "name is '\\x07', but must be 1 to 80 printable characters"),
        (json.dumps(GOOD | {"name": 3}), "name is 3"),
        (json.dumps(GOOD | {"config": []}), "config is [], but must be an object of fields"),
        (json.dumps(GOOD | {"config": {"growth": 1}}), "has no field 'growth'; the nearest fields are 'growth_rate'"),
        (json.dumps(GOOD | {"config": {"growth_rate": 10**30}}), "growth_rate is 1000000000000000000000000000000"),
        (json.dumps(GOOD | {"config": {"growth_rate": 1e400}}), "not valid JSON"),
        ('{"schema": 1, "name": "a", "family": "densenet", "config": {"growth_rate": 1e400}}', "growth_rate is inf"),
        (json.dumps(GOOD | {"config": {"block_config": [[1]]}}), "block_config is [[1]], but must be a sequence"),
    ],
)
def test_bad_designs_are_refused_in_one_sentence(content, complaint):
    with pytest.raises(DenseScopeError) as refusal:
        parse_design(content)
    assert complaint in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DenseScopeError, match=r"none\.json' cannot be read: No such file"):
        analysis.summarize(tmp_path / "none.json")
