"""The second witness: what PyTorch's dispatcher runs for a module, counted without the trace's rules.

Whatever calls an operation, Python, TorchScript, `vmap` or C++, the dispatcher sees it with its real shapes. The
FLOPs of each are torch's own (`torch.utils.flop_counter`) where torch has a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from analysis.trace.names import op_name
from analysis.trace.products import RECURRENT
from analysis.trace.stand_in import RunningModules, home_of, stand_in, tensors_in, to_meta
from analysis.trace.tracing import Trace, forward, reason, running
from archs.layer import Shape

_aten = torch.ops.aten

#: FLOPs of what torch's own counter leaves out, from the arguments.
_FLOPS: dict[Any, Callable[[Any], int]] = {
    **dict.fromkeys((_aten.mv, _aten.dot, _aten.vdot), lambda args: 2 * args[0].numel()),
    _aten.addmv: lambda args: 2 * args[1].numel(),
    **dict.fromkeys((_aten.addbmm, _aten.addmm_, _aten.baddbmm_), lambda args: 2 * args[1].numel() * args[2].shape[-1]),
}

#: Operations that read values of their indices and masks to tell a shape.
_BY_VALUES = frozenset((_aten.index, _aten.index_put, _aten.index_put_, _aten.repeat_interleave, _aten.masked_select))


class Witness(TorchDispatchMode):
    """Counts what the dispatcher runs for a module; the module is a weightless `stand_in`."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        #: FLOPs by the dotted path of the module that ran, in the order of execution.
        self.flops: dict[str, int] = {}
        self.running = RunningModules(module)
        self._weights = {_key(tensor): name for name, tensor in module.named_parameters()}
        #: Names of the parameters that an operation reads.
        self.reached: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        packet, tensors = func._overloadpacket, list(tensors_in((args, kwargs)))
        if not any(tensor.is_meta for tensor in tensors):
            return func(*args, **kwargs)
        if "device" in kwargs:
            kwargs = kwargs | {"device": torch.device("meta")}
        floats_only = packet in _BY_VALUES
        args, kwargs = to_meta(args, floats_only), to_meta(kwargs, floats_only)
        result = func(*args, **kwargs)
        if not func.is_view:
            self.reached.update(self._weights[key] for key in map(_key, tensors) if key in self._weights)
        if flops := _flops(packet, args, kwargs, result):
            path = self.running.path
            self.flops[path] = self.flops.get(path, 0) + flops
        return result


class _AtHome(TorchFunctionMode):
    """Lets tensors say that they are where the module is; torch's merged kernels stay out, as in a trace."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.__name__ == "__get__" and getattr(func.__self__, "__name__", "") == "device" and args[0].is_meta:
            return self._device
        if op_name(func) in RECURRENT and any(tensor.is_meta for tensor in tensors_in(args)):
            args = to_meta(args)  # these ask where their states are before the dispatcher sees them
        return func(*args, **(kwargs or {}))


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _flops(packet: Any, args: Any, kwargs: Any, result: Any) -> int:
    if packet in _FLOPS:
        return _FLOPS[packet](args)
    return int(flop_registry[packet](*args, **kwargs, out_val=result)) if packet in flop_registry else 0


def doubt(module: nn.Module, found: Trace, macs: Iterable[int]) -> str:
    """Why the dispatcher's count does not confirm a trace, in a sentence; "" if it does.

    Args:
        module: what was traced.
        found: its trace.
        macs: multiply-accumulates of each layer.
    """
    copy, name = stand_in(module, weightless=True), type(module).__name__
    inputs = found.inputs
    witness = Witness(copy)
    try:
        with running(copy, training=False), _AtHome(home_of(module)), witness.running.followed(), witness:
            result = forward(copy)(*to_meta(inputs.args), **to_meta(inputs.kwargs))
    except Exception as error:
        return f"{name} cannot be counted twice: PyTorch itself fails with {reason(error)!r}"
    shapes = tuple(tuple(tensor.shape) for tensor in tensors_in(result))
    if shapes != found.output_shapes:
        return (
            f"{name} has outputs of {_words(found.output_shapes)} by its trace and {_words(shapes)} by PyTorch itself"
        )
    traced: dict[str, int] = {}
    for path, count in zip(found.paths, macs, strict=True):
        traced[path] = traced.get(path, 0) + 2 * count
    if sum(traced.values()) != sum(witness.flops.values()):
        part = next(path for path in (*witness.flops, *traced) if traced.get(path, 0) != witness.flops.get(path, 0))
        return (
            f"{name} has {sum(traced.values()):,} FLOPs by its trace and {sum(witness.flops.values()):,} by PyTorch's "
            f"dispatcher, {traced.get(part, 0):,} and {witness.flops.get(part, 0):,} in {part or name}"
        )
    if parting := sorted(found.reached ^ witness.reached):
        one, other = "PyTorch's dispatcher", "the trace"
        if parting[0] in found.reached:
            one, other = other, one
        return f"{name} reads its parameter {parting[0]} by what {one} sees, and not by what {other} sees"
    return ""


def _words(shapes: Iterable[Shape]) -> str:
    return " and ".join("×".join(map(str, shape)) or "a number" for shape in shapes) or "nothing"
