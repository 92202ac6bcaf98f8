"""Counting many configs at once: exactly what `summarize` counts of each, for any space."""

import random
from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import Space, get_space, list_spaces, summarize
from analysis.search.counting import BatchCosts
from analysis.search.walks import WALKED
from archs import list_archs
from archs.errors import ConfigError, UnknownFieldError
from archs.registry import get_config
from tests.support.exhaustive import examples
from tests.support.strategies import CONFIGS

LOOKED_AT = 12


def counted_one_by_one(space, index, batch_size=1, dtype="float32"):
    """What `summarize` counts, None where the combination is no network."""
    try:
        summary = summarize(space.config_at(index), None, batch_size, dtype)
    except ConfigError:
        return None
    return {key: summary.depth.total if key == "depth" else getattr(summary, key) for key in WALKED}


def counted_together(space, indices, batch_size=1, dtype="float32"):
    costs = BatchCosts(space, batch_size, dtype).of(indices)
    rows = [{key: int(costs.quantities[key][place]) for key in WALKED} for place in range(len(indices))]
    return [row if network else None for row, network in zip(rows, costs.is_network, strict=True)]


def assert_equal(space, indices, batch_size=1, dtype="float32"):
    expected = [counted_one_by_one(space, index, batch_size, dtype) for index in indices]
    assert counted_together(space, indices, batch_size, dtype) == expected
    return sum(row is not None for row in expected)


def some_of(values):
    return st.lists(values, min_size=1, max_size=3, unique=True)


def some_places(field, length, values):
    """Choices for some places of a sequence."""
    return st.dictionaries(st.integers(0, length - 1).map(lambda place: f"{field}[{place}]"), some_of(values))


SIDES = st.sampled_from([8, 29, 32, 57, 64, (64, 96)])
DENSENETS = {
    "growth_rate": st.integers(1, 48),
    "num_init_features": st.integers(1, 80),
    "bn_size": st.none() | st.integers(1, 8),
    "compression": st.floats(0.01, 1) | st.just(1),
    "links": st.sampled_from(["all", "log2", "window", "one_shot"]),
    "link_window": st.integers(1, 5),
    "norm_order": st.sampled_from(["pre_activation", "post_activation"]),
    "transition_pool": st.sampled_from(["average", "max", "none"]),
    "stem": st.sampled_from(["imagenet", "cifar", "pelee"]),
    "conv_bias": st.booleans(),
    "block_config": st.lists(st.integers(1, 9), min_size=1, max_size=5).map(tuple),
    "num_classes": st.integers(1, 2000),
    "in_channels": st.integers(1, 5),
    "image_size": SIDES,
}
PELEENETS = {
    "growth_rate": st.integers(1, 24).map(lambda half: 2 * half),
    "num_init_features": st.integers(4, 40).map(lambda half: 2 * half),
    "bottleneck_width": st.integers(1, 8) | st.tuples(*[st.integers(1, 8)] * 4),
    "block_config": st.lists(st.integers(1, 6), min_size=3, max_size=5).map(tuple),
    "bottleneck": st.sampled_from(["dynamic", "fixed"]),
    "dense_layer": st.sampled_from(["two_way", "one_way"]),
    "stem": st.sampled_from(["pelee", "imagenet"]),
    "image_size": SIDES,
}
VOVNETS = {
    "stem_chs": st.tuples(*[st.integers(1, 40)] * 3),
    "stage_conv_chs": st.integers(1, 24) | st.tuples(*[st.sampled_from([8, 16, 24])] * 4),
    "stage_out_chs": st.integers(16, 40) | st.tuples(*[st.sampled_from([16, 24, 40])] * 4),
    "se_reduction": st.none() | st.sampled_from([2, 16, 30]),
    "stage_pool": st.sampled_from(["max", "average"]),
    "stem": st.sampled_from(["imagenet", "cifar"]),
    "block_per_stage": st.tuples(*[st.integers(1, 5)] * 4),
    "layer_per_block": st.integers(1, 5),
    "residual": st.booleans(),
    "attention": st.sampled_from(["none", "last", "every"]),
    "depthwise": st.booleans(),
    "image_size": SIDES,
}
BASES = {
    "densenet121": (DENSENETS, some_places("block_config", 4, st.integers(1, 30))),
    "densenet40_k12": (DENSENETS, some_places("block_config", 3, st.integers(1, 14))),
    "peleenet": (PELEENETS, some_places("bottleneck_width", 4, st.integers(1, 8))),
    "vovnet39": (VOVNETS, some_places("stage_out_chs", 4, st.sampled_from([128, 160, 192, 224]))),
    "ese_vovnet19b_dw": (VOVNETS, some_places("stage_conv_chs", 4, st.sampled_from([64, 128, 256, 512]))),
}


