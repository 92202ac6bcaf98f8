"""Searches: budgets, fronts and counts against a plain loop; objectives of every kind; one sentence for bad input."""

from itertools import pairwise

import numpy as np
import pytest

import analysis
from analysis.search import ceilings
from analysis.search.budgets import Tally, parse_budgets
from analysis.search.ceilings import TooLargeSearchError
from analysis.search.engine import draw
from analysis.search.evidence import capacity_proxy, proxy_evidence
from analysis.search.quantities import COUNTED, EVALUATORS, SEARCH_QUANTITIES, PredictedSeconds, evaluation_key
from analysis.statistics import spearman
from analysis.structure.receptive_field import receptive_field
from archs import get_config, list_archs, plan_layers
from archs.errors import ConfigError, DenseScopeError

SMALL = analysis.Space(
    "densenetbc100_k12",
    {"growth_rate": (8, 12, 16), "block_config[0]": (2, 4, 8), "bn_size": (2, 4), "compression": (0.5, 1.0)},
    "small",
)
BUDGETS = {"params": (20_000, 400_000), "macs": (None, 60e6), "depth": (60, None)}


@pytest.fixture(scope="module")
def one_by_one():
    """Every network of the small space, as `summarize` counts it."""
    return [analysis.summarize(SMALL.config_at(index), None) for index in range(SMALL.size)]


def value(summary, quantity):
    return summary.depth.total if quantity == "depth" else getattr(summary, quantity)


def keeps(summary, bound):
    found = value(summary, bound.quantity)
    return found >= bound.value if bound.at_least else found <= bound.value


def test_a_search_agrees_with_a_plain_loop(one_by_one):
    goals = {"memory_access_cost": "min", "macs": "max", "bytes_moved": "min"}
    found = analysis.search(SMALL, BUDGETS, goals)
    bounds = [each.bound for each in found.exclusions]
    feasible = [n for n, summary in enumerate(one_by_one) if all(keeps(summary, bound) for bound in bounds)]
    assert found.feasible["index"].tolist() == feasible
    assert 0 < len(feasible) < SMALL.size

    def beats(a, b):
        signed = [(value(x, q) * (1 if sense == "min" else -1)) for x in (a, b) for q, sense in goals.items()]
        ours, theirs = signed[: len(goals)], signed[len(goals) :]
        return all(p <= q for p, q in zip(ours, theirs, strict=True)) and ours != theirs

    front = [n for n in feasible if not any(beats(one_by_one[other], one_by_one[n]) for other in feasible)]
    assert sorted(found.front["index"]) == front
    assert found.exhaustive
    assert found.looked_at == SMALL.size
    assert [config.growth_rate for config in found.configs] == found.front["growth_rate"].tolist()
    for row in found.front.to_dict("records"):
        summary = one_by_one[row["index"]]
        for quantity in ("params", "bytes_moved", "arithmetic_intensity", "depth"):
            assert row[quantity] == value(summary, quantity)


def test_exclusions_are_counted_alone_and_in_turn(one_by_one):
    found = analysis.search(SMALL, BUDGETS, "macs")
    left = list(one_by_one)
    for each in found.exclusions:
        assert each.alone == sum(not keeps(summary, each.bound) for summary in one_by_one)
        assert each.first == sum(not keeps(summary, each.bound) for summary in left)
        left = [summary for summary in left if keeps(summary, each.bound)]
    assert [str(each.bound.quantity) for each in found.exclusions] == ["params", "params", "macs", "depth"]
    assert len(left) == len(found.feasible)
    assert SMALL.size - sum(each.first for each in found.exclusions) == len(left)


def test_drawing_depends_on_the_seed_alone_and_never_repeats():
    for size, limit in ((10, 10), (10, 20), (1000, 300), (1000, 10), (10**18, 1000)):
        drawn = draw(size, limit, seed=3)
        assert len(drawn) == len(set(drawn.tolist())) == min(size, limit)
        assert 0 <= drawn.min() <= drawn.max() < size
        assert drawn.tolist() == draw(size, limit, seed=3).tolist()
    assert draw(10**6, 50, 0).tolist() != draw(10**6, 50, 1).tolist()
    means = [draw(1000, 30, seed).mean() for seed in range(200)]
    assert 480 < np.mean(means) < 520


def test_a_sample_says_so():
    found = analysis.search("vovnet", {"params": (None, 8e6)}, ["macs", "bytes_moved"], limit=300, seed=7)
    assert not found.exhaustive
    assert found.finding().startswith(
        "300 of 69,120,000 configs of the space vovnet were looked at, drawn with seed 7."
    )
    again = analysis.search("vovnet", {"params": (None, 8e6)}, ["macs", "bytes_moved"], limit=300, seed=7)
    assert found.front.equals(again.front)


