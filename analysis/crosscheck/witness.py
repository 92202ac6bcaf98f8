"""How each layer of a trace came about: which module ran, which function it called, and how that was spelled.

Counters that hook modules or replace functions see this and not the operation, so their rules need it.
"""

from __future__ import annotations

import dis
import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from analysis.meter import cost_layers
from analysis.trace.recorder import source_of, trace
from archs.layer import Layer, Pair, Shape

_BINARY_OP = dis.opmap["BINARY_OP"]


@dataclass(eq=False)
class ModuleCall:
    """One call of a module."""

    module: nn.Module
    #: The modules that contain it, outermost first.
    callers: tuple[nn.Module, ...] = ()
    output_shape: Shape = ()
    #: Names of the layers that ran in this very module, not in one of its children; the last one first.
    layers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Use:
    """A layer of the trace, with where it came from."""

    layer: Layer
    #: Multiply-accumulates by our meter.
    macs: int
    call: ModuleCall
    #: The function of torch, None for the inner parts of an operation that the trace takes apart.
    function: Any
    #: Whether the code says `a + b` and not `torch.add(a, b)`.
    as_operator: bool

    @property
    def module(self) -> nn.Module:
        """The innermost module that was running."""
        return self.call.module

    @property
    def ends_call(self) -> bool:
        """Whether this is the last layer of its module's call, where a forward hook sees the result."""
        return self.call.layers[0] == self.layer.name


def witness(module: nn.Module, image_size: Pair, batch_size: int, in_channels: int | None = None) -> list[Use]:
    """The layers of a module in execution order; the module is a copy to waste, it keeps hooks.

    Raises: TraceError, UnknownOpError: as `analysis.trace.recorder.trace` and the meter.
    """
    observer = _Observer(module)
    layers = trace(module, image_size, batch_size, in_channels)
    uses: list[Use] = []
    call = ModuleCall(module)
    for cost in reversed(cost_layers(layers)):  # parts of an operation that the trace takes apart belong to its last
        call, function, as_operator = observer.origins.get(cost.layer.name, (call, None, False))
        call.layers.append(cost.layer.name)
        uses.append(Use(cost.layer, cost.macs, call, function, as_operator))
    return uses[::-1]


class _Observer(TorchFunctionMode):
    """Notes the origin of every layer while the trace runs: it sees each operation first, and the layer it made."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.origins: dict[str, tuple[ModuleCall, Any, bool]] = {}
        self._calls: list[ModuleCall] = []
        for child in module.modules():
            child.register_forward_pre_hook(self._enter)
            child.register_forward_hook(self._leave, always_call=True)

    def _enter(self, module: nn.Module, _: Any) -> None:
        if not self._calls:
            self.__enter__()  # type: ignore[no-untyped-call]
        self._calls.append(ModuleCall(module, tuple(call.module for call in self._calls)))

    def _leave(self, _: nn.Module, __: Any, output: Any) -> None:
        call = self._calls.pop()
        call.output_shape = tuple(output.shape) if isinstance(output, Tensor) else ()
        if not self._calls:
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        as_operator = _is_binary_operator(sys._getframe(1))
        result = func(*args, **(kwargs or {}))
        for output in result if isinstance(result, tuple) else (result,):
            if isinstance(output, Tensor) and (name := source_of(output)):
                self.origins.setdefault(name, (self._calls[-1], func, as_operator))
        return result


def _is_binary_operator(frame: FrameType) -> bool:
    """Whether a frame is busy with `a + b` and the like, and not with a call."""
    return frame.f_code.co_code[frame.f_lasti] == _BINARY_OP
