"""Zero-cost proxies: by hand on tiny networks, what they must not depend on, and as quantities of a search."""

from __future__ import annotations

from dataclasses import replace
from math import isnan, log

import pytest
import torch
from torch import nn

import analysis
from analysis.search.evidence import JUDGED, TrainedEvidence, at_one_budget, evidence_of, trained_evidence, trained_rows
from analysis.search.proxies import grad_norm, naswot, synflow
from analysis.search.quantities import PROXIES, SLOW, ZeroCost, evaluation_key
from archs import get_config
from archs.errors import ConfigError
from scripts import proxies as script
from tests.support.project import ROOT

TINY = replace(get_config("densenetbc40_k12"), growth_rate=4, block_config=(1, 1), num_init_features=4, image_size=8)
IMAGES = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))


def linear(*weights: list[list[float]]) -> nn.Linear | nn.Sequential:
    """Linear layers without biases."""
    layers = [nn.Linear(len(rows[0]), len(rows), bias=False) for rows in weights]
    for layer, rows in zip(layers, weights, strict=True):
        layer.weight.data = torch.tensor(rows)
    return nn.Sequential(*layers)


def test_synflow_of_two_linear_layers_is_twice_the_flow():
    # 1ᵀ|W₂||W₁|1 = (1 · 3 + 4 · 7) + (2 · 3 + 0 · 7): each layer's |w · ∂R/∂w| adds up to R, as R is linear in it.
    network = linear([[1.0, -2.0], [3.0, -4.0]], [[1.0, -4.0], [-2.0, 0.0]])
    assert 10 ** synflow(network, torch.zeros(1, 2)) == pytest.approx(2 * (3 + 28 + 6))


@pytest.mark.parametrize("depth", [1, 3, 5])
def test_synflow_of_a_chain_is_its_flow_times_its_depth(depth):
    ones = [[1.0] * 3] * 3
    assert 10 ** synflow(linear(*[ones] * depth), torch.zeros(1, 3)) == pytest.approx(depth * 3 ** (depth + 1))


def test_synflow_knows_neither_signs_nor_batch_norm_nor_images():
    def network(norm: nn.Module, sign: float) -> nn.Module:
        torch.manual_seed(0)
        made = nn.Sequential(nn.Conv2d(2, 4, 3, bias=False), norm, nn.ReLU(), nn.Conv2d(4, 3, 3), nn.Flatten())
        made[0].weight.data *= sign
        return made

    norm = nn.BatchNorm2d(4)
    norm.running_mean += 3
    norm.running_var *= 5
    norm.weight.data *= -2
    shapes = torch.zeros(1, 2, 8, 8), torch.ones(7, 2, 8, 8)
    found = {synflow(network(nn.Identity(), 1.0), shapes[0]), synflow(network(norm, -1.0), shapes[1])}
    assert len({round(value, 12) for value in found}) == 1


def test_synflow_of_what_lets_nothing_through_has_no_value():
    assert isnan(synflow(linear([[0.0, 0.0]], [[1.0]]), torch.zeros(1, 2)))


def test_naswot_of_three_images_and_two_relus():
    # Codes 10, 01 and 11: alike in 2 with itself, in 0, 1 and 1 with one another.
    images = torch.tensor([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    kernel = torch.tensor([[2.0, 0.0, 1.0], [0.0, 2.0, 1.0], [1.0, 1.0, 2.0]])
    assert torch.linalg.det(kernel) == pytest.approx(4)
    for relu in (nn.ReLU(), nn.ReLU(inplace=True)):
        assert naswot(nn.Sequential(nn.Identity(), relu), images.clone()) == pytest.approx(log(4))


def test_naswot_adds_up_all_relus_and_knows_no_order_or_scale():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 8, bias=False), nn.ReLU())
    found = naswot(network, IMAGES)
    codes = torch.cat([(network[:2](IMAGES) > 0), (network(IMAGES) > 0)], 1)
    alike = (codes[:, None] == codes[None]).sum(2).double()
    assert found == pytest.approx(float(torch.logdet(alike)))
    assert naswot(network, IMAGES.flip(0)) == pytest.approx(found)
    network[2].weight.data *= 7
    assert naswot(network, IMAGES) == pytest.approx(found)


