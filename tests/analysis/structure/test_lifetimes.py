"""How long tensors are held, against the edges that they come from."""

from __future__ import annotations

import pytest

from analysis import memory
from analysis.structure.along_depth import lives, lives_finding


@pytest.mark.parametrize("lifetimes", ["eager", "minimal"])
def test_bytes_alive_are_those_of_the_memory_count(lifetimes: str) -> None:
    found = memory("peleenet", lifetimes=lifetimes)
    tensors = lives(found)
    for number, moment in enumerate(found.timeline, start=1):
        assert sum(life.nbytes for life in tensors if life.first <= number <= life.last) == moment.live_bytes


def test_features_live_to_the_end_of_their_block() -> None:
    found = memory("densenet121", lifetimes="minimal")
    names = [moment.layer.name for moment in found.timeline]
    end = names.index("features.denseblock3.concat") + 1
    features = {
        life.name: life for life in lives(found) if life.name.endswith("conv2") and life.stage == "dense block 3"
    }
    assert len(features) == 24
    assert {life.last for life in features.values()} == {end}
    assert features["features.denseblock3.denselayer1.conv2"].held == max(life.held for life in features.values())


def test_chains_hold_nothing_for_long() -> None:
    found = memory("vovnet39", lifetimes="minimal")
    sentence = lives_finding(found, lives(found), 10_000)
    assert sentence.endswith("tensors are held while 10000 or more other layers run.")
    assert sentence.startswith("0 of ")


def test_the_image_is_there_before_the_first_layer() -> None:
    image = lives(memory("peleenet"))[0]
    assert (image.name, image.kind, image.first) == ("image", "image", 0)
