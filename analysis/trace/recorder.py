"""The second route: what the operations of a forward pass are, as `Layer` records.

While a module runs on tensors of the meta device, a `TorchFunctionMode` stands in for every operation: it becomes a
layer with the output shape that its rule gives, or torch itself on meta tensors; views pass through, and arithmetic on
weights alone is followed, so that learnable scalars are attributed to the layer that reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import compress
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from analysis.ops import Op, find_op
from analysis.trace import products  # noqa: F401  registers its rules
from analysis.trace.held import HeldMemory
from analysis.trace.names import CONSTANTS, COPYING, VALUES, op_name, torch_names
from analysis.trace.rules import RULES, Call
from analysis.trace.stand_in import RunningModules, base_of, home_of, tensors_in, to_meta, twin_of
from archs.errors import TraceError
from archs.layer import CONSTANT, Layer, Shape

#: A child with more than this share of all modules (`features`, `blocks`, `stages`) is no stage: its parts are.
DOMINANT_SHARE = 0.75


class Recorder(TorchFunctionMode):
    """Turns the operations of a forward pass into layers."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.held = HeldMemory(self.layers)
        self._stage_of = getattr(module, "stage_of", None) or _stage_rule(module)
        self.running = RunningModules(module)
        self._uses: dict[str, int] = {}
        self._shapes: dict[str, Shape] = {}
        named, device = list(module.named_parameters()), home_of(module)
        self._parameter_names = {id(parameter): name for name, parameter in named}
        self._parameters = {id(parameter): parameter.numel() for _, parameter in named}
        self._frozen = {id(parameter) for _, parameter in named if not parameter.requires_grad}
        #: Those that no layer has been charged with yet.
        self._uncounted = dict(self._parameters)
        self._touched: set[int] = set()
        #: Dotted path of the module that ran, for each layer.
        self.paths: list[str] = []
        self._own_tensors = {id(tensor): tensor for part in module.modules() for tensor in _held_by(part)}
        #: What a tensor of the image says of its device: that of the module.
        self._placed = {"device": device, "is_meta": False, "is_cuda": device.type == "cuda"}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func.__name__ == "__get__":  # an attribute such as `shape` or `T`
            return self._attribute(func, args)
        name = op_name(func)
        tensors = list(tensors_in((args, kwargs)))
        sources = [tensor for tensor in tensors if source_of(tensor)]
        if len(sources) < len(tensors):
            self.require_seen(tensors, f"what {name} reads")
        if func.__name__ in VALUES and sources:
            raise TraceError(f"the values of a tensor are asked for ({func.__name__}), which shapes alone don't tell")
        call = self._call(name, args, kwargs, tensors, sources)
        if callable(call):
            with self:
                return call()
        if call is None or not call.tells_output:
            return self._run(func, name, args, kwargs, call)
        output = self._record(call, tensors)
        if call.op == "write":
            self.mark(base_of(args[0]), source_of(output))
        if call.in_place or kwargs.get("inplace") or _is_in_place(func):
            self.mark(tensors[0], source_of(output))
        return args[0] if call.op == "write" else output

    def _attribute(self, func: Any, args: Any) -> Any:
        name = getattr(func.__self__, "__name__", "")
        if source_of(args[0]) and name in self._placed:
            return self._placed[name]
        return self._follow(func(*args), args[:1])

    def _call(
        self, name: str, args: Any, kwargs: dict[str, Any], tensors: list[Tensor], sources: list[Tensor]
    ) -> Call | Callable[[], Any] | None:
        """What the rule of an operation says, if there is one for it and the image has a part in it."""
        if name in RULES and (sources or (find_op(name).is_product and any(map(self._weights_of, tensors)))):
            if kwargs.get("out") is not None:
                raise TraceError(f"{name} writes into a tensor that it is given (out=), which is not followed")
            return RULES[name](*args, **torch_names(kwargs))
        if name == "setitem" and sources:
            if isinstance(args[2], Tensor) and source_of(args[2]):
                return self._write(base_of(args[0]), args[2])
            return Call(name, sources, tuple(sources[-1].shape))
        if name == "copy" and sources and base_of(args[0]) is not args[0]:
            return self._write(base_of(args[0]), sources[-1])
        return None

    def require_seen(self, value: Any, what: str = "the result") -> None:
        """Raises: TraceError: a tensor, neither of the image nor of the module, that no operation seen has made."""
        for tensor in tensors_in(value):
            known = hasattr(tensor, "_densescope_source") or hasattr(tensor, "_densescope_weights")
            if tensor.is_meta and not known and id(tensor) not in self._own_tensors:
                raise TraceError(
                    f"{what} was computed outside Python (TorchScript, vmap, C++), so that its costs are not known"
                )

    def _write(self, target: Tensor, part: Tensor) -> Call:
        """`target[…] = part`: what was written before stays, and nothing of it is read."""
        before = source_of(target)
        rest = [self.mark(target.new_empty(0), before)] if before else []
        return Call("write", [part, *rest], tuple(target.shape))

    def _run(self, func: Any, name: str, args: Any, kwargs: Any, call: Call | None) -> Any:
        """An operation whose shape torch itself tells, on meta tensors; constants are computed as they are."""
        tensors = list(tensors_in((args, kwargs)))
        sources = list(filter(source_of, tensors))
        if not sources:
            if not any(map(self._weights_of, tensors)):
                return self._follow(func(*args, **kwargs), ())
            if _is_in_place(func):
                return args[0] if id(args[0]) in self._parameters else self._follow(args[0], tensors)
        twins = [twin_of(source) for source in sources]
        versions = [twin._version for twin in twins]
        result = _on_meta(func, name, args, kwargs)
        outputs = list(tensors_in(result))
        if name in CONSTANTS or not outputs:
            return self._follow(result, ())
        written = [twin._version != version for twin, version in zip(twins, versions, strict=True)]
        is_view = not any(written) and any(_shares_memory(outputs[0], twin) for twin in twins)
        if is_view or not (sources or call):
            return self._follow(result, tensors)
        call = call or Call("copy" if name in COPYING else name, sources)
        layer_name = source_of(self._record(call, tensors, outputs[0]))
        for output in (*outputs, *compress(sources, written)):
            self.mark(output, layer_name)
        return result

    def _follow(self, result: Any, tensors: Iterable[Tensor]) -> Any:
        """Hand on to the result where these tensors come from: the layer that made them, or weights."""
        for output in tensors_in(result):
            source = next(filter(None, map(source_of, tensors)), "")
            if source:
                self.mark(output, source)
            elif id(output) not in self._own_tensors:
                output._densescope_weights = [w for tensor in tensors for w in self._weights_of(tensor)]  # type: ignore[attr-defined]
        return result

    def _weights_of(self, tensor: Tensor) -> Iterable[int]:
        """Ids of the parameters that a tensor was computed from without the image; its own if it is one."""
        key = id(tensor)
        return (key,) if key in self._parameters else getattr(tensor, "_densescope_weights", ())

    def _record(self, call: Call, tensors: Iterable[Tensor], output: Tensor | None = None) -> Tensor:
        """Add a layer and mark the tensor that stands for its output; `tensors` are all that the operation reads."""
        op = find_op(call.op)
        name = self._name(op, tensors)
        sources = tuple([source_of(tensor) or CONSTANT for tensor in call.inputs])
        shapes = tuple([tuple(tensor.shape) for tensor in call.inputs])
        if output is None:
            assert call.output_shape is not None
            output = torch.empty(call.output_shape, dtype=call.inputs[0].dtype, device="meta")
        offsets = [self._offset(tensor) for tensor in call.inputs]
        layer = Layer(name, call.op, self._stage_of(name), sources, shapes, tuple(output.shape), **call.geometry)
        if any(offset is not None for offset in offsets):
            layer = layer._replace(offsets=tuple([offset or 0 for offset in offsets]))
        weights = [weight for tensor in tensors for weight in self._weights_of(tensor)]
        self._touched.update(weights)
        taken = {weight: self._uncounted.pop(weight) for weight in weights if weight in self._uncounted}
        learned = sum(taken.values())
        frozen = sum(numel for weight, numel in taken.items() if weight in self._frozen)
        implied = op.cost(layer).params if op.is_weighted else 0
        reads = 0 if op.is_weighted else _elements_beside(call, tensors)
        if learned != implied or reads or frozen:
            layer = layer._replace(extra_params=learned - implied, extra_reads=reads, frozen_params=frozen)
        self.layers.append(layer)
        self._shapes[name] = layer.output_shape
        self.paths.append(self.running.path)
        return self.mark(output, name)

    def _offset(self, tensor: Tensor) -> int | None:
        """The first channel of a part of the channels of what a layer made; None of what is no such part."""
        made, twin = self._shapes.get(source_of(tensor), ()), twin_of(tensor)
        if len(made) != 4 or tensor.ndim != 4 or tensor.shape[1] >= made[1] or tensor.shape[2:] != made[2:]:
            return None
        first, rest = divmod(int(twin.storage_offset()), prod(made[2:]))
        return None if rest or twin.stride() != torch.empty(made, device="meta").stride() else first

    def mark(self, tensor: Tensor, source: str) -> Tensor:
        """Remember on a tensor of the trace which layer made it."""
        tensor._densescope_source = source  # type: ignore[attr-defined]
        self.held.see(twin_of(tensor), source)
        return tensor

    @property
    def reached(self) -> frozenset[str]:
        """Names of the parameters that a layer reads, directly or by way of others."""
        return frozenset(self._parameter_names[weight] for weight in self._touched)

    @property
    def unreached(self) -> dict[str, int]:
        """Number of scalars of each parameter that no layer reads, by its dotted name."""
        return {self._parameter_names[key]: numel for key, numel in self._uncounted.items()}

    def _name(self, op: Op, tensors: Iterable[Tensor]) -> str:
        """The path of a layer module; the path of the enclosing module and the op for functional operations."""
        module, path = self.running.innermost, self.running.path
        if not (_is_layer_module(module) or (op.is_weighted and self._owns_any(module, tensors))):
            path = f"{path}.{op.name}" if path else op.name
        path = path or op.name
        uses = self._uses[path] = self._uses.get(path, 0) + 1
        return path if uses == 1 else f"{path}_{uses}"

    def _owns_any(self, module: nn.Module, tensors: Iterable[Tensor]) -> bool:
        """Whether one of the tensors comes from a parameter of the module itself, not of its children."""
        own = {id(parameter) for parameter in module.parameters(recurse=False)}
        return any(weight in own for tensor in tensors for weight in self._weights_of(tensor))


