"""Arguments that PyTorch takes for norms, pools, arithmetic, and what else has a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision import ops

from tests.support.calls import Case, Draw, of


def batch_norm(draw: Draw) -> Case:
    maps = draw(of(2, 3), of(1, 3), draw.maps(1), draw.maps(2), draw.maps(3))
    learned, statistics = draw(None, of(maps.shape[1])), draw(of(maps.shape[1]), None)
    named = {"input": maps, "running_mean": statistics, "running_var": statistics, "weight": learned, "bias": learned}
    if statistics and draw(False, True):
        order = ("input", "weight", "bias", "running_mean", "running_var")
        rest = {"training": False, "momentum": 0.1, "eps": 1e-5, "cudnn_enabled": False}
        return torch.batch_norm, {name: named[name] for name in order} | rest
    return F.batch_norm, named | {"training": statistics is None}


def instance_norm(draw: Draw) -> Case:
    maps = draw(draw.maps(1), draw.maps(2), draw.maps(3))
    learned = draw(None, of(maps.shape[1]))
    return F.instance_norm, {
        "input": maps,
        "running_mean": None,
        "running_var": None,
        "weight": learned,
        "bias": learned,
    }


def layer_norm(*functions: Callable[..., Any]) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        shape = draw.sides(1, 3, draw(1, 2, 3))
        learned = draw(None, of(*shape))
        function = draw(*functions)
        rest = {"bias": draw(None, learned)} if F.layer_norm in functions else {}
        return function, {
            "input": of(*draw.sides(1, 3, 2), *shape),
            "normalized_shape": shape,
            "weight": learned,
        } | rest

    return case


def along_axis(*functions: Callable[..., Any]) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        shape = draw.sides(1, 3, draw(1, 2, 3, 4))
        return draw(*functions), {"input": of(*shape), "dim": draw.side(-len(shape), len(shape) - 1)}

    return case


def group_norm(draw: Draw) -> Case:
    groups = draw(1, 2)
    maps = draw.maps(draw(1, 2), groups * draw(1, 2))
    learned = draw(None, of(maps.shape[1]))
    return draw(F.group_norm, torch.group_norm), {
        "input": maps,
        "num_groups": groups,
        "weight": learned,
        "bias": learned,
    }


def max_pool(axes: int, suffix: str = "") -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        function = draw(F, torch) if not suffix else F
        rest = {} if function is torch or suffix else {"return_indices": draw(False, True)}
        return getattr(function, f"max_pool{axes}d{suffix}"), {
            "input": draw.maps(axes),
            "kernel_size": draw.per_axis(1, 3, axes),
            "stride": draw.per_axis(1, 3, axes) if function is torch else draw(None, draw.per_axis(1, 3, axes)),
            "padding": draw.per_axis(0, 1, axes),
            "dilation": draw.per_axis(1, 2, axes),
            "ceil_mode": draw(False, True),
            **rest,
        }

    return case


def avg_pool(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        return getattr(F, f"avg_pool{axes}d"), {
            "input": draw.maps(axes),
            "kernel_size": draw.per_axis(1, 3, axes),
            "stride": draw.per_axis(1, 3, axes),
            "padding": draw.per_axis(0, 1, axes),
            "ceil_mode": draw(False, True),
            "count_include_pad": draw(True, False),
        }

    return case


def lp_pool(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        geometry = {"kernel_size": draw.per_axis(1, 3, axes), "stride": draw.per_axis(1, 3, axes)}
        maps = {"input": draw.maps(axes), "norm_type": draw(1.0, 2.0)}
        return getattr(F, f"lp_pool{axes}d"), maps | geometry | {"ceil_mode": draw(False, True)}

    return case


def adaptive_avg_pool(axes: int) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        size = draw(1, (1,) * axes, draw.per_axis(1, 4, axes))
        if axes > 1:
            size = draw(size, (None, *draw.sides(1, 3, axes - 1)))
        return getattr(F, f"adaptive_avg_pool{axes}d"), {"input": draw.maps(axes), "output_size": size}

    return case


def mean(draw: Draw) -> Case:
    shape = draw.sides(1, 3, draw(1, 2, 3, 4))
    axes = draw.side(-len(shape), len(shape) - 1)
    dim = draw({}, {"dim": axes}, {"dim": (axes,)}, {"dim": [0, -1][: len(shape)]}, {"dim": ()}, {"dim": (-1, -2)})
    return draw(torch.mean, Tensor.mean), {"input": of(*shape)} | dim | ({"keepdim": draw(False, True)} if dim else {})


def concat(draw: Draw) -> Case:
    shape, count = draw.sides(1, 3, draw(1, 2, 3)), draw(1, 2, 3)
    dim = draw.side(-len(shape), len(shape) - 1)
    joined = [[*shape] for _ in range(count)]
    for one in joined:
        one[dim] = draw.side(1, 3)
    parts = [of(*one) for one in joined] + draw([], [], [of(0)])
    return draw(torch.cat, torch.concat, torch.concatenate), {"tensors": parts, "dim": dim}


def pad(draw: Draw) -> Case:
    mode, axes = draw("constant", "reflect", "replicate", "circular"), draw(1, 2, 3)
    sides = draw.sides(-1 if mode == "constant" else 0, 2, 2 * axes)
    return F.pad, {"input": draw.maps(axes), "pad": sides, "mode": mode}


def interpolate(draw: Draw) -> Case:
    axes = draw(1, 2, 3)
    smooth = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}[axes]
    mode = draw("nearest", "nearest-exact", *smooth)
    scales = draw(False, True)
    return F.interpolate, {
        "input": draw.maps(axes),
        "size": None if scales else draw.per_axis(1, 8, axes),
        "scale_factor": draw(2, 1.5, 0.5, (2.0,) * axes) if scales else None,
        "mode": mode,
        "align_corners": draw(None, True) if mode in smooth else None,
        "recompute_scale_factor": draw(None, True) if scales else None,
    }


def roi_align(draw: Draw) -> Case:
    """With a number of samples; as many as a box's size asks for are not counted."""

    def sampled(input: Tensor, boxes: Tensor, size: Any, scale: float) -> Tensor:
        return ops.roi_align(input, boxes, size, scale, sampling_ratio=2)

    boxes, size = of(draw(1, 3), 5), draw.per_axis(1, 3, 2)
    return sampled, {"input": of(1, *draw.sides(1, 3, 3)), "boxes": boxes, "size": size, "scale": draw(1.0, 0.5)}


