"""What changes between networks: nothing is lost or counted twice, and layers are told apart as people would."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import Summary, summarize
from analysis.quantities import ADDITIVE_QUANTITIES
from analysis.structure.findings import changes_finding
from analysis.structure.table import COSTS, STATUSES, change_rows, changes, stage_rows, total_row
from archs import get_config
from tests.support.exhaustive import examples
from tests.support.strategies import CONFIGS
from views.charts.costs import stage_changes
from views.theme import LIGHT

any_config = st.one_of(*CONFIGS.values())


@settings(max_examples=examples(60))
@given(any_config, any_config)
def test_differences_add_up_to_those_of_the_totals(one: object, other: object) -> None:
    before, after = summarize(one), summarize(other)
    found = changes(before, after)
    for key in (*ADDITIVE_QUANTITIES, "bytes_moved"):
        assert sum(change.difference(key) for change in found) == getattr(after, key) - getattr(before, key)
    for key in COSTS:
        assert sum(row[key] for row in stage_rows(found)) == total_row(found)[key]
        assert sum(row[key] for row in change_rows(found)) == total_row(found)[key]
    assert {change.before.layer.name for change in found if change.before} == names(before)
    assert {change.after.layer.name for change in found if change.after} == names(after)
    assert len(found) == len(before.layers) + len(after.layers) - sum(
        change.status in ("same", "resized") for change in found
    )


@settings(max_examples=examples(40))
@given(any_config, any_config)
def test_the_way_back_takes_away_what_the_way_there_adds(one: object, other: object) -> None:
    before, after = summarize(one), summarize(other)
    there, back = total_row(changes(before, after)), total_row(changes(after, before))
    assert [there[key] for key in COSTS] == [-back[key] for key in COSTS]
    assert (there["added"], there["removed"]) == (back["removed"], back["added"])


@settings(max_examples=examples(20))
@given(any_config)
def test_nothing_changes_between_equal_networks(config: object) -> None:
    summary = summarize(config)
    found = changes(summary, summarize(config))
    assert {change.status for change in found} == {"same"}
    assert "has the same layers as" in changes_finding(summary, summary, found)


def names(summary: Summary) -> set[str]:
    return {cost.layer.name for cost in summary.layers}


def test_a_deeper_block_keeps_its_first_layers() -> None:
    found = changes(summarize("densenet121"), summarize("densenet169"))
    added = {change.name for change in found if change.status == "added"}
    assert {change.stage for change in found if change.status == "added"} == {"dense block 3", "dense block 4"}
    assert "features.denseblock3.denselayer25.conv1" in added
    assert "features.denseblock3.denselayer24.conv1" not in added
    assert not any(change.status == "removed" for change in found)
    by_stage = {row["stage"]: row for row in stage_rows(found)}
    assert by_stage["dense block 1"]["macs"] == by_stage["dense block 1"]["resized"] == 0
    assert by_stage["transition 3"]["resized"] == 4


def test_another_growth_rate_resizes_and_neither_adds_nor_removes() -> None:
    found = changes(summarize("densenet121"), summarize(get_config("densenet121", growth_rate=24)))
    row = total_row(found)
    assert (row["added"], row["removed"]) == (0, 0)
    assert row["resized"] > 400
    conv = next(change for change in found if change.name == "features.denseblock1.denselayer1.conv2")
    [written] = change_rows([conv])
    assert written["before"] == "3×3 conv: 128×56×56 → 32×56×56"
    assert written["after"] == "3×3 conv: 96×56×56 → 24×56×56"
    assert written["params"] == 9 * (96 * 24 - 128 * 32)


def test_without_a_bottleneck_half_of_the_convolutions_go() -> None:
    found = changes(summarize("densenet121"), summarize(get_config("densenet121", bn_size=None)))
    assert {change.name.rpartition(".")[2] for change in found if change.status == "removed"} == {
        "norm2",
        "relu2",
        "conv2",
    }


def test_stages_of_other_families_come_and_go_whole() -> None:
    found = changes(summarize("densenet121"), summarize("vovnet39"))
    by_stage = {row["stage"]: row for row in stage_rows(found)}
    assert by_stage["OSA stage 2"]["macs_share"] is None
    assert by_stage["dense block 2"]["macs_share"] == -1
    assert next(iter(by_stage)) == "stem"
    assert list(by_stage)[-1] == "head"
    assert {change.status for change in found} <= set(STATUSES)


def test_an_option_of_training_changes_no_layer() -> None:
    before, after = summarize("densenet121"), summarize(get_config("densenet121", drop_rate=0.2))
    assert total_row(changes(before, after))["resized"] == 0


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ("densenet121", "densenet169", "168 layers are added and 73 resized. Dense block 3 changes MACs most (+286"),
        ("densenet121", "densenetbc100_k12", "densenet121 sees 224×224 pixels, densenetbc100_k12 32×32"),
        ("vovnet39", "vovnetv2_39", "26 layers are added."),
    ],
)
def test_findings(one: str, other: str, part: str) -> None:
    pair = summarize(one, None), summarize(other, None)
    assert part in changes_finding(*pair, changes(*pair))


def test_bars_of_stages_go_to_the_side_of_their_sign() -> None:
    rows = stage_rows(changes(summarize("densenet121"), summarize("vovnet39")))
    figure = stage_changes(pd.DataFrame(rows), LIGHT)
    for bars, key in zip(figure.data, COSTS, strict=True):
        assert list(bars.x) == [row[key] for row in rows]
        low, high = figure.layout[bars.xaxis.replace("x", "xaxis")].range
        assert low < min(bars.x)
        assert high > max(bars.x)