@st.composite
def spaces(draw):
    base = draw(st.sampled_from(sorted(BASES)))
    values, places = BASES[base]
    chosen = draw(st.lists(st.sampled_from(sorted(values)), max_size=5, unique=True))
    choices = {field: draw(some_of(values[field])) for field in chosen}
    for name, own in draw(places).items():
        if name.partition("[")[0] not in choices:
            choices[name] = own
    order = draw(st.permutations(list(choices)))
    try:
        return Space(base, {name: choices[name] for name in order})
    except ConfigError:  # a value that no network of the space can have
        return Space(base, {"num_classes": (10, 1000)})


@st.composite
def spaces_of_any_family(draw):
    """What three random configs hold in some of their fields."""
    configs = draw(st.lists(CONFIGS[draw(st.sampled_from(sorted(CONFIGS)))], min_size=3, max_size=3))
    names = [each.name for each in fields(configs[0])]
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5, unique=True))
    try:
        return Space(configs[0], {name: {getattr(config, name): None for config in configs} for name in chosen})
    except ConfigError:  # as above
        return Space(configs[0], {"num_classes": (10, 1000)})


@settings(max_examples=examples(40))
@given(spaces_of_any_family(), st.randoms())
def test_costs_of_every_family_equal_those_of_summarize(space, chance):
    assert_equal(space, [chance.randrange(space.size) for _ in range(5)])


@pytest.mark.long
@settings(max_examples=examples(30))
@given(spaces(), st.integers(1, 4), st.sampled_from(["float32", "bfloat16", "int8"]), st.randoms())
def test_costs_equal_those_of_summarize(space, batch_size, dtype, chance):
    indices = [chance.randrange(space.size) for _ in range(LOOKED_AT)]
    assert_equal(space, indices, batch_size, dtype)


@pytest.mark.parametrize("name", list_spaces())
def test_presets_are_counted_exactly(name):
    space, chance = get_space(name), random.Random(0)
    indices = [chance.randrange(space.size) for _ in range(40)]
    assert assert_equal(space, indices) == 40


@pytest.mark.parametrize("name", list_archs())
def test_registered_networks_are_counted_exactly(name):
    space = Space(name, {"num_classes": (10, get_config(name).num_classes + 1)})
    assert assert_equal(space, [1, 0, 1]) == 3


def test_costs_beyond_64_bits_are_exact():
    space = Space(
        "densenet121", {"growth_rate": (32, 1024), "image_size": (224, 8192), "block_config": ((6, 12), (256, 256))}
    )
    assert assert_equal(space, list(range(space.size)), batch_size=65536) == space.size
    assert max(BatchCosts(space, 65536).of([space.size - 1]).quantities["macs"]) > 2**63


