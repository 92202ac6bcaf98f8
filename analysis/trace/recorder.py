"""The second route: the real module, run with shapes instead of arithmetic, recorded as `Layer` records.

The forward pass runs as written, on tensors of the meta device, while a `TorchFunctionMode` stands in for every
operation: it becomes a layer with the output shape that its rule gives, views pass through, and arithmetic on weights
alone is followed, so that learnable scalars are attributed to the layer that reads them. No weight is read and nothing
about the module changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from analysis.ops import Op, find_op
from analysis.trace.held import HeldMemory
from analysis.trace.names import CONSTANTS, VIEWS, op_name
from analysis.trace.rules import COMPOSITIONS, RULES, Call
from archs.errors import DenseScopeError, TraceError, first_line
from archs.layer import CONSTANT, INPUT, Layer, Pair

#: A child with more than this share of all modules (`features`, `blocks`, `stages`) is no stage: its parts are.
DOMINANT_SHARE = 0.75


def trace(
    module: nn.Module,
    image_size: Pair = (224, 224),
    batch_size: int = 1,
    in_channels: int | None = None,
    *,
    training: bool = False,
) -> list[Layer]:
    """The layers of any module in execution order; arguments and errors as in `record`."""
    return record(module, image_size, batch_size, in_channels, training=training).layers


def record(
    module: nn.Module,
    image_size: Pair = (224, 224),
    batch_size: int = 1,
    in_channels: int | None = None,
    *,
    training: bool = False,
) -> Recorder:
    """The layers of any module in execution order, and how long it holds the memory of each.

    Args:
        module: takes one image tensor (N, C, H, W); real or meta weights, left as they are.
        image_size: (h, w) in pixels.
        batch_size: N.
        in_channels: C; None for what the module's first convolution takes.
        training: with dropout, auxiliary heads, and whatever else the module does in training alone.

    Raises:
        TraceError: the module's forward pass fails on shapes alone; the sentence says where.
    """
    channels = in_channels or _in_channels(module)
    image = torch.empty((batch_size, channels, *image_size), device="meta")
    recorder = Recorder(module)
    recorder.mark(image, INPUT)
    with _mode(module, training), recorder.following_modules(), recorder, torch.no_grad():
        try:
            run: Any = module._call_impl if module._compiled_call_impl else module  # never what a compiler made
            run(image)
        except DenseScopeError:
            raise
        except Exception as error:
            where = recorder.path or type(module).__name__
            raise TraceError(
                f"{type(module).__name__} cannot be traced: {where} fails with {first_line(error)!r}."
            ) from error
    return recorder


class Recorder(TorchFunctionMode):
    """Turns the operations of a forward pass into layers."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self.held = HeldMemory(now=lambda: len(self.layers) - 1)
        self._paths = {id(child): name for name, child in module.named_modules()}
        self._stage_of = getattr(module, "stage_of", None) or _stage_rule(module)
        self._modules = [module]
        self._uses: dict[str, int] = {}
        self._parameters = {id(parameter): parameter.numel() for parameter in module.parameters()}
        #: Those that no layer has been charged with yet.
        self._uncounted = dict(self._parameters)

    @property
    def path(self) -> str:
        """Dotted path of the module that is running."""
        return self._paths.get(id(self._modules[-1]), "")

    @contextmanager
    def following_modules(self) -> Iterator[None]:
        """Keep track of the running module, by hooks that leave the modules themselves untouched."""
        thread = threading.get_ident()

        def enter(module: nn.Module, _: Any) -> None:
            if threading.get_ident() == thread:
                self._modules.append(module)

        def leave(module: nn.Module, _: Any, __: Any) -> None:
            if threading.get_ident() == thread:
                self._modules.pop()

        hooks = register_module_forward_pre_hook(enter), register_module_forward_hook(leave)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func.__name__ == "__get__":  # an attribute such as `shape` or `T`
            return self._follow(func(*args), args[:1])
        name = op_name(func)
        if name in COMPOSITIONS:
            with self:
                return COMPOSITIONS[name](*args, **kwargs)
        tensors = list(_tensors((*args, *kwargs.values())))
        sources = [tensor for tensor in tensors if source_of(tensor)]
        call = None
        if name in RULES and (sources or (find_op(name).is_product and any(map(self._weights_of, tensors)))):
            call = RULES[name](*args, **kwargs)
        elif name == "setitem" and isinstance(args[2], Tensor) and source_of(args[2]):
            call = self._write(args[0], args[2])
        elif sources and name == "setitem":
            call = Call(name, sources, tuple(sources[-1].shape))
        if call is None:
            return self._run(func, name, args, kwargs, tensors, sources)
        output = self._record(call, tensors)
        if kwargs.get("inplace") or _is_in_place(func):
            self.mark(args[0], source_of(output))
        return output

    def _write(self, target: Tensor, part: Tensor) -> Call:
        """`target[…] = part`: what was written before stays, and nothing of it is read."""
        before = source_of(target)
        rest = [self.mark(target.new_empty(0), before)] if before else []
        return Call("write", [part, *rest], tuple(target.shape))

    def _run(self, func: Any, name: str, args: Any, kwargs: Any, tensors: list[Tensor], sources: list[Tensor]) -> Any:
        """An operation without a rule: meta tensors tell its shape; constants are computed as they are."""
        if not sources:
            if not any(map(self._weights_of, tensors)):
                return func(*args, **kwargs)
            if _is_in_place(func):
                return args[0]
        result = func(*_to_meta(args), **_to_meta(kwargs))
        outputs = list(_tensors((result,)))
        if name in CONSTANTS or not outputs:
            return result
        if not sources or (name in VIEWS and _shares_memory(outputs[0], sources[0])):
            return self._follow(result, tensors)
        call = Call("copy" if name in VIEWS else name, sources, tuple(outputs[0].shape))
        layer_name = source_of(self._record(call, tensors))
        for output in outputs:
            self.mark(output, layer_name)
        return result

    def _follow(self, result: Any, tensors: Iterable[Tensor]) -> Any:
        """Hand on to the result where these tensors come from: the layer that made them, or weights."""
        for output in _tensors((result,)):
            source = next(filter(None, map(source_of, tensors)), "")
            if source:
                self.mark(output, source)
            else:
                output._densescope_weights = [w for tensor in tensors for w in self._weights_of(tensor)]  # type: ignore[attr-defined]
        return result

    def _weights_of(self, tensor: Tensor) -> Iterable[int]:
        """Ids of the parameters that a tensor was computed from without the image; its own if it is one."""
        key = id(tensor)
        return (key,) if key in self._parameters else getattr(tensor, "_densescope_weights", ())

    def _record(self, call: Call, tensors: Iterable[Tensor]) -> Tensor:
        """Add a layer and make the tensor that stands for its output; `tensors` are all that the operation reads."""
        op = find_op(call.op)
        name = self._name(op, tensors)
        sources = tuple([source_of(tensor) or CONSTANT for tensor in call.inputs])
        shapes = tuple([tuple(tensor.shape) for tensor in call.inputs])
        layer = Layer(name, call.op, self._stage_of(name), sources, shapes, *call[2:])
        learned = sum([self._uncounted.pop(weight, 0) for tensor in tensors for weight in self._weights_of(tensor)])
        implied = op.cost(layer).params if op.is_weighted else 0
        self.layers.append(layer if learned == implied else layer._replace(extra_params=learned - implied))
        return self.mark(torch.empty(call.output_shape, device="meta"), name)

    def mark(self, tensor: Tensor, source: str) -> Tensor:
        """Remember on a tensor of the trace which layer made it."""
        tensor._densescope_source = source  # type: ignore[attr-defined]
        self.held.see(tensor, source)
        return tensor

    def _name(self, op: Op, tensors: Iterable[Tensor]) -> str:
        """The path of a layer module; the path of the enclosing module and the op for functional operations."""
        module, path = self._modules[-1], self.path
        if not (_is_layer_module(module) or (op.is_weighted and self._owns_any(module, tensors))):
            path = f"{path}.{op.name}" if path else op.name
        uses = self._uses[path] = self._uses.get(path, 0) + 1
        return path if uses == 1 else f"{path}_{uses}"

    def _owns_any(self, module: nn.Module, tensors: Iterable[Tensor]) -> bool:
        """Whether one of the tensors comes from a parameter of the module itself, not of its children."""
        own = {id(parameter) for parameter in module.parameters(recurse=False)}
        return any(weight in own for tensor in tensors for weight in self._weights_of(tensor))


def source_of(tensor: Tensor) -> str:
    """The layer that made a tensor, "" for weights and constants."""
    return getattr(tensor, "_densescope_source", "")


def _tensors(values: Iterable[Any]) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


def _to_meta(value: Any) -> Any:
    """The same arguments with every floating-point tensor on the meta device; indices keep their values."""
    if isinstance(value, Tensor):
        real = value.is_floating_point() and not value.is_meta
        return torch.empty_like(value, device="meta") if real else value
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(map(_to_meta, value))
    return {key: _to_meta(item) for key, item in value.items()} if isinstance(value, dict) else value


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


def _in_channels(module: nn.Module) -> int:
    """Channels of the image that a module takes: those of its first convolution."""
    convs = (child.in_channels for child in module.modules() if isinstance(child, nn.Conv2d))
    return next(convs, 3)


@contextmanager
def _mode(module: nn.Module, training: bool) -> Iterator[None]:
    """Put a module and its parts into a mode, and each back into its own afterwards.

    Batch norms never go into training mode, where they would count the batch.
    """
    before = {child: child.training for child in module.modules()}
    for child in before:
        child.training = training and not isinstance(child, _BatchNorm)
    try:
        yield
    finally:
        for child, mode in before.items():
            child.training = mode