def test_batch_size_and_dtype_are_those_of_summarize():
    found = analysis.search(SMALL, None, "macs", limit=5, batch_size=4, dtype="float16")
    for row in found.feasible.to_dict("records"):
        summary = analysis.summarize(SMALL.config_at(row["index"]), None, 4, "float16")
        assert (row["macs"], row["bytes_moved"]) == (summary.macs, summary.bytes_moved)
        assert row["capacity_proxy"] == pytest.approx(capacity_proxy(summary.params, summary.macs / 4))


def test_every_evaluated_quantity_is_that_of_its_own_analysis():
    space = analysis.Space("densenetbc100_k12", {"growth_rate": (4, 6), "block_config": ((2, 2, 2),)})
    goals = ("inference_bytes", "training_bytes", "predicted_seconds", "receptive_field", "measured_seconds")
    found = analysis.search(space, {"receptive_field": (1, None)}, goals)
    for row in found.feasible.to_dict("records"):
        config = space.config_at(row["index"])
        assert row["inference_bytes"] == analysis.memory(config, None).total_bytes
        assert row["training_bytes"] == analysis.memory(config, None, 32, mode="training").total_bytes("sgd")
        assert row["predicted_seconds"] == analysis.predict(config, "RTX 4090").seconds
        assert row["receptive_field"] == receptive_field(plan_layers(config, None))
        assert row["measured_seconds"] > 0


def test_evaluators_of_ones_own_bound_and_lead():
    seen = []

    def layers(config):
        seen.append(config)
        return sum(config.block_config)

    compiled = PredictedSeconds("RTX 3090", batch_size=8, execution="compiled")
    found = analysis.search(
        SMALL,
        {"layers": (None, 40), "macs": (None, 60e6)},
        {"layers": "max", "predicted_seconds": "min"},
        evaluators={"layers": layers, "predicted_seconds": compiled},
    )
    assert found.feasible["layers"].max() <= 40
    counted = analysis.search(SMALL, {"macs": (None, 60e6)}, "macs")
    assert len(seen) == len(counted.feasible)
    row = found.front.iloc[0]
    assert row["predicted_seconds"] == compiled(SMALL.config_at(int(row["index"])))


