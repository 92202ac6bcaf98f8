"""Random valid configs, small enough to build by the hundred."""

from __future__ import annotations

from dataclasses import replace
from math import lcm

from hypothesis import strategies as st

from archs import get_config, list_families
from archs.condensenet import CondenseNetConfig
from archs.config import NetworkConfig
from archs.cspnet import CSPNetConfig
from archs.densenet import DenseNetConfig
from archs.dpn import DPNConfig
from archs.elan import ELANConfig
from archs.hardnet import HarDNetConfig
from archs.hgnet import HGNetConfig
from archs.peleenet import PeleeNetConfig
from archs.rdnet import RDNetConfig
from archs.vovnet import VoVNetConfig
from tests.support.exhaustive import smallest_of


def integers(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def tuples(element: st.SearchStrategy[int], length: int) -> st.SearchStrategy[tuple[int, ...]]:
    return st.tuples(*[element] * length)


COMMON = {"num_classes": integers(1, 20), "in_channels": integers(1, 4)}

densenet_configs = st.builds(
    DenseNetConfig,
    growth_rate=integers(2, 40),
    block_config=integers(1, 5).flatmap(lambda length: tuples(integers(1, 6), length)),
    num_init_features=integers(2, 80),
    bn_size=st.none() | integers(1, 6),
    compression=st.floats(0.5, 1.0),
    links=st.sampled_from(["all", "log2", "window", "one_shot"]),
    link_window=integers(1, 5),
    norm_order=st.sampled_from(["pre_activation", "post_activation"]),
    transition_pool=st.sampled_from(["average", "max", "none"]),
    stem=st.sampled_from(["imagenet", "cifar", "pelee"]),
    conv_bias=st.booleans(),
    drop_rate=st.sampled_from([0.0, 0.2]),
    **COMMON,
)


@st.composite
def peleenet_configs(draw: st.DrawFn) -> PeleeNetConfig:
    stages = draw(integers(1, 5))
    growth_rate = integers(4, 24).map(lambda half: 2 * half)
    width = integers(1, 8)
    return PeleeNetConfig(
        growth_rate=draw(growth_rate | tuples(growth_rate, stages)),
        block_config=draw(tuples(integers(1, 5), stages)),
        num_init_features=draw(integers(4, 40).map(lambda half: 2 * half)),
        bottleneck_width=draw(width | tuples(width, stages)),
        bottleneck=draw(st.sampled_from(["dynamic", "fixed"])),
        dense_layer=draw(st.sampled_from(["two_way", "one_way"])),
        stem=draw(st.sampled_from(["pelee", "imagenet"])),
        drop_rate=draw(st.sampled_from([0.0, 0.05])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def vovnet_configs(draw: st.DrawFn) -> VoVNetConfig:
    stages = draw(integers(1, 5))
    channels, out_channels = integers(1, 40), integers(1, 80)
    out_chs = draw(out_channels | tuples(out_channels, stages))
    least = out_chs if isinstance(out_chs, int) else min(out_chs)
    return VoVNetConfig(
        stem_chs=draw(tuples(channels, 3)),
        stage_conv_chs=draw(channels | tuples(channels, stages)),
        stage_out_chs=out_chs,
        block_per_stage=draw(tuples(integers(1, 3), stages)),
        layer_per_block=draw(integers(1, 6)),
        residual=draw(st.booleans()),
        attention=draw(st.sampled_from(["none", "last", "every"])),
        se_reduction=draw(st.none() | integers(1, least)),
        depthwise=draw(st.booleans()),
        stage_pool=draw(st.sampled_from(["max", "average"])),
        stem=draw(st.sampled_from(["imagenet", "cifar"])),
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def condensenet_configs(draw: st.DrawFn) -> CondenseNetConfig:
    blocks = draw(integers(1, 5))
    groups, condense_factor, groups_3x3 = (draw(st.sampled_from([1, 2, 3, 4])) for _ in range(3))
    growth_rate = integers(1, 3).map(lambda times: times * lcm(groups, condense_factor, groups_3x3))
    block_number = st.none() | integers(1, 5)
    return CondenseNetConfig(
        layers_per_block=draw(tuples(integers(1, 4), blocks)),
        growth_rates=draw(growth_rate | tuples(growth_rate, blocks)),
        groups=groups,
        condense_factor=condense_factor,
        groups_3x3=groups_3x3,
        bottleneck=draw(integers(1, 4)),
        stem=draw(st.sampled_from(["imagenet", "cifar"])),
        reactivation=draw(st.booleans()),
        attention_from=draw(block_number),
        hardswish_from=draw(block_number),
        # its SE keeps a sixteenth of the channels, which are no fewer than these
        head_features=draw(st.none() | integers(1, 40)) if (blocks + 2) * groups >= 16 else None,
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def hardnet_configs(draw: st.DrawFn) -> HarDNetConfig:
    blocks = draw(integers(1, 4))
    growth_rate, channels, switch = integers(1, 20), integers(1, 60), integers(0, 1)
    return HarDNetConfig(
        stem_channels=draw(tuples(integers(1, 40), 2)),
        layers_per_block=draw(tuples(integers(1, 9), blocks)),
        growth_rates=draw(growth_rate | tuples(growth_rate, blocks)),
        multiplier=draw(st.floats(1, 2)),
        transition_channels=draw(channels | tuples(channels, blocks)),
        downsample=draw(switch | tuples(switch, blocks)),
        depthwise=draw(st.booleans()),
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def hgnet_configs(draw: st.DrawFn) -> HGNetConfig:
    version = draw(st.sampled_from(["v1", "v2"]))
    half = integers(1, 20).map(lambda number: 2 * number)
    return HGNetConfig(
        version=version,
        stem_channels=draw(tuples(half, 3 if version == "v1" else 2)),
        mid_channels=draw(tuples(integers(1, 40), 4)),
        out_channels=draw(tuples(half, 4)),
        blocks=draw(tuples(integers(1, 3), 4)),
        layers=draw(integers(1, 5)),
        kernels=draw(tuples(st.sampled_from([1, 3, 5]), 4)),
        light=draw(tuples(integers(0, 1), 4)),
        learnable_affine=version == "v2" and draw(st.booleans()),
        head_channels=draw(integers(1, 60)),
        drop_rate=draw(st.sampled_from([0.0, 0.2])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def rdnet_configs(draw: st.DrawFn) -> RDNetConfig:
    stages = draw(integers(1, 5))
    blocks, switch = integers(1, 3), integers(0, 1)
    return RDNetConfig(
        init_channels=draw(integers(16, 40)),
        growth_rates=draw(tuples(integers(16, 40), stages)),
        blocks=draw(blocks | tuples(blocks, stages)),
        downsample=(0, *draw(tuples(switch, stages - 1))),
        ese=draw(switch | tuples(switch, stages)),
        expansion=draw(st.floats(1.0, 4.0)),
        compression=draw(st.floats(0.5, 1.0)),
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def cspnet_configs(draw: st.DrawFn) -> CSPNetConfig:
    stages, groups = draw(integers(1, 4)), draw(integers(1, 3))
    width = integers(1, 6).map(lambda n: 4 * n * groups)
    ratio = st.sampled_from([1.0, 2.0])
    stride = integers(1, 2)
    return CSPNetConfig(
        stem_channels=(*draw(tuples(integers(1, 20), draw(integers(0, 2)))), draw(width)),
        stem_kernel=draw(st.sampled_from([3, 6, 7])),
        stem_stride=draw(stride),
        pool=draw(st.booleans()),
        stage=draw(st.sampled_from(["csp", "cs3", "dark"])),
        block=draw(st.sampled_from(["bottle", "dark"])),
        blocks=draw(tuples(integers(1, 3), stages)),
        out_channels=draw(width | tuples(width, stages)),
        strides=draw(stride | tuples(stride, stages)),
        expand_ratio=draw(ratio | st.tuples(*[ratio] * stages)),
        bottle_ratio=draw(st.sampled_from([0.5, 1.0, 1.5]) if groups == 1 else st.just(1.0)),
        groups=groups,
        down_growth=draw(st.booleans()),
        cross_linear=draw(st.booleans()),
        activation=draw(st.sampled_from(["silu", "leaky_relu"])),
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def elan_configs(draw: st.DrawFn) -> ELANConfig:
    stages, convolutions = draw(integers(1, 4)), draw(integers(1, 3))
    channels = integers(1, 40).map(lambda half: 2 * half)
    return ELANConfig(
        stem_channels=draw(tuples(integers(1, 40), convolutions)),
        stem_strides=(1,) * (convolutions - 1) + (draw(integers(1, 2)),),
        reorganise=draw(st.booleans()) and stages < 4,
        downsampling=draw(st.sampled_from(["pool", "conv", "mp", "downc"])),
        widths=draw(tuples(integers(1, 40), stages)),
        layers=draw(integers(1, 5)),
        step=draw(integers(1, 3)),
        out_channels=draw(channels | tuples(channels, stages)),
        parallel=draw(st.booleans()),
        activation=draw(st.sampled_from(["silu", "leaky_relu"])),
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


@st.composite
def dpn_configs(draw: st.DrawFn) -> DPNConfig:
    stages, groups = draw(integers(1, 4)), draw(integers(1, 4))
    increment = integers(1, 12)
    return DPNConfig(
        small=draw(st.booleans()),
        init_channels=draw(integers(1, 40)),
        base_width=groups * draw(integers(1, 6)),
        groups=groups,
        blocks=draw(tuples(integers(1, 3), stages)),
        increments=draw(increment | tuples(increment, stages)),
        split_last=draw(st.booleans()),
        activation=draw(st.sampled_from(["relu", "silu"])),
        drop_rate=draw(st.sampled_from([0.0, 0.1])),
        **{field: draw(strategy) for field, strategy in COMMON.items()},
    )


CONFIGS = {
    "densenet": densenet_configs,
    "peleenet": peleenet_configs(),
    "vovnet": vovnet_configs(),
    "cspnet": cspnet_configs(),
    "dpn": dpn_configs(),
    "condensenet": condensenet_configs(),
    "hardnet": hardnet_configs(),
    "hgnet": hgnet_configs(),
    "elan": elan_configs(),
    "rdnet": rdnet_configs(),
}


def like(config: NetworkConfig) -> st.SearchStrategy[NetworkConfig]:
    """The config with other numbers of classes and of the image's channels."""
    return st.fixed_dictionaries(COMMON).map(lambda fields: replace(config, **fields))


CONFIGS |= {family: like(get_config(smallest_of(family))) for family in list_families() if family not in CONFIGS}

#: (h, w) that every family's strides can take with up to five blocks: multiples of 32 from 64 on.
image_sizes = st.tuples(*[integers(2, 5).map(lambda n: 32 * n)] * 2)
batch_sizes = integers(1, 5)
