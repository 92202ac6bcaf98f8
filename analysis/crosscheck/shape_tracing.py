"""TorchScript tracing on meta tensors, which PyTorch cannot do by itself.

While it traces, sizes are tensors, and the shape functions of the meta device fail on those. They run in a second
thread here, to which tracing does not extend. No arithmetic runs, so that the largest network takes a second.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from inspect import signature
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

from analysis.trace.rules import convolution, per_axis

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
