"""Fine-tuning: every parameter of every family has its depth, frozen stages stay to the bit, rates follow the depth."""

from __future__ import annotations

import pytest

from archs import list_families
from archs.errors import ConfigError
from archs.registry import get_config, get_family
from tests.support.small import SMALL, small
from training.engine.finetune import check_freeze, freeze, parameter_groups, stages_of
from training.recipes import Recipe

torch = pytest.importorskip("torch")
functional = torch.nn.functional

RECIPE = Recipe(data="digits", source="")
#: A registered network of each family, made small.
OF_EACH_FAMILY = [next(name for name in SMALL if get_config(name).family == family) for family in list_families()]


def test_each_family_has_a_small_network():
    assert {get_config(name).family for name in OF_EACH_FAMILY} == set(list_families())


@pytest.mark.parametrize("name", SMALL)
def test_depths_follow_the_stages_in_which_images_pass_through_them(name):
    network = small(name)
    depth_of = network.group_matcher()
    depths = {parameter: depth_of(parameter) for parameter, _ in network.named_parameters()}
    stages = stages_of(network.config)
    assert sorted(set(depths.values())) == list(range(len(stages)))
    assert all(network.stage_of(parameter) == stages[depth] for parameter, depth in depths.items())
    weight, bias = list(depths)[-2:]
    assert (depths[weight], depths[bias]) == (len(stages) - 1,) * 2


@pytest.mark.parametrize("name", SMALL)
def test_rates_by_depth_are_those_that_timm_gives(name):
    layer_decay = pytest.importorskip("timm.optim").param_groups_layer_decay
    network = small(name)
    expected = {
        id(parameter): (group["lr_scale"], group["weight_decay"])
        for group in layer_decay(network, weight_decay=0.05, layer_decay=0.8)
        for parameter in group["params"]
    }
    recipe = RECIPE.varied(layer_decay=0.8, weight_decay=0.05, decay_all=False)
    groups = parameter_groups(network, recipe)
    found = {
        id(parameter): (group["lr_scale"], group["weight_decay"]) for group in groups for parameter in group["params"]
    }
    assert found == {key: (pytest.approx(scale), decay) for key, (scale, decay) in expected.items()}
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))


def test_the_classifier_learns_at_its_own_rate_and_nothing_else_does():
    network = small("densenet121")
    groups = parameter_groups(network, RECIPE.varied(head_lr=10))
    rates = {id(parameter): group["lr_scale"] for group in groups for parameter in group["params"]}
    assert {name for name, parameter in network.named_parameters() if rates[id(parameter)] == 10} == {
        "classifier.weight",
        "classifier.bias",
    }
    assert set(rates.values()) == {1, 10}


def test_the_schedule_keeps_the_rates_apart():
    optimizers = pytest.importorskip("training.engine.optimizers")
    network = small("densenet121")
    optimizer = optimizers.create_optimizer(network, RECIPE.varied(head_lr=10, layer_decay=0.5))
    optimizers.set_lr(optimizer, 0.1)
    rates = {id(parameter): group["lr"] for group in optimizer.param_groups for parameter in group["params"]}
    assert rates[id(network.classifier.weight)] == pytest.approx(1.0)
    assert rates[id(network.features.norm5.weight)] == pytest.approx(0.1)
    assert rates[id(network.features.conv0.weight)] == pytest.approx(0.1 * 0.5 ** (len(stages_of(network.config)) - 1))


def test_without_fine_tuning_there_is_a_group_that_decays_and_one_that_does_not():
    network = small("densenet121")
    [decayed, rest] = parameter_groups(network, RECIPE.varied(decay_all=False))
    assert (decayed["weight_decay"], rest["weight_decay"]) == (RECIPE.weight_decay, 0)
    assert all(parameter.ndim > 1 for parameter in decayed["params"])
    [everything] = parameter_groups(network, RECIPE)
    assert everything["params"] == list(network.parameters())


@pytest.mark.parametrize("name", OF_EACH_FAMILY)
def test_frozen_stages_stay_to_the_bit_while_the_rest_learns(name):
    torch.manual_seed(0)
    network = small(name, num_classes=3, drop_rate=0.5 if get_family(get_config(name).family).training.drops else 0.0)
    depth_of, frozen = network.group_matcher(), 2
    before = {key: value.clone() for key, value in network.state_dict().items()}
    network.train()
    recipe = RECIPE.varied(layer_decay=0.9, freeze=frozen)
    freeze(network, recipe)
    groups = [group | {"lr": recipe.lr * group["lr_scale"]} for group in parameter_groups(network, recipe)]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    for _ in range(2):
        images, labels = torch.randn(4, network.config.in_channels, 64, 64), torch.tensor([0, 1, 2, 0])
        functional.cross_entropy(network(images), labels).backward()
        optimizer.step()
        optimizer.zero_grad()
        network.train()
        freeze(network, recipe)
    learning = {key for key, parameter in network.named_parameters() if depth_of(key) >= frozen}
    moved = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert moved >= learning
    kept = [key for key in before if network.stage_of(key) in stages_of(network.config)[:frozen]]
    assert kept
    assert not moved.intersection(kept)
    running = [key for key in before if key.endswith("running_mean") and key not in kept]
    assert moved.issuperset(running)


def test_something_has_to_learn():
    config = get_config("densenet121")
    stages = stages_of(config)
    assert stages[:3] == ["stem", "dense block 1", "transition 1"]
    check_freeze(config, RECIPE.varied(freeze=len(stages) - 1))
    with pytest.raises(ConfigError, match="freeze is 9, but must be at most 8, up to 'dense block 4': the head learns"):
        check_freeze(config, RECIPE.varied(freeze=len(stages)))
