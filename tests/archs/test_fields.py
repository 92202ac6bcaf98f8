"""Fields of one number for each stage take one for all of them, too."""

from __future__ import annotations

import pytest

import archs
from analysis.search.space import sequence_of
from archs.config import declared
from archs.registry import get_family
from tests.support.exhaustive import OF_EACH_FAMILY

PER_STAGE = [
    (name, field)
    for name in OF_EACH_FAMILY
    for field, each in declared(type(archs.get_config(name))).items()
    if each.per
]


@pytest.mark.parametrize(("name", "field"), PER_STAGE)
def test_one_number_stands_for_all(name: str, field: str) -> None:
    numbers = sequence_of(archs.get_config(name), field)
    one, each = (archs.get_config(name, **{field: value}) for value in (min(numbers), (min(numbers),) * len(numbers)))
    assert archs.plan_layers(one) == archs.plan_layers(each)
    prose = get_family(one.family).prose
    assert (prose.blocks(one), prose.channels(one), prose.landmarks(one)) == (
        prose.blocks(each),
        prose.channels(each),
        prose.landmarks(each),
    )
    modules = (archs.create_model(config, device="meta") for config in (one, each))
    shapes = [{key: value.shape for key, value in module.state_dict().items()} for module in modules]
    assert shapes[0] == shapes[1]