@pytest.mark.parametrize("network", [nn.Linear(3, 4), nn.Sequential(nn.Linear(3, 4), nn.GELU())])
def test_naswot_needs_relus(network):
    assert isnan(naswot(network, IMAGES))


def test_naswot_of_images_that_are_treated_alike_has_no_value():
    assert isnan(naswot(nn.ReLU(), torch.ones(2, 3)))


def test_gradient_norm_of_a_linear_classifier():
    # ∂L/∂W = 1/N Σ (softmax(Wx) − onehot(y)) xᵀ; with W = 0 the softmax is 1/classes.
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    network = linear([[0.0] * 3, [0.0] * 3])
    signs = torch.where(labels == 0, -0.5, 0.5)
    row = (signs[:, None] * IMAGES).mean(0).norm()
    assert grad_norm(network, IMAGES, labels) == pytest.approx(float(row * 2**0.5))


def test_gradient_norm_adds_up_layers_and_leaves_out_biases_and_norms():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    nn.functional.cross_entropy(network(IMAGES), labels).backward()
    by_hand = sum(float(network[place].weight.grad.norm()) for place in (0, 3))
    assert grad_norm(network, IMAGES, labels) == pytest.approx(by_hand)


@pytest.mark.parametrize("proxy", PROXIES)
def test_a_proxy_follows_from_config_and_seed(proxy):
    state = torch.get_rng_state()
    found = [ZeroCost(proxy, 4, seed)(config) for seed, config in ((0, TINY), (0, TINY), (1, TINY))]
    assert torch.equal(torch.get_rng_state(), state)
    assert found[0] == found[1] != found[2]
    same = replace(TINY, drop_rate=0.5, memory_efficient=True)
    assert ZeroCost(proxy, 4)(same) == found[0]
    assert evaluation_key(proxy, ZeroCost(proxy, 4, 0)) != evaluation_key(proxy, ZeroCost(proxy, 4, 1))


@pytest.mark.parametrize("proxy", PROXIES)
def test_wider_networks_have_more_of_each_in_a_search(proxy):
    space = analysis.Space(TINY, {"growth_rate": (4, 32)})
    found = analysis.search(space, None, {proxy: "max"})
    assert found.front["growth_rate"].tolist() == [32] or proxy == "grad_norm"
    assert trained_evidence(proxy).sentence() in found.finding()
    assert proxy in SLOW


@pytest.mark.parametrize("settings", [("synflo",), ("synflow", 1), ("naswot", 2, -1)])
def test_bad_settings_are_refused(settings):
    with pytest.raises(ConfigError):
        ZeroCost(*settings)


def test_what_was_trained_is_what_the_space_and_the_meter_say():
    rows = script.kept()
    assert len(at_one_budget(trained_rows())) >= 24
    assert len({row["index"] for row in rows}) == len(rows)
    for row in rows:
        config = script.SPACE.config_at(int(row["index"]))
        assert [row[name] for name in script.SPACE.open_fields] == [
            "" if (value := getattr(config, name)) is None else str(value) for name in script.SPACE.open_fields
        ]
        assert int(row["macs"]) == analysis.summarize(config).macs
    config = script.SPACE.config_at(int(rows[0]["index"]))
    for proxy in PROXIES:
        assert ZeroCost(proxy)(config) == pytest.approx(float(rows[0][proxy]), rel=1e-3)


@pytest.mark.long
def test_the_document_is_what_the_script_prints():
    document = (ROOT / "docs" / "proxies.md").read_text(encoding="utf-8")
    for name, part in script.parts().items():
        assert f"<!-- {name} -->\n{part}<!-- /{name} -->" in document


def test_evidence_is_the_rank_correlation_with_the_mean_of_the_seeds():
    rows = [{**dict.fromkeys(JUDGED, number), "accuracy": number**2} for number in range(9)]
    found = evidence_of("naswot", rows)
    assert found == TrainedEvidence("naswot", 9, 1.0, 1.0, 1.0)
    assert "weak" not in found.sentence()
    assert "It is weak" in found._replace(rank_correlation=0.69).sentence()
    for row in trained_rows():
        assert row["accuracy"] == pytest.approx(sum(row["accuracies"]) / len(row["accuracies"]))