def hardtanh(draw: Draw) -> Case:
    shape = of(*draw.sides(1, 3, draw(0, 1, 3)))
    return F.hardtanh, {"input": shape, "min_val": draw(-1.0, 0.0), "max_val": draw(1.0, 6.0)}


def relu(draw: Draw) -> Case:
    shape = of(*draw.sides(1, 3, draw(0, 1, 3)))
    return draw(
        (F.relu, {"input": shape, "inplace": draw(False, True)}),
        *((function, {"input": shape}) for function in (torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)),
    )


def pairwise(name: str, *more: Callable[..., Any]) -> Callable[[Draw], Case]:
    in_place = [getattr(Tensor, f"{name}_")] if hasattr(Tensor, f"{name}_") else []

    def case(draw: Draw) -> Case:
        shape = draw.sides(1, 3, draw(1, 2, 3))
        other = of(*(draw(side, side, 1) for side in shape[draw(0, 0, 1) :]))
        number = [] if name in ("maximum", "minimum") else [2]
        return draw(getattr(torch, name), getattr(Tensor, name), *in_place, *more), {
            "input": of(*(draw(side, side, side, 1) for side in shape)),
            "other": draw(other, *number),
        }

    return case


def dropout(name: str, axes: int | None = None) -> Callable[[Draw], Case]:
    def case(draw: Draw) -> Case:
        maps = draw.maps(axes or 2)
        return draw(
            (getattr(F, name), {"input": maps, "p": draw(0.0, 0.5), "training": draw(False, True), "inplace": False}),
            *((f, {"input": maps, "p": 0.5, "train": draw(False, True)}) for f in [getattr(torch, name, None)] if f),
        )

    return case


#: By the name of the rule.
OTHERS: dict[str, Callable[[Draw], Case]] = {
    **{f"max_pool{axes}d": max_pool(axes) for axes in (1, 2, 3)},
    **{f"max_pool{axes}d_with_indices": max_pool(axes, "_with_indices") for axes in (1, 2, 3)},
    **{f"avg_pool{axes}d": avg_pool(axes) for axes in (1, 2, 3)},
    **{f"lp_pool{axes}d": lp_pool(axes) for axes in (1, 2, 3)},
    **{f"adaptive_avg_pool{axes}d": adaptive_avg_pool(axes) for axes in (1, 2, 3)},
    **{f"dropout{axes}d": dropout(f"dropout{axes}d", axes) for axes in (1, 2, 3)},
    **{name: dropout(name) for name in ("dropout", "alpha_dropout", "feature_alpha_dropout")},
    **{name: pairwise(name) for name in ("maximum", "minimum")},
    "add": pairwise("add", lambda input, other: input + other, lambda input, other: other + input, Tensor.__iadd__),
    "sub": pairwise("sub", lambda input, other: input - other, Tensor.__isub__),
    "mul": pairwise("mul", lambda input, other: other * input, torch.multiply, Tensor.__imul__),
    "div": pairwise("div", lambda input, other: input / other, torch.true_divide, Tensor.__itruediv__),
    "rdiv": lambda draw: (lambda input: 2 / input, {"input": of(*draw.sides(1, 3, draw(0, 1, 2)))}),
    "batch_norm": batch_norm,
    "instance_norm": instance_norm,
    "layer_norm": layer_norm(F.layer_norm, torch.layer_norm),
    "rms_norm": layer_norm(F.rms_norm, torch.rms_norm),
    "group_norm": group_norm,
    "softmax": along_axis(F.softmax, torch.softmax, Tensor.softmax),
    "log_softmax": along_axis(F.log_softmax, torch.log_softmax),
    "softmin": along_axis(F.softmin),
    "mean": mean,
    "concat": concat,
    "pad": pad,
    "interpolate": interpolate,
    "hardtanh": hardtanh,
    "relu": relu,
    "roi_align": roi_align,
}
