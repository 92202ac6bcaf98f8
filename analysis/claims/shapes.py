"""Claims about what networks are made of: depth, channels, what a layer sees."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from analysis.claims.records import FAILS, ONLY_WHEN, Finding, claim, decided
from analysis.depth import count_depth
from analysis.hardware.predict.timed_runs import layers_of
from analysis.meter import LayerCost, cost_layers
from analysis.structure.receptive_field import receptive_fields
from analysis.summary import summarize
from analysis.units import format_ratio, format_share, join
from archs.planning import plan_layers
from archs.registry import get_config, list_archs

DENSENET = "Huang et al., DenseNet, arXiv:1608.06993"
VOVNET = "Lee et al., VoVNet, arXiv:1904.09730"
CENTERMASK = "Lee and Park, CenterMask, arXiv:1911.06667"


@cache
def resnet50() -> tuple[LayerCost, ...]:
    """ResNet-50's layers at 224×224, traced from timm's module once and shipped."""
    return cost_layers(layers_of("timm/resnet50", 224))


@claim("DenseNet-121 has 121 layers.", f"{DENSENET}, Table 1", "densenet121")
def layers_121() -> Finding:
    depth = count_depth("densenet121")
    return decided(depth.total == 121, f"{depth.formula}: convolutions and the classifier.")


@claim("DenseNet-264 has 264 layers.", f"{DENSENET}, Table 1", "densenet264")
def layers_264() -> Finding:
    depth = count_depth("densenet264")
    return decided(depth.total == 264, f"Its table adds up to {depth.formula}.")


@claim(
    "L = 3n + 4: a DenseNet of three blocks of n layers is 3n + 4 deep.",
    f"{DENSENET}, section 3; the authors' code",
    "densenet40_k12",
    "densenetbc100_k12",
)
def three_n_plus_four() -> Finding:
    plain: list[int] = []
    bottleneck: list[int] = []
    for name in list_archs(family="densenet"):
        config = get_config(name)
        if len(config.block_config) == 3:
            wrong = count_depth(name).total - (sum(config.block_config) + 4)
            (plain if config.bn_size is None else bottleneck).append(wrong)
    depth, blocks = count_depth("densenetbc100_k12"), get_config("densenetbc100_k12").block_config
    figures = (
        f"Where layers have no bottleneck: it gives the depth of all {len(plain)} registered networks of this kind. "
        f"With one, a layer has two convolutions: 3×{blocks[0]} + 4 = {sum(blocks) + 4}, but densenetbc100_k12 is "
        f"{depth.total} deep."
    )
    return decided(not any(plain + bottleneck), figures, FAILS if any(plain) else ONLY_WHEN)


@claim(
    "L = 4n + 5: a DenseNet of four blocks of n layers with bottlenecks is 4n + 5 deep.",
    "tutorials that carry L = 3n + 4 over to ImageNet's four blocks",
    "densenet121",
)
def four_n_plus_five() -> Finding:
    config, depth = get_config("densenet121"), count_depth("densenet121")
    layers = sum(config.block_config)
    figures = (
        f"It is 2Σn + 5: DenseNet-121's {layers} dense layers have two convolutions each, and 2×{layers} + 5 = "
        f"{2 * layers + 5}, its depth ({depth.total}); 4n + 5 would be {layers + 5}."
    )
    return decided(layers + 5 == depth.total, figures)


@claim(
    "The bottleneck's 1×1 convolution makes 4k channels.", f"{DENSENET}, section 3", "densenet121", "densenetbc100_k12"
)
def four_k() -> Finding:
    config = get_config("densenet121")
    made = {
        layer.output_shape[1]
        for layer in plan_layers(config)
        if layer.kernel == (1, 1) and ".denselayer" in layer.name and layer.op == "conv2d"
    }
    k = config.growth_rate
    return decided(made == {4 * k}, f"All of DenseNet-121's do: 4 × {k} = {join(map(str, sorted(made)))}.")


@claim("Compression θ = 0.5 halves a transition's channels.", f"{DENSENET}, section 3", "densenet121")
def compression_halves() -> Finding:
    convs = [
        layer for layer in plan_layers("densenet121") if layer.op == "conv2d" and layer.stage.startswith("transition")
    ]
    pairs = [(layer.input_shapes[0][1], layer.output_shape[1]) for layer in convs]
    half, whole = summarize("densenet121"), summarize(get_config("densenet121", compression=1.0))
    params, macs = (format_share(getattr(half, key) / getattr(whole, key)) for key in ("params", "macs"))
    figures = (
        f"{join(f'{read} → {made}' for read, made in pairs)}. The whole network has {params} of the parameters and "
        f"{macs} of the MACs that it has at θ = 1."
    )
    return decided(all(made == read // 2 for read, made in pairs), figures)


@claim(
    "A DenseNet has fewer parameters in batch norm than a ResNet.",
    "tutorials on DenseNet's few parameters",
    "densenet121",
)
def few_batch_norm_parameters() -> Finding:

    def norms(layers: Iterable[LayerCost]) -> int:
        return sum(cost.params for cost in layers if cost.layer.op == "batch_norm")

    ours, resnet = norms(summarize("densenet121").layers), norms(resnet50())
    figures = (
        f"DenseNet-121's have {ours:,}, ResNet-50's {resnet:,} ({format_ratio(ours / resnet)}): each dense layer "
        "normalises all channels before it anew."
    )
    return decided(ours < resnet, figures)


@claim("Two 3×3 convolutions in a row see 5×5.", "Wang et al., PeleeNet, arXiv:1804.06882, section 2", "peleenet")
def two_see_five() -> Finding:
    layers = [layer for layer in plan_layers("peleenet") if ".denselayer1." in layer.name]
    first = layers[0].stage

    def side(branch: str) -> int:
        found = receptive_fields([one for one in layers if one.stage == first and branch in one.name])
        return int(max(seen.side for seen in found.values()))

    short, long = side(".branch1"), side(".branch2")
    return decided(
        (short, long) == (3, 5), f"PeleeNet's two ways see {short}×{short} and {long}×{long} of a block's maps."
    )


@claim(
    "OSA needs no 1×1 convolutions.",
    "tutorials on VoVNet; its paper says that OSA needs no bottleneck",
    "vovnet39",
    "densenet121",
)
def no_pointwise() -> Finding:
    config = get_config("vovnet39")

    def pointwise(name: str) -> int:
        return sum(layer.op == "conv2d" and layer.kernel == (1, 1) for layer in plan_layers(name))

    ours, dense, modules = pointwise("vovnet39"), pointwise("densenet121"), sum(config.block_per_stage)
    figures = (
        f"Where the aggregation is not counted: VoVNet-39 has {ours} in {modules} modules, one at the end of each and "
        f"none in front of a 3×3 convolution; DenseNet-121 has {dense}."
    )
    return decided(ours == 0, figures, ONLY_WHEN if ours == modules else FAILS)


@claim(
    "eSE keeps information that SE's reduction loses.",
    f"{CENTERMASK}, section 3.2",
    "ese_vovnet39b",
)
def ese_keeps() -> Finding:
    gates = {
        reduction: [cost for cost in summarize(config).layers if re.search(r"\.(attn|se)\.", cost.layer.name)]
        for reduction in (None, 16)
        if (config := get_config("ese_vovnet39b", se_reduction=reduction))
    }
    kept, squeezed = (min(cost.layer.output_shape[1] for cost in costs) for costs in gates.values())
    keys = ("params", "bytes_moved")
    (params, se_params), (moved, se_moved) = (
        [sum(getattr(cost, key) for cost in costs) for costs in gates.values()] for key in keys
    )
    figures = (
        f"In VoVNetV2-39's first gate SE of reduction 16 has {squeezed} channels between its layers, eSE all {kept}. "
        f"All gates together: {format_ratio(params / se_params)} the parameters ({params:,} against {se_params:,}), "
        f"{format_ratio(moved / se_moved)} the memory traffic."
    )
    return decided(kept == min(get_config("ese_vovnet39b").out_chs) > squeezed, figures)
