"""The sentences of the Memory view, and what its charts are drawn from: sums and batches that must add up."""

from __future__ import annotations

from dataclasses import replace

import pytest

import archs
from analysis import memory, summarize
from analysis.hardware.measure.record import Machine
from analysis.hardware.measure.schemes import SchemeRun, SchemeTime, schemes_finding
from analysis.memory.findings import inference_finding, lifetimes_finding, training_finding, verdict
from analysis.memory.inference import LIVE_KINDS
from analysis.memory.saved_tensors import SAVED_KINDS
from analysis.memory.training import footprints
from analysis.optimize.saving import COUNTED, Report, Saving, folding_finding, saving
from analysis.units import THIN_SPACE
from archs.errors import ConfigError
from views.memory.question import parse_budget
from views.theme import DARK, LIGHT, MEMORY_STYLES

NAMES = ("densenet121", "densenetbc250_k24", "peleenet", "ese_vovnet19b_slim_dw")
EFFICIENT = archs.get_config("densenet121", memory_efficient=True)


def plainly(sentence: str) -> str:
    return sentence.replace(THIN_SPACE, " ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lifetimes", ["eager", "minimal"])
def test_kinds_of_live_tensors_add_up_at_every_layer(name: str, lifetimes: str) -> None:
    found = memory(name, None, lifetimes=lifetimes)
    kinds = found.live_by_kind()
    assert set(kinds) <= set(LIVE_KINDS)
    assert [sum(values) for values in zip(*kinds.values(), strict=True)] == [m.live_bytes for m in found.timeline]
    for index, (moment, alive) in enumerate(zip(found.timeline, found.alive_at_each(1000), strict=True)):
        assert sorted(alive.largest) == sorted(found.alive_at(index))
        assert alive.tensors == len(alive.largest)
        assert sum(tensor.nbytes for tensor in alive.largest) == moment.live_bytes


def test_the_largest_tensors_come_first() -> None:
    for alive in memory("densenet121").alive_at_each(3):
        sizes = [tensor.nbytes for tensor in alive.largest]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) == min(3, alive.tensors)


@pytest.mark.parametrize("target", [*NAMES, EFFICIENT, replace(EFFICIENT, drop_rate=0.2)])
def test_kinds_of_kept_memory_gather_to_the_total(target: object) -> None:
    found = memory(target, None, mode="training")
    kinds = found.by_kind_so_far()
    assert {kind: values[-1] for kind, values in kinds.items()} == {k: v for k, v in found.by_kind().items() if v}
    assert all(values == sorted(values) for values in kinds.values())
    assert list(kinds) == sorted(kinds, key=SAVED_KINDS.index)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_footprints_tell_every_batch(batch_size: int) -> None:
    found = footprints(
        memory("densenet121", 64, batch_size),
        memory("densenet121", 64, batch_size, mode="training"),
        memory(EFFICIENT, 64, batch_size, mode="training"),
        "adamw",
    )
    assert [one.mode for one in found] == ["inference", "training", "training, recomputed"]
    assert found[0].total_bytes(7) == memory("densenet121", 64, 7).total_bytes
    assert found[1].total_bytes(7) == memory("densenet121", 64, 7, mode="training").total_bytes("adamw")
    assert found[2].total_bytes(7) == memory(EFFICIENT, 64, 7, mode="training").total_bytes("adamw")
    for one in found:
        largest = one.largest_batch(1e9)
        assert one.total_bytes(largest) <= 1e9 < one.total_bytes(largest + 1)


def test_the_opening_sentences() -> None:
    inference, plain = memory("densenet121"), memory("densenet121", mode="training")
    sentence = plainly(inference_finding(inference))
    assert sentence.startswith("At inference, densenet121 holds at most ")
    assert f"in {inference.peak.layer.stage} (" in sentence
    assert sentence.endswith("beside 32.3 MB of weights and buffers.")
    recomputed = memory(EFFICIENT, mode="training")
    assert plainly(training_finding(plain, inference, recomputed)).endswith(
        "(48 % ReLU outputs, 31 % copies by concatenation and 17 % BN inputs); recomputing the copies leaves 37.5 MB, "
        "71 % less."
    )
    assert "recomputing" not in training_finding(plain, inference, None)


def test_what_eager_modules_hold_too_long() -> None:
    eager, minimal = memory("peleenet"), memory("peleenet", lifetimes="minimal")
    assert "Eager modules hold what they were called with" in lifetimes_finding(eager, minimal)
    assert lifetimes_finding(minimal, minimal).startswith("Eager modules hold no more than is needed")