#: What every module keeps of itself and of its parts, beside what it computes with.
_HOUSEKEEPING = frozenset(vars(nn.Module())) - {"_parameters", "_buffers"}


def _held_by(module: nn.Module) -> Iterator[Tensor]:
    """The tensors of a module itself: parameters, buffers, attributes."""
    return tensors_in([value for name, value in vars(module).items() if name not in _HOUSEKEEPING])


def source_of(tensor: Tensor) -> str:
    """The layer that made a tensor, "" for weights and constants."""
    return getattr(tensor, "_densescope_source", "")


#: Functions that read the values of indices and masks to tell a shape.
_BY_VALUES = frozenset(("getitem", "setitem", "index_select", "repeat_interleave", "masked_fill", "where"))


def _on_meta(func: Any, name: str, args: Any, kwargs: Any) -> Any:
    """A function's result for meta tensors, which stay on the meta device wherever they are sent."""
    if name in ("cpu", "cuda"):
        return args[0]
    if name in ("to", "type_as"):
        kwargs = {key: value for key, value in kwargs.items() if key != "device"}
        rest = [value.dtype if isinstance(value, Tensor) else value for value in args[1:]]
        args = (args[0], *(value for value in rest if not isinstance(value, (str, int, torch.device)) or value is True))
        if len(args) == 1 and "dtype" not in kwargs and "memory_format" not in kwargs:
            return args[0]
        func = Tensor.to
    floats_only = name in _BY_VALUES
    return func(*to_meta(args, floats_only), **to_meta(kwargs, floats_only))


