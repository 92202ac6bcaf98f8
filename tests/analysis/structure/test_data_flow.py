"""The flow through a part: pieces add up to what is alive, nothing that is read is gone, rows never collide."""

from __future__ import annotations

import pytest

from analysis import memory
from analysis.structure.data_flow import Flow, default_part, flow, flow_finding, parts
from analysis.units import THIN_SPACE

NAMES = ("densenet121", "densenet_cifar", "peleenet", "vovnet39", "ese_vovnet19b_slim_dw")


def alive(found: Flow, number: int) -> list[int]:
    return [index for index, piece in enumerate(found.pieces) if piece.first <= number <= piece.last]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lifetimes", ["eager", "minimal"])
def test_every_step_of_every_part_adds_up(name: str, lifetimes: str) -> None:
    held = memory(name, None, lifetimes=lifetimes)
    stages = [moment.layer.stage for moment in held.timeline]
    for part in parts(held):
        found = flow(held, part)
        assert len(found.steps) == stages.count(part)
        for number, step in enumerate(found.steps):
            there = alive(found, number)
            assert sum(found.pieces[index].nbytes for index in there) == step.live_bytes
            assert {step.target, *(index for index, _ in step.reads)} <= set(there)
            assert len({found.pieces[index].row for index in there}) == len(there)
            assert len(step.reads) == len(step.layer.inputs)
            if step.layer.op == "concat":
                assert step.read_bytes == found.pieces[step.target].nbytes


def test_the_first_part_that_concatenates_is_shown_first() -> None:
    chosen = {name: default_part(memory(name, None)) for name in NAMES[1:]}
    assert chosen == dict(zip(NAMES[1:], ["dense block 1", "dense block 1", "OSA stage 2", "OSA stage 2"], strict=True))


def test_what_is_copied_and_alive_is_said() -> None:
    found = flow(memory("vovnet39"), "OSA stage 2")
    assert flow_finding(found).replace(THIN_SPACE, " ") == (
        "vovnet39, OSA stage 2: 1 concatenation copies 9.63 MB, and up to 19.9 MB are alive, as "
        "stages.0.blocks.0.concat runs."
    )
    assert "nothing is concatenated" in flow_finding(flow(memory("vovnet39"), "head"))
