"""Claims about what networks cost: parameters, arithmetic, memory, time."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.claims.records import ONLY_WHEN, Finding, claim, decided
from analysis.claims.shapes import CENTERMASK, DENSENET, VOVNET, resnet50
from analysis.facts import get_device, published
from analysis.findings import traffic_shares
from analysis.hardware.measure.schemes import shipped
from analysis.hardware.speeds import Conditions, published_speeds
from analysis.memory.training import training_schemes
from analysis.meter import LayerCost, cost_layer
from analysis.ops import CONV_KINDS, op_kind
from analysis.summary import summarize
from analysis.units import format_change, format_ratio, format_share, format_si, join
from archs.plan import Stage, image
from archs.registry import get_config

PELEENET = "Wang et al., PeleeNet, arXiv:1804.06882"


def costs_of(layers: Iterable[LayerCost], key: str) -> int:
    return sum(getattr(cost, key) for cost in layers)


def top1_error(network: str) -> float:
    """Of networks that VoVNet's authors trained alike, in percent."""
    table = published("accuracy", arch=network, dataset="ImageNet", metric="top1_error")
    return float(table[table["source"].str.startswith("stigma0617/VoVNet.pytorch")]["value"].iloc[0])


def images_per_s(network: str, execution: str) -> float:
    """As timm publishes it for 224×224 in half precision on an RTX 4090."""
    [speed] = published_speeds(network, get_device("RTX 4090"), execution, (224, 224), Conditions())
    return speed.images_per_s


def stem(name: str) -> list[LayerCost]:
    return [cost for cost in summarize(name).layers if cost.layer.stage.startswith("stem")]


@claim(
    "A DenseNet needs fewer parameters than a ResNet of the same accuracy.",
    f"{DENSENET}, section 4.4",
    "densenet169",
    "densenet201",
)
def fewer_parameters() -> Finding:
    ours, theirs = summarize("densenet201").params, costs_of(resnet50(), "params")
    errors = top1_error("DenseNet-201"), top1_error("ResNet-50")
    figures = (
        f"DenseNet-201 has {format_si(ours)} at {errors[0]:.1f} % top-1 error, ResNet-50 {format_si(theirs)} at "
        f"{errors[1]:.1f} % (published by VoVNet's authors, who trained both alike)."
    )
    return decided(ours < theirs and errors[0] <= errors[1], figures)


@claim("DenseNet's convolutions compute more than ResNet's.", "tutorials on why DenseNet is slow", "densenet121")
def more_arithmetic() -> Finding:
    ours, (macs, moved) = summarize("densenet121"), (costs_of(resnet50(), key) for key in ("macs", "bytes_moved"))
    more = ours.bytes_moved / moved
    figures = (
        f"DenseNet-121 takes {format_si(ours.macs)} MACs, ResNet-50 {format_si(macs)}. What grows is memory traffic: "
        f"{format_ratio(more)} ResNet-50's in all, {format_ratio(more * macs / ours.macs)} a MAC."
    )
    return decided(ours.macs > macs, figures)


@claim("A network with fewer FLOPs is faster.", "the habit of ranking networks by FLOPs", "densenet121")
def fewer_flops_are_faster() -> Finding:
    macs = summarize("densenet121").macs / costs_of(resnet50(), "macs")
    ours, theirs = images_per_s("densenet121", "eager"), images_per_s("timm/resnet50", "eager")
    figures = (
        f"DenseNet-121 takes {format_share(macs)} of ResNet-50's MACs and has {format_share(ours / theirs)} of its "
        f"images/s on an RTX 4090 (published by timm: {ours:,.0f} and {theirs:,.0f})."
    )
    return decided(ours > theirs, figures)


@claim("Concatenation is free.", "code in which it is one call without a weight", "densenet121", "vovnet39")
def concatenation_is_free() -> Finding:
    dense, osa = (traffic_shares(summarize(name))["concat"] for name in ("densenet121", "vovnet39"))
    figures = (
        f"It takes no MAC, but {format_share(dense)} of DenseNet-121's memory traffic, and {format_share(osa)} of "
        "VoVNet-39's, which concatenates once a module."
    )
    return decided(dense < 0.01, f"Where arithmetic alone is counted. {figures}", ONLY_WHEN)


@claim("The bottleneck makes a dense layer cheaper.", f"{DENSENET}, section 3", "densenet121")
def bottlenecks_save() -> Finding:
    config = get_config("densenet121")
    ours, without = summarize(config), summarize(get_config("densenet121", bn_size=None))
    # c·bk + 9·bk·k < 9·c·k for c channels read and k made
    least = 9 * config.bn_size * config.growth_rate / (9 - config.bn_size)
    macs, access = (getattr(ours, key) / getattr(without, key) for key in ("macs", "memory_access_cost"))
    figures = (
        f"Where a layer reads more than 9·4k/(9 − 4) = {least:.0f} channels. DenseNet-121 has {format_share(macs)} of "
        f"the MACs that it has without, and {format_share(access)} of the memory access cost."
    )
    return decided(max(macs, access) < 1, figures, ONLY_WHEN)


@claim("PeleeNet has 66 % of MobileNet's size.", f"{PELEENET}, abstract", "peleenet")
def size_of_mobilenet() -> Finding:
    costs = published("costs")
    row = costs[(costs["network"] == "MobileNet") & (costs["metric"] == "params_as_stated")].iloc[0]
    ours, theirs = summarize("peleenet").params, float(row["value"])
    figures = (
        f"{format_si(ours)} parameters against the {format_si(theirs)} that its authors state of MobileNet: "
        f"{format_share(ours / theirs)}."
    )
    return decided(abs(ours / theirs - 0.66) < 0.01, figures)


