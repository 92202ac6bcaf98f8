"""fvcore: traces the module to a TorchScript graph and looks each operation up in a table.

PyTorch cannot trace on meta tensors by itself: sizes are tensors while it traces, and the shape functions of the meta
device fail on those. Here they run in a second thread, to which tracing does not extend. No arithmetic runs, so that
the largest network takes a second.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from analysis.crosscheck.counter import Counter, Parts, Reading, Use, input_elements, macs_alone, words
from analysis.trace.rules import per_axis


def run(module: nn.Module, image: Tensor) -> Reading:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    with ShapesOnly() if image.is_meta else torch.no_grad():
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


def _resampling(use: Use) -> Parts:
    """Of images: an operation an element by nearest neighbours, four bilinearly, one that is read for areas."""
    mode, made = use.options["mode"], prod(use.layer.output_shape)
    operations = {"nearest": made, "bilinear": 4 * made, "area": prod(use.layer.input_shapes[0])}.get(mode, 0)
    of_images = len(use.layer.output_shape) == 4 and not use.options["antialias"]
    return {words(use.layer.op): operations if of_images else 0}


def _convolution(use: Use) -> Parts:
    """Padding given in words is another operation, without a rule."""
    return {} if use.options.get("padding") else macs_alone(use)


def _grid_sampling(use: Use) -> Parts:
    return {words(use.layer.op): 4 * prod(use.layer.output_shape)}


_CONVOLUTIONS = [f"conv{kind}{axes}d" for kind in ("", "_transpose") for axes in (1, 2, 3)]
#: By the name of torch's function, or of the operation inside one that the trace takes apart.
RULES: dict[str, Callable[[Use], Parts]] = {
    **dict.fromkeys(_CONVOLUTIONS, _convolution),
    **dict.fromkeys(
        ("rnn_tanh_cell", "rnn_relu_cell", "gru_cell", "lstm_cell", "linear", "matmul", "mm", "bmm", "addmm", "einsum"),
        macs_alone,
    ),
    "batch_norm": _batch_norm,
    "layer_norm": _norm,
    "group_norm": _norm,
    "instance_norm": _norm,
    "interpolate": _resampling,
    "grid_sample": _grid_sampling,
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
        if func not in (*_PLAIN, *_TRANSPOSED):
            return func(*args, **(kwargs or {}))
        return _convolve(func in _TRANSPOSED, *args, **(kwargs or {}))


_PLAIN, _TRANSPOSED = (
    (F.conv1d, F.conv2d, F.conv3d),
    (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d),
)


def _convolve(
    transposed: bool, input: Tensor, weight: Tensor, bias: Tensor | None = None, *args: Any, **kwargs: Any
) -> Tensor:
    names = ("stride", "padding", *(("output_padding", "groups", "dilation") if transposed else ("dilation", "groups")))
    given = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
    given |= dict(zip(names, args, strict=False)) | kwargs
    if isinstance(given["padding"], str):
        raise NotImplementedError(f"convolution with padding={given['padding']!r} cannot be traced without arithmetic")
    groups, axes = given.pop("groups"), weight.ndim - 2
    sides = {name: list(per_axis(value, axes)) for name, value in given.items()}
    window = (sides["stride"], sides["padding"], sides["dilation"], transposed, sides["output_padding"], groups)
    return torch._convolution(input, weight, bias, *window, False, False, True, True)