def _elements_beside(call: Call, tensors: Iterable[Tensor]) -> int:
    """Elements of the weights and constants that an operation reads beside its inputs; tables and targets are not."""
    if call.op in ("embedding", "write", "setitem"):
        return 0
    inputs = {id(tensor) for tensor in call.inputs}
    beside = {id(tensor): tensor for tensor in tensors if not source_of(tensor) and id(tensor) not in inputs}
    return sum(tensor.numel() for tensor in beside.values() if tensor.is_floating_point())


def _shares_memory(a: Tensor, b: Tensor) -> bool:
    return a.untyped_storage()._cdata == b.untyped_storage()._cdata


def _is_in_place(func: Any) -> bool:
    """Whether a function changes its first argument: `relu_`, `add_`, `+=`, `x[i] = y`."""
    name = func.__name__
    return name.startswith(("__i", "__set")) if name.startswith("__") else name.endswith("_")


def _is_layer_module(module: nn.Module) -> bool:
    """Whether a module is one of torch.nn's own layers, so that its path names the operation."""
    return type(module).__module__.startswith("torch.nn.") and next(module.children(), None) is None


def _stage_rule(module: nn.Module) -> Callable[[str], str]:
    """Stages of a module that does not name them: its children; the parts of a child that is most of the module."""
    total = sum(1 for _ in module.modules())
    opened = {
        f"{name}.{inner_name}"
        for name, child in module.named_children()
        if sum(1 for _ in child.modules()) > DOMINANT_SHARE * total
        for inner_name, inner in child.named_children()
        if next(inner.children(), None) is not None
    }

    def stage_of(layer_name: str) -> str:
        first_two = ".".join(layer_name.split(".")[:2])
        return first_two if first_two in opened else layer_name.split(".")[0]

    return stage_of