@claim(
    "PeleeNet's stem block adds no cost over a 7×7 convolution.", f"{PELEENET}, section 2", "peleenet", "densenet121"
)
def stem_adds_nothing() -> Finding:
    keys = ("macs", "memory_access_cost")
    (macs, seven_macs), (access, seven_access) = (
        [costs_of(stem(name), key) for name in ("peleenet", "densenet121")] for key in keys
    )
    figures = (
        f"Where MACs are counted: {format_si(macs)} for {format_si(seven_macs)} of DenseNet-121's stem, but "
        f"{format_change(access / seven_access - 1)} memory access cost."
    )
    return decided(macs <= seven_macs and access <= seven_access, figures, ONLY_WHEN)


@claim("Dynamic bottlenecks save 28.5 % of the computation.", f"{PELEENET}, section 2", "peleenet")
def dynamic_bottlenecks() -> Finding:
    fixed = get_config("peleenet", bottleneck="fixed", bottleneck_width=4)
    saved = 1 - summarize("peleenet").macs / summarize(fixed).macs
    figures = (
        f"The released network saves {format_share(saved)} of the MACs that it takes with bottlenecks of 4 times k/2 "
        "in every layer; the paper's text does not say what it saves 28.5 % of."
    )
    return decided(saved >= 0.285, figures)


@claim("Memory access cost is least where a convolution reads as many channels as it makes.", f"{VOVNET}, section 2.1")
def equal_channels() -> Finding:
    side, product = 56, 128 * 128
    found = {}
    for read in (16, 32, 64, 128, 256, 512, 1024):
        layer = Stage("").conv2d("conv", image(read, (side, side), 1), product // read, 1)
        found[read] = cost_layer(layer).memory_access_cost
    written = [f"{format_si(found[read])} at {read} → {product // read} channels" for read in (32, 128, 512)]
    figures = f"A 1×1 convolution of {format_si(product * side**2)} MACs on {side}×{side} takes {join(written)}."
    return decided(min(found, key=lambda read: found[read]) ** 2 == product, figures)


@claim(
    "VoVNet-39 computes more than DenseNet-201 and accesses less memory.",
    f"{VOVNET}, section 4",
    "vovnet39",
    "densenet201",
)
def less_memory_access() -> Finding:
    osa, dense = summarize("vovnet39"), summarize("densenet201")
    keys = ("macs", "memory_access_cost", "bytes_moved")
    macs, access, moved = (getattr(osa, key) / getattr(dense, key) for key in keys)
    figures = (
        f"{format_ratio(macs)} the MACs, {format_ratio(access)} the memory access cost, "
        f"{format_ratio(moved)} the memory traffic."
    )
    return decided(macs > 1 > max(access, moved), figures)


@claim(
    "Making concatenation, batch norm and ReLU again spares 70 % of the memory for 15 to 20 % of the time.",
    "Pleiss et al., Memory-Efficient Implementation of DenseNets, arXiv:1707.06990",
    "densenet121",
)
def recomputation() -> Finding:
    plain, again = (found.saved_bytes for found in training_schemes(summarize("densenet121", batch_size=32)).values())
    run = shipped()["densenet121"]
    slower = run.slowdown(next(scheme for scheme in run.schemes if scheme.name == "memory_efficient"))
    figures = (
        f"DenseNet-121 saves {format_share(1 - again / plain)} less for the backward pass (counted, batch 32); a step "
        f"took {format_share(slower)} longer (measured on {run.machine.device_name}, batch {run.batch_size})."
    )
    return decided(1 - again / plain >= 0.7 and slower <= 0.2, figures)


@claim("Depthwise convolutions are cheap.", "networks for phones", "ese_vovnet19b_dw")
def depthwise_is_cheap() -> Finding:
    summary = summarize("ese_vovnet19b_dw")
    depthwise = [cost for cost in summary.layers if op_kind(cost.layer) == "depthwise"]
    keys = ("macs", "memory_access_cost")
    macs, access = (costs_of(depthwise, key) / getattr(summary, key) for key in keys)
    figures = f"{format_share(macs)} of ese_vovnet19b_dw's MACs, but {format_share(access)} of its memory access cost."
    return decided(access <= 2 * macs, f"Where MACs are counted. {figures}", ONLY_WHEN)


@claim("1×1 convolutions cost little.", "tutorials on bottlenecks", "densenet121")
def pointwise_is_cheap() -> Finding:
    convs = [cost for cost in summarize("densenet121").layers if op_kind(cost.layer) in CONV_KINDS]
    pointwise = [cost for cost in convs if op_kind(cost.layer) == "convolution 1×1"]
    macs, access = (costs_of(pointwise, key) / costs_of(convs, key) for key in ("macs", "memory_access_cost"))
    figures = (
        f"In DenseNet-121 they take {format_share(macs)} of all convolutions' MACs and {format_share(access)} of their "
        "memory access cost."
    )
    return decided(macs < 0.5, figures)


@claim("eSE adds almost nothing to the cost of a VoVNet.", f"{CENTERMASK}, section 3.2", "ese_vovnet39b")
def ese_is_light() -> Finding:
    without, ours = (summarize(get_config("ese_vovnet39b", attention=kind)) for kind in ("none", "last"))
    params, macs, moved = (getattr(ours, key) / getattr(without, key) - 1 for key in ("params", "macs", "bytes_moved"))
    figures = (
        f"Where arithmetic is counted: {format_change(macs)} MACs, but {format_change(moved)} memory traffic and "
        f"{format_change(params)} parameters."
    )
    return decided(max(params, macs, moved) < 0.01, figures, ONLY_WHEN)
