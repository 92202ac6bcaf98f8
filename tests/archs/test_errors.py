"""Bad input gets one clear sentence: what was given, what is allowed, the nearest right thing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import analysis
import archs
from archs.planning import count_layers, walk
from archs.registry import register_arch, register_family
from tests.support.exhaustive import examples
from tests.support.strategies import CONFIGS

BAD_FIELDS = [
    ("densenet121", {"growth_rate": 0}, "growth_rate is 0, but must be an integer from 1 to 1024."),
    ("densenet121", {"growth_rate": 3.5}, "growth_rate is 3.5, but must be an integer"),
    ("densenet121", {"growth_rate": True}, "growth_rate is True, but must be an integer"),
    ("densenet121", {"growth_rate": "32"}, "growth_rate is '32', but must be an integer"),
    ("densenet121", {"growth_rate": 10**30}, "growth_rate is 1000000000000000000000000000000, but must be"),
    ("densenet121", {"block_config": ()}, "block_config is (), but must be a sequence of 1 to 8 integers"),
    ("densenet121", {"block_config": (6, 0)}, "block_config is (6, 0), but must be a sequence"),
    ("densenet121", {"block_config": "6,12"}, "block_config is '6,12', but must be a sequence"),
    ("densenet121", {"block_config": 6}, "block_config is 6, but must be a sequence"),
    ("densenet121", {"bn_size": 0}, "bn_size is 0, but must be an integer from 1 to 64."),
    ("densenet121", {"compression": 0}, "compression is 0, but must be a number in (0, 1]."),
    ("densenet121", {"compression": 1.01}, "compression is 1.01, but must be a number in (0, 1]."),
    ("densenet121", {"compression": math.nan}, "compression is nan, but must be a number in (0, 1]."),
    ("densenet121", {"compression": 0.001}, "compression is 0.001, but must be at least 1/256, so that transition 1"),
    ("densenet121", {"stem": "vgg"}, "stem is 'vgg', but must be one of 'imagenet', 'cifar', 'pelee'."),
    ("densenet121", {"drop_rate": 1.0}, "drop_rate is 1.0, but must be a number in [0, 1)."),
    ("densenet121", {"conv_bias": 1}, "conv_bias is 1, but must be True or False."),
    ("densenet121", {"num_classes": 0}, "num_classes is 0, but must be an integer"),
    ("densenet121", {"image_size": (224,)}, "image_size is (224,), but must be an integer or a pair (h, w)"),
    ("peleenet", {"growth_rate": 31}, "growth_rate is 31, but must be even, such as 32: half of it goes each way."),
    ("peleenet", {"growth_rate": (32, 32)}, "growth_rate is (32, 32), but must be a sequence of 4 integers"),
    ("peleenet", {"growth_rate": 2}, "growth_rate is 2, but must be at least 8 where bottleneck_width is 1"),
    ("peleenet", {"bottleneck_width": (1, 2)}, "bottleneck_width is (1, 2), but must be a sequence of 4 integers"),
    ("peleenet", {"num_init_features": 33}, "num_init_features is 33, but must be even, such as 34"),
    ("vovnet39", {"stage_out_chs": (256, 512, 768)}, "stage_out_chs is (256, 512, 768), but must be a sequence of 4"),
    ("vovnet39", {"block_per_stage": (1,) * 5}, "stage_conv_chs is (128, 160, 192, 224), but must be a sequence of 5"),
    (
        "vovnet39",
        {"attention": "last", "stage_out_chs": 9, "se_reduction": 10},
        "se_reduction is 10, but must be at most 9",
    ),
    ("vovnet39", {"attention": "se"}, "attention is 'se', but must be one of 'none', 'last', 'every'."),
]


@pytest.mark.parametrize(("name", "overrides", "message"), BAD_FIELDS)
def test_bad_field(name, overrides, message):
    with pytest.raises(archs.ConfigError) as error:
        archs.get_config(name, **overrides)
    assert str(error.value).startswith(message)
    assert isinstance(error.value, ValueError)


@pytest.mark.parametrize("image_size", [0, -1, 1.5, True, "224", 10**9, (1, 2, 3), (224, 0), None])
def test_bad_image_size(image_size):
    if image_size is None:  # None is the config's own
        assert len(archs.plan_layers("densenet121", None)) == 426
        return
    with pytest.raises(archs.ConfigError, match=r"^image_size is .* must be an integer or a pair \(h, w\) from 1 to"):
        archs.plan_layers("densenet121", image_size)


@pytest.mark.parametrize("batch_size", [0, -1, 1.5, None, "8", True, 10**9])
def test_bad_batch_size(batch_size):
    with pytest.raises(archs.ConfigError, match=r"^batch_size is .* must be an integer from 1 to 65536"):
        analysis.summarize("densenet121", batch_size=batch_size)


@pytest.mark.parametrize(
    ("name", "image_size", "reason", "nearest"),
    [
        ("densenet121", 16, "features.transition3.pool would have nothing left to pool", "29"),
        ("vovnet39", (224, 16), "stages.3.pool would have nothing left to pool", r"\(224, 29\)"),
        ("peleenet", 225, "features.stemblock.concat would have to join maps of 56×56 and 57×57", "224"),
    ],
)
def test_image_that_does_not_suit_the_strides(name, image_size, reason, nearest):
    with pytest.raises(archs.ConfigError, match=rf"{reason}\); the nearest is {nearest}\.$"):
        archs.plan_layers(name, image_size)
    with pytest.raises(archs.TraceError, match=r"^\w+ cannot be traced"):
        analysis.summarize(name, image_size, route="trace")


def test_unknown_name_suggests_three():
    with pytest.raises(archs.UnknownArchError) as error:
        archs.create_model("DenseNet-121")
    assert str(error.value) == (
        "There is no architecture 'DenseNet-121'; the nearest names are 'densenet121', 'densenet201', 'densenet161'."
    )
    assert isinstance(error.value, KeyError)


def test_unknown_field_suggests_three():
    with pytest.raises(archs.UnknownFieldError, match=r"^DenseNetConfig has no field 'grow_rate'; .*'growth_rate'"):
        archs.get_config("densenet121", grow_rate=24)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dtype": "float99"}, "dtype is 'float99', but must be one of 'float64'"),
        ({"dtype": []}, "dtype is [], but must be one of"),
        ({"route": "guess"}, "route is 'guess', but must be one of 'auto', 'plan', 'trace'."),
        ({"target": 7}, "target is 7, but must be a registered name, a config, a design file,"),
        ({"target": None}, "target is None, but must be"),
    ],
)
def test_bad_argument(arguments, message):
    with pytest.raises(archs.ConfigError) as error:
        analysis.summarize(**{"target": "densenet121"} | arguments)
    assert str(error.value).startswith(message)


def test_a_long_value_is_cut():
    with pytest.raises(archs.ConfigError) as error:
        archs.get_config("densenet121", block_config="x" * 10_000)
    assert len(str(error.value)) < 200


def test_a_name_is_registered_once():
    spec = archs.get_spec("densenet121")
    with pytest.raises(ValueError, match="already registered"):
        register_arch("densenet121", spec.config, source=spec.source)
    with pytest.raises(ValueError, match="already registered"):
        register_family(archs.get_family("densenet"))


def test_the_deepest_network_is_told_its_size_as_well():
    """Without planning it at 4,096 sizes, which would take minutes."""
    with pytest.raises(archs.ConfigError, match=r"transition6.* the nearest is 253\.$"):
        archs.plan_layers(archs.get_config("densenet121", block_config=(256,) * 7))


@pytest.mark.parametrize("family", ["peleenet", "elan", "hardnet", "densenet", "cspnet"])
@given(data=st.data())
@settings(max_examples=examples(4))
def test_the_nearest_size_is_the_one_that_trying_all_finds(family, data):
    config = data.draw(CONFIGS[family])
    side, plan = data.draw(st.integers(1, 200)), archs.get_family(family).plan

    def fits(candidate):
        try:
            return candidate > 0 and bool(walk(plan, config, candidate, 1))
        except archs.ConfigError:
            return False

    if not fits(side):
        nearest = next(each for distance in range(2000) for each in (side + distance, side - distance) if fits(each))
        with pytest.raises(archs.ConfigError, match=rf"the nearest is {nearest}\.$|it takes [0-9]+\.$"):
            archs.plan_layers(config, side)


@given(config=st.one_of(*CONFIGS.values()))
@settings(max_examples=examples(10))
def test_layers_are_counted_without_all_of_them(config):
    assert count_layers(archs.get_family(config.family).plan, config, (256, 256)) == len(archs.plan_layers(config, 256))


def test_a_network_with_too_many_layers_is_told_how_many():
    config = {"blocks": (64,) * 4, "layers": 64}
    with pytest.raises(archs.ConfigError, match=r"^the number of layers is [0-9]{5}, but must be at most 20000\.$"):
        analysis.summarize(archs.get_config("hgnet_small", **config))
