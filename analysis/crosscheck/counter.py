"""What a counter is told of each layer of a trace, and what the description of a counter consists of.

Counters that hook modules or replace functions see which module ran, which function it called and how that was spelled,
not the operation, so their rules need it.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterable, Mapping, Sized
from copy import deepcopy
from dataclasses import dataclass, field
from inspect import signature
from math import prod
from types import FrameType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from analysis.meter import cost_layers
from analysis.ops import find_op
from analysis.trace.recorder import source_of
from analysis.trace.stand_in import tensors_in
from analysis.trace.tracing import record
from archs.errors import TraceError
from archs.layer import Layer, Shape

_BINARY_OP = dis.opmap["BINARY_OP"]


@dataclass(eq=False)
class ModuleCall:
    """One call of a module."""

    module: nn.Module
    #: The modules that contain it, outermost first.
    callers: tuple[nn.Module, ...] = ()
    #: Of the tensors that it was called with, and what else it was told by keyword.
    input_shapes: tuple[Shape, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
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
    #: How the function was told to resample or to pad, empty for others.
    options: Mapping[str, Any]

    @property
    def module(self) -> nn.Module:
        """The innermost module that was running."""
        return self.call.module

    @property
    def ends_call(self) -> bool:
        """Whether this is the last layer of its module's call, where a forward hook sees the result."""
        return self.call.layers[0] == self.layer.name


def witness(module: nn.Module, shape: Shape, *, allow_uncounted: bool = False) -> list[Use]:
    """The layers of a module, given a tensor of a shape, in execution order; it is a copy to waste, it keeps hooks.

    Raises: TraceError, UnknownOpError: as `analysis.trace.tracing.record` and the meter.
    """
    observer = _Observer(module)
    layers = record(module, stated=shape).layers
    uses: list[Use] = []
    call = ModuleCall(module)
    costs = cost_layers(layers, allow_uncounted=allow_uncounted)
    for cost in reversed(costs):  # parts of an operation that the trace takes apart belong to its last
        call, *how = observer.origins.get(cost.layer.name, (call, None, False, {}))
        call.layers.append(cost.layer.name)
        uses.append(Use(cost.layer, cost.macs, call, *how))
    return uses[::-1]


