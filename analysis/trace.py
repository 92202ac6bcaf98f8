"""The second route: the real module, run with shapes instead of arithmetic, recorded as `Layer` records.

The forward pass runs as written, on tensors of the meta device, while a `TorchFunctionMode` stands in for every
operation: known operations get their output shape from a rule below and become a layer, views pass through, and
anything else becomes a layer that the meter refuses by name. No weight is read and nothing about the module changes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from analysis.trace_rules import RULES, VIEWS, Call
from archs.errors import DenseScopeError, TraceError
from archs.layer import INPUT, Layer, Pair


def trace(module: nn.Module, image_size: Pair = (224, 224), batch_size: int = 1) -> list[Layer]:
    """The layers of any module in execution order, at inference.

    Args:
        module: takes one image tensor (N, C, H, W); real or meta weights, left as they are.
        image_size: (h, w) in pixels.
        batch_size: N.

    Raises:
        TraceError: the module's forward pass fails on shapes alone; the sentence says where.
    """
    image = torch.empty((batch_size, _in_channels(module), *image_size), device="meta")
    recorder = Recorder(module)
    mark(image, INPUT)
    with _inference_mode(module), recorder.following_modules(), recorder, torch.no_grad():
        try:
            module(image)
        except DenseScopeError:
            raise
        except Exception as error:
            reason = str(error).strip().split("\n")[0] or type(error).__name__
            where = recorder.path or type(module).__name__
            raise TraceError(f"{type(module).__name__} cannot be traced: {where} fails with {reason!r}.") from error
    return recorder.layers


class Recorder(TorchFunctionMode):
    """Turns the operations of a forward pass into layers."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.layers: list[Layer] = []
        self._paths = {id(child): name for name, child in module.named_modules()}
        self._stage_of = getattr(module, "stage_of", None) or _stage_rule(module)
        self._modules = [module]
        self._uses: dict[str, int] = {}

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
        if func in RULES:
            return self.record(RULES[func](*args, **kwargs))
        result = func(*args, **kwargs)
        if isinstance(result, Tensor):
            sources = [tensor for tensor in args if isinstance(tensor, Tensor) and source_of(tensor)]
            if sources and func not in VIEWS:
                return self.record(Call(func.__name__, sources, tuple(result.shape)))
            if sources:
                mark(result, source_of(sources[0]))
        return result

    def record(self, call: Call) -> Tensor:
        """Add a layer and make the tensor that stands for its output."""
        name = self._name(call.op)
        sources = tuple([source_of(tensor) for tensor in call.inputs])
        shapes = tuple([tuple(tensor.shape) for tensor in call.inputs])
        self.layers.append(Layer(name, call.op, self._stage_of(name), sources, shapes, *call[2:]))
        return mark(torch.empty(call.output_shape, device="meta"), name)

    def _name(self, op: str) -> str:
        """The path of a layer module; the path of the enclosing module and the op for functional operations."""
        module, path = self._modules[-1], self.path
        if not _is_layer_module(module):
            path = f"{path}.{op}" if path else op
        uses = self._uses[path] = self._uses.get(path, 0) + 1
        return path if uses == 1 else f"{path}_{uses}"


def mark(tensor: Tensor, source: str) -> Tensor:
    """Remember on a tensor of the trace which layer made it."""
    tensor._densescope_source = source  # type: ignore[attr-defined]
    return tensor


def source_of(tensor: Tensor) -> str:
    """The layer that made a tensor, "" for weights and constants."""
    return getattr(tensor, "_densescope_source", "")


def _is_layer_module(module: nn.Module) -> bool:
    """Whether a module is one of torch.nn's own layers, so that its path names the operation."""
    return type(module).__module__.startswith("torch.nn.") and next(module.children(), None) is None


def _stage_rule(module: nn.Module) -> Callable[[str], str]:
    """Stages of a module that does not name them: its children, opened where a child only holds other containers."""
    children = dict(module.named_children())
    opened = {name for name, child in children.items() if any(_is_container(inner) for inner in child.children())}

    def stage_of(layer_name: str) -> str:
        first, *rest = layer_name.split(".")
        return f"{first}.{rest[0]}" if first in opened and rest else first

    return stage_of


def _is_container(module: nn.Module) -> bool:
    return (
        isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict)) and next(module.children(), None) is not None
    )


def _in_channels(module: nn.Module) -> int:
    """Channels of the image that a module takes: those of its first convolution."""
    convs = (child.in_channels for child in module.modules() if isinstance(child, nn.Conv2d))
    return next(convs, 3)


@contextmanager
def _inference_mode(module: nn.Module) -> Iterator[None]:
    """Put a module and its parts into inference mode, and each back into its own mode afterwards."""
    training = [child for child in module.modules() if child.training]
    for child in training:
        child.training = False
    try:
        yield
    finally:
        for child in training:
            child.training = True
