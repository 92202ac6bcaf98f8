"""ptflops, with its default backend: hooks modules by exact class, and replaces functions of torch while it runs.

A torch.nn module whose forward calls one of the replaced functions is counted by its hook and by the function.
"""

from __future__ import annotations

import io
import sys
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from analysis.crosscheck.counter import (
    MACS,
    RECURRENT,
    Counter,
    Parts,
    Reading,
    Use,
    class_names,
    input_elements,
    missed,
    output_elements,
    overlooked,
    recurrent,
    some,
    words,
)


def run(module: nn.Module, image: Tensor) -> Reading:
    """Its figure for one image: it takes the image's shape without the batch and adds a batch of 1."""
    from ptflops import get_model_complexity_info

    with _functions(_GENUINE), torch.no_grad(), _Genuine():  # type: ignore[no-untyped-call]
        macs, _ = get_model_complexity_info(
            module, tuple(image.shape[1:]), print_per_layer_stat=False, as_strings=False, ost=io.StringIO()
        )
    if macs is None:
        raise RuntimeError("it gives no figure")
    return Reading(int(macs))


class _Genuine(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Hides the replaced functions from PyTorch itself: on the meta device it calls some of them."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        with _functions(_GENUINE):
            return func(*args, **(kwargs or {}))


@contextmanager
def _functions(values: dict[tuple[Any, str], Any]) -> Iterator[None]:
    """Set some attributes, and put back what was there."""
    before = {(owner, name): vars(owner).get(name) for owner, name in values}
    for (owner, name), value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for (owner, name), value in before.items():
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _weighted(use: Use) -> Parts:
    bias = getattr(use.module, "bias", None) is not None
    return {MACS: use.macs, "bias": prod(use.layer.output_shape) if bias else 0}


def _norm(use: Use) -> Parts:
    """One operation an element, two if the module has an attribute `affine` that is true (layer norm has none)."""
    affine = getattr(use.module, "affine", False)
    return {words(use.layer.op): prod(use.layer.input_shapes[0]) * (2 if affine else 1)}


def _attention(use: Use) -> Parts:
    """The matrix products of timm's attention, softmax, and the scaling of the queries."""
    parts = {MACS: use.macs}
    if use.ends_call:
        attention: Any = use.module
        images, tokens, _ = use.call.output_shape
        parts |= _softmax(attention, images, tokens, attention.num_heads * attention.head_dim)
    return parts


def _multi_head_attention(use: Use) -> Parts:
    """The same for `nn.MultiheadAttention`, with its projections and their biases, of which it counts the last always.

    Keys and values count as if their projections kept their widths; the weights that are handed out are computed by
    functions that it replaces, and count again.
    """
    parts = {MACS: use.macs}
    if not use.ends_call:
        return parts
    attention: Any = use.module
    (queries, images, width), (keys, _, key_width), (*_, value_width) = (
        (shape[1], shape[0], shape[2]) if attention.batch_first else shape for shape in use.call.input_shapes[:3]
    )
    seen = keys + (attention.bias_k is not None) + attention.add_zero_attn
    heads, products = attention.num_heads, queries * keys
    theirs = keys * (key_width**2 + value_width**2) + queries * value_width**2
    theirs += heads * products * (width // heads + value_width // heads)
    ours = keys * width * (key_width + value_width) + queries * width**2 + 2 * queries * seen * width
    biases = (queries + 2 * keys) * width if attention.in_proj_bias is not None else 0
    parts |= {
        "bias": images * (biases + queries * value_width),
        "softmax": images * heads * products,
        "query scaling": images * queries * width,
        "widths of keys and values": images * (theirs - ours),
    }
    if use.call.options.get("need_weights", True):
        parts |= {"matmul again": 2 * images * queries * seen * width, "softmax again": images * heads * queries * seen}
    return parts


def _softmax(module: Any, images: int, tokens: int, width: int) -> Parts:
    return {"softmax": images * module.num_heads * tokens**2, "query scaling": images * tokens * width}


def _resampling(use: Use) -> Parts:
    """An operation for each element that is made: of the size that is asked for, else of the scaled input."""
    shape, axes = use.layer.input_shapes[0], len(use.layer.input_shapes[0]) - 2
    size, scale = use.options["size"], use.options["scale_factor"]
    if size is not None:
        elements = prod(shape[:2]) * (size**axes if isinstance(size, int) else prod(size))
    elif isinstance(scale, tuple):
        elements = prod(shape) * int(prod(scale))
    else:
        elements = prod(shape) * scale**axes
    pooled = {"adaptive pooling": prod(shape)} if use.options["mode"] == "area" else {}
    return {words(use.layer.op): int(elements)} | pooled


#: The rules for modules that make several layers.
_OF_MANY_LAYERS = (_attention, _multi_head_attention)


def _torch_nn(*patterns: str) -> list[type[nn.Module]]:
    """Classes of torch.nn by name, # for 1d, 2d and 3d."""
    return [getattr(nn, pattern.replace("#", f"{axes}d")) for pattern in patterns for axes in (1, 2, 3)]


MODULES: dict[type[nn.Module], Callable[[Use], Parts]] = {
    **dict.fromkeys((*_torch_nn("Conv#", "ConvTranspose#"), nn.Linear), _weighted),
    **dict.fromkeys((*_torch_nn("BatchNorm#", "InstanceNorm#"), nn.GroupNorm, nn.LayerNorm), _norm),
    **dict.fromkeys(_torch_nn("MaxPool#", "AvgPool#", "AdaptiveMaxPool#", "AdaptiveAvgPool#"), input_elements),
    nn.MultiheadAttention: _multi_head_attention,
    **dict.fromkeys(RECURRENT, partial(recurrent, others={"RNN": 1, "GRU": 7, "LSTM": 10})),
    **dict.fromkeys((nn.ReLU, nn.PReLU, nn.ELU, nn.LeakyReLU, nn.ReLU6, nn.GELU, nn.Upsample), output_elements),
}

#: The functions that it replaces: owner, names, what each call adds.
_REPLACED: tuple[tuple[Any, str, Callable[[Use], Parts]], ...] = (
    (F, "relu prelu elu relu6 gelu silu softmax", input_elements),
    (F, "avg_pool1d avg_pool2d avg_pool3d max_pool1d max_pool2d max_pool3d", input_elements),
    (F, "adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d", input_elements),
    (F, "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d", input_elements),
    (F, "upsample interpolate", _resampling),
    (torch, "add mul", output_elements),
    (Tensor, "add mul", output_elements),
    (torch, "matmul mm bmm addmm baddbmm", _weighted),
    (Tensor, "matmul mm bmm addmm", _weighted),
)
_GENUINE = {(owner, name): getattr(owner, name) for owner, names, _ in _REPLACED for name in names.split()}
FUNCTIONS = {getattr(owner, name): rule for owner, names, rule in _REPLACED for name in names.split()}


def count(use: Use) -> Parts:
    """What the hook of the module adds, and what the function adds that made the layer; operators add nothing."""
    parts = Tally(_by_module(use))
    for part, value in _by_function(use).items():
        parts[f"{part} again" if part in parts else part] += value
    return parts


def _by_module(use: Use) -> Parts:
    """What the hook adds, unless a module around it has a hook too: the total then leaves out what is inside."""
    if any(_rule(caller) for caller in use.call.callers):
        return {}
    rule = _rule(use.module)
    return rule(use) if rule and (use.ends_call or rule in _OF_MANY_LAYERS) else {}


def _rule(module: nn.Module) -> Callable[[Use], Parts] | None:
    timm = sys.modules.get("timm.models.vision_transformer")
    return _attention if type(module) is getattr(timm, "Attention", None) else MODULES.get(type(module))


def _by_function(use: Use) -> Parts:
    kept = use.as_operator or any(value is use.function for value in vars(use.module).values())  # from before it ran
    rule = None if kept else FUNCTIONS.get(use.function)
    return rule(use) if rule else {}


def find_faults(uses: list[Use]) -> list[str]:
    faults = []
    if twice := [use for use in uses if _by_module(use) and _by_function(use)]:
        classes = class_names(use.module for use in twice)
        faults.append(f"It counts {some(twice, 'layer')} twice, by module and by function: {classes}.")
    faults += overlooked(uses, MODULES, _rule)
    if unseen := [use for use in uses if use.as_operator and use.function in FUNCTIONS]:
        faults.append(f"It overlooks {some(unseen, 'operation')} written as operators (a + b and not torch.add(a, b)).")
    return faults + missed(uses, count)


COUNTER = Counter(
    name="ptflops",
    package="ptflops",
    reported_as="MACs",
    unit="MACs",
    quote_when=(
        "Quote it only to compare with a paper that used it, for one image, and name its version: it adds biases, "
        "batch norms, activations and pooling as if they were multiply-accumulates, some of them twice, and what it "
        "sees depends on how the code is spelled. Its other backend, aten, counts matrix products and their biases "
        "alone and is close to the MACs of papers."
    ),
    run=run,
    count=count,
    find_faults=find_faults,
    sees_batch=False,
)