class _Observer(TorchFunctionMode):
    """Notes the origin of every layer while the trace runs: it sees each operation first, and the layer it made."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.origins: dict[str, tuple[ModuleCall, Any, bool, Mapping[str, Any]]] = {}
        self._calls: list[ModuleCall] = []
        for child in module.modules():
            child.register_forward_pre_hook(self._enter, with_kwargs=True)
            child.register_forward_hook(self._leave, always_call=True)

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        if not self._calls:
            self.__enter__()  # type: ignore[no-untyped-call]
        shapes = tuple(tuple(value.shape) for value in (*args, *kwargs.values()) if isinstance(value, Tensor))
        self._calls.append(ModuleCall(module, tuple(call.module for call in self._calls), shapes, kwargs))

    def _leave(self, _: nn.Module, __: Any, output: Any) -> None:
        call = self._calls.pop()
        call.output_shape = next((tuple(tensor.shape) for tensor in tensors_in(output)), ())
        if not self._calls:
            self.__exit__(None, None, None)  # type: ignore[no-untyped-call]

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        as_operator = _is_binary_operator(sys._getframe(1))
        options = _OPTIONS[func](*args, **(kwargs or {})) if func in _OPTIONS else {}
        result = func(*args, **(kwargs or {}))
        for output in result if isinstance(result, tuple) else (result,):
            if isinstance(output, Tensor) and (name := source_of(output)):
                self.origins.setdefault(name, (self._calls[-1], func, as_operator, options))
        return result


def _is_binary_operator(frame: FrameType) -> bool:
    """Whether a frame is busy with `a + b` and the like, and not with a call."""
    return frame.f_code.co_code[frame.f_lasti] == _BINARY_OP


#: The key under which a rule gives the multiply-accumulates of a layer; all other keys are words for people.
MACS = "macs"

#: What a counter counts for one layer, split into multiply-accumulates and other things, in the counter's own unit.
Parts = Mapping[str, int]


def words(op: str) -> str:
    """An op as a table names it."""
    return find_op(op).word or op.replace("_", " ")


class Reading(NamedTuple):
    """What a counter said about a network."""

    value: int
    #: What it said beside the number, or what is known to have gone wrong, in sentences.
    remark: str = ""


@dataclass(frozen=True)
class Counter:
    """A public counter: how to run it and what it counts."""

    name: str
    #: The installed distribution that its version is that of.
    package: str
    #: What the counter calls its figure.
    reported_as: str
    #: "MACs" or "FLOPs": what one unit of the figure is.
    unit: str
    #: One paragraph: when its number is the right one to quote.
    quote_when: str
    #: Its figure for a module in inference mode and an image, both on the meta device.
    run: Callable[[nn.Module, Tensor], Reading]
    #: What it counts for one layer of the trace.
    count: Callable[[Use], Parts]
    #: What it got wrong on a network, in sentences, from the layers of its trace.
    find_faults: Callable[[list[Use]], list[str]] = lambda _: []
    #: Whether the figure is for the whole batch.
    sees_batch: bool = True

    @property
    def units_per_mac(self) -> int:
        return {"MACs": 1, "FLOPs": 2}[self.unit]


def some(things: Sized, noun: str) -> str:
    """How many there are, for a sentence.

    >>> some([1], "layer"), some([1, 2], "layer")
    ('1 layer', '2 layers')
    """
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def class_names(modules: Iterable[nn.Module]) -> str:
    """The classes of some modules, each once, with the library that they come from unless that is torch.

    >>> class_names([nn.ReLU(), nn.ReLU(), nn.Conv2d(1, 1, 1)])
    'Conv2d, ReLU'
    """
    return ", ".join(sorted({_class_name(type(module)) for module in modules}))


def _class_name(cls: type) -> str:
    library = cls.__module__.partition(".")[0]
    return cls.__name__ if library in ("torch", "__main__") else f"{library}'s {cls.__name__}"


def blank_copy(module: nn.Module, device: str = "meta") -> nn.Module:
    """A copy in inference mode with nothing shared: on the meta device without values, on the CPU with, or zeros.

    Raises: TraceError: the module holds something that cannot be copied.
    """

    def copied(tensor: Tensor) -> Tensor:
        if tensor.is_meta or device == "meta":
            return torch.zeros_like(tensor, device=device)
        return tensor.detach().to(device, copy=True)

    memo: dict[int, object] = {
        id(parameter): nn.Parameter(copied(parameter), parameter.requires_grad) for parameter in module.parameters()
    }
    memo |= {id(buffer): copied(buffer) for buffer in module.buffers()}
    try:
        return deepcopy(module, memo).eval()
    except Exception as error:
        raise TraceError(f"{type(module).__name__} cannot be copied for a counter: {error}.") from error


def _resampling(*args: Any, **kwargs: Any) -> Mapping[str, Any]:
    given = signature(F.interpolate).bind(*args, **kwargs)
    given.apply_defaults()
    return {name: given.arguments[name] for name in ("size", "scale_factor", "mode", "antialias")}


def _padding(*args: Any, padding: Any = 0, **_: Any) -> Mapping[str, Any]:
    return {"padding": next((value for value in (padding, *args) if isinstance(value, str)), "")}


#: What some functions are told, beside tensors.
_OPTIONS: dict[Any, Callable[..., Mapping[str, Any]]] = {
    F.interpolate: _resampling,
    **dict.fromkeys((F.conv1d, F.conv2d, F.conv3d), _padding),
}


def macs_alone(use: Use) -> Parts:
    """Multiply-accumulates, without the bias."""
    return {MACS: use.macs}


def input_elements(use: Use) -> Parts:
    """One operation for each element that is read first."""
    return {words(use.layer.op): prod(use.layer.input_shapes[0])}


def output_elements(use: Use) -> Parts:
    """One operation for each element that is made."""
    return {words(use.layer.op): prod(use.layer.output_shape)}


#: Products with input and state, each as wide as the state, in a step of a recurrent module.
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}


def recurrent(use: Use, others: Mapping[str, int]) -> Parts:
    """Products and two biases a gate; `others`: further operations for each element of the state, by the class."""
    module: Any = use.module
    kind = type(module).__name__.removesuffix("Cell")
    cells = getattr(module, "num_layers", 1) * (1 + getattr(module, "bidirectional", False))
    elements = prod(use.layer.input_shapes[0][:-1]) * cells * module.hidden_size
    return {MACS: use.macs, "bias": 2 * GATES[kind] * elements * module.bias, "gates": others[kind] * elements}


#: The modules that are recurrent.
RECURRENT = (nn.RNN, nn.GRU, nn.LSTM, nn.RNNCell, nn.GRUCell, nn.LSTMCell)


def overlooked(
    uses: Iterable[Use], classes: Iterable[type[nn.Module]], known: Callable[[nn.Module], object]
) -> list[str]:
    """What a counter that goes by the exact class of a module gets wrong, in sentences."""
    strangers = [use.module for use in uses if not known(use.module) and isinstance(use.module, tuple(classes))]
    names = class_names(strangers)
    return [f"It goes by the exact class and overlooks the subclasses {names}."] if strangers else []


def missed(uses: Iterable[Use], count: Callable[[Use], Parts], where: str = "") -> list[str]:
    """Whose multiply-accumulates a counter does not count, in sentences."""
    layers = [use for use in uses if use.macs and not count(use).get(MACS)]
    return [f"It misses the multiply-accumulates of {some(layers, 'layer')}{where}."] if layers else []
