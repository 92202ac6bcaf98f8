"""Which networks of a front are named first, and what they go by."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.search import search
from analysis.search.picks import choice_finding, network_name, pick_networks
from analysis.search.space import get_space, list_spaces

GOALS = {"macs": "min", "capacity_proxy": "max"}


def roles(front: dict[str, list[float]], objectives: dict[str, str]) -> dict[str, int]:
    return {pick.role: pick.row for pick in pick_networks(pd.DataFrame(front), objectives)}


def test_the_balanced_network_is_nearest_to_the_best_of_both() -> None:
    front = {"macs": [1.0, 3.0, 4.0, 100.0], "capacity_proxy": [10.0, 11.0, 19.0, 20.0]}
    assert roles(front, GOALS) == {"Cheapest": 0, "Balanced": 2, "Strongest": 3}
    assert roles(front, dict(reversed(GOALS.items()))) == {"Cheapest": 0, "Balanced": 2, "Strongest": 3}


def test_a_network_is_named_once() -> None:
    assert roles({"macs": [5.0], "capacity_proxy": [9.0]}, GOALS) == {"Cheapest": 0}
    assert set(roles({"macs": [1.0, 9.0], "capacity_proxy": [10.0, 20.0]}, GOALS)) == {"Cheapest", "Strongest"}


@pytest.mark.parametrize(
    ("objectives", "names"),
    [
        ({"macs": "min", "params": "min"}, {"Least MACs", "Balanced", "Least parameters"}),
        ({"macs": "max", "params": "max"}, {"Most MACs", "Balanced", "Most parameters"}),
    ],
)
def test_the_ends_are_called_by_what_they_are_best_at(objectives: dict[str, str], names: set[str]) -> None:
    assert set(roles({"macs": [1.0, 2.0, 9.0], "params": [9.0, 2.0, 1.0]}, objectives)) == names


@pytest.mark.parametrize("space", list_spaces())
def test_the_ends_of_a_real_front(space: str) -> None:
    found = search(space, {}, GOALS, limit=300)
    picks = {pick.role: pick.row for pick in pick_networks(found.front, found.objectives)}
    assert found.front["macs"][picks["Cheapest"]] == found.front["macs"].min()
    assert found.front["capacity_proxy"][picks["Strongest"]] == found.front["capacity_proxy"].max()
    finding = choice_finding(found)
    assert finding.startswith(f"{network_name(found.configs[picks['Balanced']])} balances best: MACs ")
    assert found.exclusion_finding() == ""


def test_an_end_may_balance_best() -> None:
    found = search("peleenet", {}, {"macs": "min", "params": "min"}, limit=10_000)
    assert [pick.role for pick in pick_networks(found.front, found.objectives)] == ["Least MACs", "Least parameters"]
    assert choice_finding(found).startswith("PeleeNet 325k balances best: MACs 42.5\u2009M and parameters 325\u2009k.")


def test_names_say_family_depth_and_size() -> None:
    spaces = ("densenet-bc-cifar", "densenet-bc-imagenet", "peleenet", "vovnet")
    assert [network_name(get_space(space).base) for space in spaces] == [
        "DenseNet-100 769k",
        "DenseNet-121 7.98M",
        "PeleeNet 2.80M",
        "VoVNet-39 22.6M",
    ]


def test_what_each_bound_excludes_is_one_sentence() -> None:
    found = search("peleenet", {"params": (None, 2e6), "macs": (None, 4e8)}, GOALS, limit=300)
    first, second = found.exclusions
    assert found.exclusion_finding().startswith(
        f"Of 300 networks, {first.bound} excludes {first.first:,} and {second.bound} excludes {second.first:,} more"
    )