def test_the_verdict_on_a_batch() -> None:
    inference = memory("densenet121")
    training, recomputed = memory("densenet121", mode="training"), memory(EFFICIENT, mode="training")
    all_modes, two, alone = (
        footprints(inference, *trained) for trained in ((training, recomputed), (training,), (None,))
    )
    limits = "60 is the most in training, 197 with recomputing and 882 at inference."
    expected = {
        (8e9, 60): f"Yes: batch 60 fits in 8 GB; {limits}",
        (8e9, 61): f"Only with recomputing: batch 61 takes 8.04 GB, more than 8 GB; {limits}",
        (8e9, 198): f"No: batch 198 takes 26.0 GB, more than 8 GB; {limits}",
        (1e8, 1): "No: batch 1 takes 205 MB, more than 100 MB; not one image fits in training, none with recomputing "
        "and 7 at inference.",
    }
    assert {key: plainly(verdict(all_modes, *key)) for key in expected} == expected
    assert plainly(verdict(two, 8e9, 1)).endswith("60 is the most in training, 882 at inference.")
    assert plainly(verdict(alone, 8e9, 1)) == "Yes: batch 1 fits in 8 GB; 882 is the most at inference."
    with pytest.raises(ConfigError, match="positive"):
        verdict(alone, 0, 1)


def test_schemes_are_compared_with_the_plain_one() -> None:
    run = SchemeRun(
        "densenet121",
        2,
        (96, 96),
        Machine("Testing CPU", "PyTorch 0", 2),
        (SchemeTime("slim", 30, (1.2, 1.2)), SchemeTime("plain", 100, (1.0,)), SchemeTime("fast", 90, (0.9,))),
    )
    assert plainly(schemes_finding(run)) == (
        "Measured on Testing CPU: plain densenet121 (batch 2, 96×96) keeps 100 B and takes 1.00 s a step; slim keeps "
        "70 % less and takes 20 % longer and fast keeps 10 % less and takes 10 % shorter."
    )


def saving_of(folded: int, kept: int, after: dict[str, int]) -> Saving:
    report = Report(
        "Net",
        {f"norm{index}": f"conv{index}" for index in range(folded)},
        {f"other{index}": "it reads concat, not one convolution" for index in range(kept)},
        [],
        [],
        False,
        False,
    )
    return Saving("net", report, dict.fromkeys(COUNTED, 100), dict.fromkeys(COUNTED, 100) | after)


def test_what_folding_saves() -> None:
    found = saving_of(3, 1, {"operations": 97, "bytes_moved": 75})
    assert plainly(folding_finding(found)) == (
        "3 of 4 batch norms of net fold into the convolution before them: 97 operations instead of 100 and 25 % less "
        "memory traffic (75 B instead of 100 B); the peak of the tensors stays what it was."
    )
    assert plainly(folding_finding(saving_of(3, 1, {"peak_bytes": 80}))).endswith("is 20 % lower.")
    assert folding_finding(saving_of(0, 0, {})) == "net has no batch norm: there is nothing to fold."


@pytest.mark.long
@pytest.mark.parametrize("channels_last", [True, False])
def test_a_saving_is_counted_on_the_optimised_module(channels_last: bool) -> None:
    pytest.importorskip("torch")
    found = saving("densenet_cifar", 32, channels_last=channels_last)
    plan = summarize("densenet_cifar", 32)
    assert found.before["operations"] == len(plan.layers)
    assert found.before["bytes_moved"] == plan.bytes_moved
    assert found.after["bytes_moved"] < found.before["bytes_moved"]
    norms = sum(cost.layer.op == "batch_norm" for cost in plan.layers)
    assert len(found.report.folded) + len(found.report.kept) == norms
    assert len(found.report.folded) == 58  # the second of every dense layer


@pytest.mark.parametrize(
    ("text", "nbytes"),
    [("24 GB", 24e9), ("10.5", 10.5e9), ("512MiB", 2**29), ("rtx 4090", 24e9), ("1 tib", 2**40), ("2000 B", 2000)],
)
def test_budgets(text: str, nbytes: float) -> None:
    assert parse_budget(text) == nbytes


@pytest.mark.parametrize(
    "text", ["", "0", "-5 GB", "0.0 GB", "0.2 B", "banana", "24 XB", "1e9", "nan", "٣ GB", "999999999999 TB", None]
)
def test_bad_budgets_are_one_sentence(text: str | None) -> None:
    with pytest.raises(ConfigError, match="a size such as 24 GB or 512 MiB, at most 100 TB, or a device"):
        parse_budget(text)


def test_every_kind_of_memory_has_a_colour() -> None:
    assert set(SAVED_KINDS) <= set(MEMORY_STYLES)
    for theme in (LIGHT, DARK):
        colours = [theme.memory_colour(kind) for kind in SAVED_KINDS]
        assert len(set(colours)) >= len(SAVED_KINDS) - 3  # LN and GN share theirs, statistics of all norms one
        assert all(theme.memory_colour(kind) for kind in LIVE_KINDS)
