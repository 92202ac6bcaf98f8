"""The shipped maps of trained networks: they are of the networks that they name, and say what is told of them."""

from __future__ import annotations

import json
from math import isfinite

import pytest

from analysis.structure.connectivity import blocks
from analysis.units import format_ratio
from archs.planning import plan_layers
from archs.registry import get_config
from training.data.registry import get_data
from training.errors import TrainingError
from training.reuse import (
    FOLDER,
    get_trained_reuse,
    list_trained_reuse,
    parse_trained_reuse,
    weighed,
)
from training.train import fitted

SHIPPED = {"densenetbc40_k12": "dense", "osa40_5x43": "one-shot"}


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_one_of_each_wiring_is_shipped() -> None:
    assert list_trained_reuse() == list(SHIPPED)
    assert sum(len(text_of(name)) for name in SHIPPED) < 100_000


@pytest.mark.parametrize("name", SHIPPED)
def test_a_map_is_of_the_network_that_it_names(name: str) -> None:
    trained = get_trained_reuse(name)
    data = get_data(trained.data)
    assert trained.design.config == fitted(get_config(name), data, trained.recipe)
    own = blocks(plan_layers(trained.design.config))
    for watched in trained.epochs:
        assert [one.block for one in watched.maps] == own
        assert [list(one.strengths) for one in watched.maps] == [weighed(block) for block in own]
        assert all(isfinite(value) and value > 0 for one in watched.maps for value in one.strengths.values())


@pytest.mark.parametrize("name", SHIPPED)
def test_accuracies_are_of_whole_images(name: str) -> None:
    trained = get_trained_reuse(name)
    images = get_data(trained.data).test_images
    assert [watched.epoch for watched in trained.epochs] == [*range(trained.recipe.epochs + 1)]
    assert trained.epochs[0].accuracy is None
    rights = [watched.accuracy * images for watched in trained.epochs[1:] if watched.accuracy is not None]
    assert len(rights) == trained.recipe.epochs
    assert all(right == pytest.approx(round(right), abs=1e-9) for right in rights)
    assert trained.accuracy > 0.98


@pytest.mark.parametrize("name", SHIPPED)
def test_a_map_is_read_as_it_was_written(name: str) -> None:
    trained = get_trained_reuse(name)
    assert parse_trained_reuse(trained.to_json()) == trained
    lines = [line for line in text_of(name).splitlines() if line.startswith('{"epoch"')]
    assert [line for line in trained.to_json().splitlines() if line.startswith('{"epoch"')] == lines


@pytest.mark.parametrize("name", SHIPPED)
def test_before_training_it_is_what_the_seed_gives(name: str) -> None:
    torch = pytest.importorskip("torch")
    from analysis.structure import reuse
    from archs.create import create_model
    from training.randomness import derived

    trained = get_trained_reuse(name)
    torch.manual_seed(derived(trained.recipe.seed))
    found = reuse(create_model(trained.design.config))
    for (block, strengths), (_, kept) in zip(found, trained.at(0).maps, strict=True):
        assert kept == pytest.approx(strengths, rel=1e-3), block.name


def test_a_map_of_another_wiring_is_refused() -> None:
    values = json.loads(text_of("osa40_5x43"))
    values["epochs"][-1]["strengths"][1].pop()
    with pytest.raises(TrainingError, match="The map of osa40_5x43 does not fit its wiring"):
        parse_trained_reuse(json.dumps(values))


def ends(name: str, epoch: int) -> list[list[float]]:
    """What the last reader of each block weighs its features by."""
    found = []
    for block, strengths in get_trained_reuse(name).at(epoch).maps:
        last = len(block.readers) - 1
        found.append([strengths[source, last] for source in range(len(block.features))])
    return found


def test_what_is_told_of_them() -> None:
    dense, one_shot = (get_trained_reuse(name).finding() for name in SHIPPED)
    late, early = (sum(half) for half in (ends("densenetbc40_k12", 40)[-1][4:], ends("densenetbc40_k12", 40)[-1][:3]))
    assert f"weighs the later features of its block {format_ratio(late / early)} as much as the early ones" in dense
    most, at_first = (
        format_ratio(max(sum(column[:3]) / sum(column[3:]) for column in ends("osa40_5x43", epoch)))
        for epoch in (40, 0)
    )
    assert f"weighs the shallow features more, up to {most} ({at_first} as initialised)" in one_shot