def test_combinations_that_are_no_networks_are_told_apart():
    space = Space("densenet121", {"growth_rate": (1, 32), "num_init_features": (1, 64), "compression": (0.02, 0.5)})
    assert 0 < assert_equal(space, list(range(space.size))) < space.size
    pelee = Space("peleenet", {"growth_rate": (2, 32), "bottleneck_width": (1, 4, (1, 2, 4, 4))})
    assert 0 < assert_equal(pelee, list(range(pelee.size))) < pelee.size
    lengths = Space("peleenet", {"block_config": ((3, 4, 8, 6), (3, 4, 8)), "bottleneck_width": (2, (1, 2, 4, 4))})
    assert assert_equal(lengths, list(range(lengths.size))) == 3
    groups = Space("dpn68", {"base_width": (96, 100, 128), "groups": (32, 25)})
    assert assert_equal(groups, list(range(groups.size))) == 3
    none_the_largest = Space("dpn68", {"base_width": (96, 100), "groups": (32, 25)})
    assert assert_equal(none_the_largest, list(range(none_the_largest.size))) == 2
    halves = Space("yolov7", {"downsampling": ("mp", "conv"), "out_channels[0]": (255, 256)})
    assert assert_equal(halves, list(range(halves.size))) == 3
    resnext = {
        "stage": ("csp", "dark"),
        "out_channels": ((256, 512, 1024, 2048), (256, 512, 1024, 2080)),
        "groups": (16, 64),
    }
    grouped = Space("cspresnext50", resnext)
    assert 0 < assert_equal(grouped, list(range(grouped.size))) < grouped.size
    condensed = Space("condensenet50_cifar", {"groups_3x3": (4, 8), "growth_rates[0]": (4, 8)})
    assert assert_equal(condensed, list(range(condensed.size))) == 3


@pytest.mark.parametrize(
    ("name", "choices"),
    [
        ("yolov7", {"stem_strides[0]": (1, 2)}),
        ("hardnet68", {"downsample[0]": (0, 1), "image_size": (16,)}),
        ("cs3darknet_s", {"stem_kernel": (3, 6), "image_size": (1,)}),
    ],
)
def test_an_image_too_small_for_the_larger_number_may_do_for_the_smaller(name, choices):
    assert assert_equal(Space(name, choices), [0, 1]) == 1


def test_images_that_are_too_small_make_no_networks():
    space = Space("densenet121", {"image_size": (16, 28, 29, 64), "block_config": ((6, 12), (1, 1, 1, 1, 1))})
    assert 0 < assert_equal(space, list(range(space.size))) < space.size


def test_the_last_choice_changes_fastest():
    space = Space("densenet121", {"block_config[1]": (1, 2, 3), "growth_rate": (16, 32)})
    found = [(config.block_config, config.growth_rate) for config in map(space.config_at, range(3))]
    assert found == [((6, 1, 24, 16), 16), ((6, 1, 24, 16), 32), ((6, 2, 24, 16), 16)]


def test_published_networks_lie_in_the_presets():
    for name, base in (("densenet-bc-imagenet", "densenet121"), ("peleenet", "peleenet"), ("vovnet", "vovnet39")):
        space = get_space(name)
        assert all(_value(get_config(base), axis) in axis.values for axis in space.axes)


def _value(config, axis):
    value = getattr(config, axis.field)
    return value if axis.position is None else value[axis.position]


BAD_SPACES = {
    "no values": ({"growth_rate": ()}, "so that the space is not empty"),
    "a word": ({"growth_rate": "12"}, "must be a sequence of 1 to 10000 values"),
    "one number": ({"growth_rate": 12}, "must be a sequence"),
    "no field": ({"grow_rate": (12,)}, "has no field 'grow_rate'; the nearest fields are 'growth_rate'"),
    "no such place": ({"block_config[4]": (12,)}, "must be a place from 0 to 3"),
    "not a sequence": ({"growth_rate[0]": (12,)}, "growth_rate is one value"),
    "twice": ({"block_config": ((1, 2),), "block_config[0]": (1,)}, "left out where block_config is chosen as a whole"),
    "impossible": ({"growth_rate": (12, 0)}, "without 0: growth_rate is 0, but must be an integer from 1 to 1024"),
    "unhashable": ({"growth_rate": ({},)}, "made of numbers, words and tuples"),
    "endless": ({f: range(1, 1001) for f in ("growth_rate", "num_init_features", "num_classes")}
                | {f"block_config[{n}]": range(1, 257) for n in range(4)} | {"bn_size": range(1, 65)},
                "leave less open"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SPACES)
def test_bad_spaces_are_refused_in_a_sentence(case):
    choices, words = BAD_SPACES[case]
    with pytest.raises((ConfigError, UnknownFieldError)) as caught:
        Space("densenet121", choices)
    assert words in str(caught.value)
