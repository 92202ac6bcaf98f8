"""fvcore: traces the module to a TorchScript graph and looks each operation up in a table.

PyTorch cannot trace on meta tensors by itself: sizes are tensors while it traces, and the shape functions of the meta
device fail on those. Here they run in a second thread, to which tracing does not extend. No arithmetic runs, so that
the largest network takes a second.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from inspect import signature
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from analysis.crosscheck.counter import Counter, Parts, Reading, Use, input_elements, macs_alone, words
from analysis.trace.rules import convolution, per_axis


def run(module: nn.Module, image: Tensor) -> Reading:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    with ShapesOnly():
        total = int(analysis.total())
    skipped = ", ".join(f"{name} {times}×" for name, times in analysis.unsupported_ops().most_common())
    return Reading(total, f"It has no rule for {skipped}." if skipped else "")


def _batch_norm(use: Use) -> Parts:
    """Folded into a scale and a shift: two operations an element, one without learnable scalars."""
    return {words(use.layer.op): prod(use.layer.input_shapes[0]) * (2 if use.layer.bias else 1)}


def _norm(use: Use) -> Parts:
    """Five operations an element, four without learnable scalars."""
    affine = getattr(use.module, "weight", None) is not None
    return {words(use.layer.op): prod(use.layer.input_shapes[0]) * (5 if affine else 4)}


#: By the name of torch's function, or of the operation inside one that the trace takes apart.
RULES: dict[str, Callable[[Use], Parts]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "linear", "matmul", "mm", "bmm", "addmm", "einsum"), macs_alone),
    "batch_norm": _batch_norm,
    "layer_norm": _norm,
    "group_norm": _norm,
    "adaptive_avg_pool2d": input_elements,
}


def count(use: Use) -> Parts:
    """By the operation, module or not; activations and concatenation are free, other pooling has no rule."""
    rule = RULES.get(getattr(use.function, "__name__", "").strip("_")) or RULES.get(use.layer.op)
    return rule(use) if rule else {}


def find_faults(uses: list[Use]) -> list[str]:
    names = sorted({words(use.layer.op) for use in uses if use.macs and not count(use)})
    return [f"It misses the multiply-accumulates of {', '.join(names)}."] if names else []


COUNTER = Counter(
    name="fvcore",
    package="fvcore",
    reported_as="FLOPs",
    unit="MACs",
    quote_when=(
        "Quote it to compare with detectron2, pycls and other work of the same laboratory, and call it MACs: what it "
        "calls a FLOP is a multiply-accumulate. It sees functional code as well as modules, but adds two operations "
        "per element of every batch norm, one per element that adaptive pooling reads, and omits fused attention."
    ),
    run=run,
    count=count,
    find_faults=find_faults,
)


#: As torch's functions take their arguments.
_CONVOLUTION = signature(convolution)


class ShapesOnly(ExitStack):
    """Context in which `torch.jit` traces modules on the meta device."""

    def __enter__(self) -> ShapesOnly:
        super().__enter__()
        pool = self.enter_context(ThreadPoolExecutor(1))
        for context in (torch.no_grad(), _Elsewhere(pool), _RecordedConvolution()):
            self.enter_context(context)
        return self


class _Elsewhere(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Runs every operation in another thread."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._pool = pool

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.convolution.default:
            raise NotImplementedError("this kind of convolution cannot be traced without arithmetic")
        return self._pool.submit(_run, func, args, kwargs or {}).result()


@torch.no_grad()
def _run(func: Any, args: Any, kwargs: Any) -> Any:
    return tree_map_only(Tensor, _without_history, func(*args, **kwargs))


def _without_history(tensor: Tensor) -> Tensor:
    """A tensor that is no view: what is a view in one thread's eyes cannot be handed to another."""
    if not tensor._is_view():
        return tensor
    return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device)


class _RecordedConvolution(TorchFunctionMode):
    """Calls `aten::_convolution` as tracing records it; it is reached too late when operations run elsewhere."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        axes = {F.conv1d: 1, F.conv2d: 2, F.conv3d: 3}.get(func)
        return func(*args, **(kwargs or {})) if axes is None else _convolve(axes, args, kwargs or {})


def _convolve(axes: int, args: Any, kwargs: Any) -> Tensor:
    given = _CONVOLUTION.bind(*args, **kwargs)
    given.apply_defaults()
    x, weight, bias, stride, padding, dilation, groups = given.args
    if isinstance(padding, str):
        raise NotImplementedError(f"convolution with padding={padding!r} cannot be traced without arithmetic")
    strides, paddings, dilations = (list(per_axis(value, axes)) for value in (stride, padding, dilation))
    no_padding = [0] * axes
    return torch._convolution(
        x, weight, bias, strides, paddings, dilations, False, no_padding, groups, False, False, True, True
    )