def test_networks_without_a_value_are_left_out_and_counted():
    def picky(config):
        if config.growth_rate == 8:
            raise DenseScopeError("Too thin.")
        return config.growth_rate

    found = analysis.search(SMALL, None, "picky", evaluators={"picky": picky})
    assert found.not_evaluated == {"picky": SMALL.size // 3}
    assert found.feasible["picky"].min() == 12
    with pytest.raises(DenseScopeError, match="None of the 36 networks that are left has a value of never"):
        analysis.search(SMALL, None, "never", evaluators={"never": lambda config: float("nan")})


def test_progress_reaches_its_end():
    calls = []
    analysis.search(SMALL, None, "receptive_field", progress=lambda *call: calls.append(call))
    assert calls[-1] == ("receptive_field", SMALL.size, SMALL.size)
    assert ("counting", SMALL.size, SMALL.size) in calls
    assert all(a[1] <= b[1] for a, b in pairwise(calls) if a[0] == b[0])


BAD_SEARCHES = {
    "pair": ({"budgets": {"params": (500e3, None), "macs": (None, 5e7)}}, "none keeps both Parameters ≥ 500"),
    "single": ({"budgets": {"params": (None, 5)}}, "none keeps Parameters ≤ 5."),
    "lower above upper": ({"budgets": {"macs": (3, 2)}}, "whose lower bound is not above the upper"),
    "unknown budget": ({"budgets": {"parms": (1, 2)}}, "no quantity 'parms'; the nearest names are 'params'"),
    "unknown objective": ({"objectives": "flop"}, "no quantity 'flop'; the nearest names are 'flops'"),
    "no objective": ({"objectives": ()}, "at least one quantity"),
    "bad sense": ({"objectives": {"macs": "least"}}, "must be one of 'min', 'max'"),
    "not a pair": ({"budgets": {"macs": 600e6}}, "a pair (lower, upper)"),
    "not a number": ({"budgets": {"macs": (None, float("nan"))}}, "a pair (lower, upper) of numbers"),
    "limit": ({"limit": 0}, "limit is 0"),
    "seed": ({"seed": -1}, "seed is -1"),
    "batch": ({"batch_size": 0}, "batch_size is 0"),
    "dtype": ({"dtype": "float8"}, "dtype is 'float8'"),
    "evaluator's name": ({"evaluators": {"macs": len}}, "by names that no counted quantity has"),
    "no function": ({"evaluators": {"mine": 3}}, "by names that no counted quantity has"),
    "words for numbers": (
        {"objectives": "mine", "evaluators": {"mine": lambda config: "fast"}},
        "the value of mine is 'fast', but must be a number",
    ),
    "expensive": (
        {"budgets": {"macs": (None, 6e7), "receptive_field": (1e6, None)}},
        "Of the networks that keep MACs ≤ 60.0\u2009M, none keeps Receptive field ≥ 1,000,000\u2009px",
    ),
}


@pytest.mark.parametrize("case", BAD_SEARCHES)
def test_bad_searches_are_refused_in_a_sentence(case):
    arguments, words = BAD_SEARCHES[case]
    with pytest.raises(DenseScopeError) as caught:
        analysis.search(SMALL, **arguments)
    assert words in str(caught.value)


def test_what_takes_long_is_done_only_if_it_is_asked_for(monkeypatch):
    """Each ceiling by its own sentence, with the figure; the last two are lowered to what a small space takes."""
    large = analysis.Space("densenet121", {f"block_config[{place}]": range(1, 61) for place in range(4)})
    with pytest.raises(TooLargeSearchError, match=r"would count 10,000,000 configs, more than the 5,000,000 that"):
        analysis.search(large, limit=10_000_000)
    asked = {"budgets": {"macs": (None, 60e6)}, "objectives": ["receptive_field", "params", "depth"]}
    free = analysis.search(SMALL, **asked)
    networks = len(free.feasible)
    monkeypatch.setattr(ceilings, "MAX_COMPARED", 3 * networks - 1)
    with pytest.raises(TooLargeSearchError, match=rf"find the front \(of {networks} networks by 3 objectives\)"):
        analysis.search(SMALL, **asked)
    monkeypatch.setattr(ceilings, "MAX_EVALUATED", networks - 1)
    with pytest.raises(
        TooLargeSearchError, match=rf"evaluate {networks} values .*\({networks} networks, of each recep"
    ):
        analysis.search(SMALL, **asked)
    assert analysis.search(SMALL, **asked, anyway=True).front.equals(free.front)


def test_a_space_without_networks_says_why():
    nothing = analysis.Space("densenet121", {"image_size": (8, 16)})
    with pytest.raises(DenseScopeError, match=r"None of the 2 configs .* is a network: image_size is 8"):
        analysis.search(nothing)
    with pytest.raises(DenseScopeError, match="nearest names are 'densenet-bc-cifar'"):
        analysis.search("densenet-cifar")


def test_three_budgets_that_exclude_everything_only_together():
    tally = Tally(parse_budgets({"a": (1, None), "b": (1, None), "c": (1, None)}, "abc"))
    columns = {"a": np.array([1, 1, 0]), "b": np.array([1, 0, 1]), "c": np.array([0, 1, 1])}
    assert not tally.apply(columns, 3).any()
    assert tally.contradiction() == "none keeps all of a ≥ 1.00, b ≥ 1.00, c ≥ 1.00, though some keep any two of them"


def test_devices_and_dtypes_are_checked_before_anything_is_evaluated():
    for build in (lambda: PredictedSeconds("4090"), lambda: PredictedSeconds(precision="fp4")):
        with pytest.raises(DenseScopeError):
            build()
    assert "RTX 4090" in evaluation_key("predicted_seconds", PredictedSeconds())
    assert evaluation_key("mine", len) == "mine"


@pytest.mark.parametrize("name", list_archs())
def test_receptive_fields_grow_with_the_kernels(name):
    config = get_config(name)
    field = receptive_field(plan_layers(config, None))
    assert field == receptive_field(plan_layers(config, (256, 320)))
    assert field > receptive_field(plan_layers(config, None)[:10])


def test_receptive_fields_of_known_networks():
    # DenseNet-121: 7×7/2, 3×3/2, then 6, 12, 24 and 16 3×3 at strides 4, 8, 16 and 32; a 2×2 pool between them.
    by_hand = 1 + 6 + 2 * 2 + (6 * 2 * 4 + 1 * 4) + (12 * 2 * 8 + 1 * 8) + (24 * 2 * 16 + 1 * 16) + 16 * 2 * 32
    assert receptive_field(plan_layers("densenet121")) == by_hand


def test_the_proxy_comes_with_its_evidence():
    evidence = proxy_evidence()
    assert len(evidence.networks) == len(set(evidence.networks)) == 10
    rows = [row for row in analysis.hardware.accuracy.accuracy_rows() if row["recipe"] == evidence.recipe]
    products = [row["params"] * row["macs"] for row in rows]
    assert evidence.rank_correlation == pytest.approx(-spearman(products, [row["error"] for row in rows]))
    assert 0 < evidence.close_pairs_right <= evidence.close_pairs
    found = analysis.search(SMALL, None, {"capacity_proxy": "max"})
    assert evidence.sentence() in found.finding()
    assert "weak" in evidence._replace(rank_correlation=0.3).sentence()
    with pytest.raises(ConfigError, match="three registered networks"):
        proxy_evidence("nobody's")


def test_every_quantity_has_a_label_and_a_definition():
    assert set(SEARCH_QUANTITIES) == {*COUNTED, *EVALUATORS}
    assert all(quantity.label and quantity.definition for quantity in SEARCH_QUANTITIES.values())
