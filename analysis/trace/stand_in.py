"""What stands in for modules and tensors where only shapes are wanted: nothing is allocated, filled, or written to."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import init
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.nn.parameter import UninitializedParameter
from torch.overrides import TorchFunctionMode

from archs import checks
from archs.errors import TraceError, first_line

_FACTORIES = frozenset({torch.empty, torch.zeros, torch.ones})
_FILLERS = frozenset(
    {getattr(init, name) for name in dir(init) if name.endswith("_") and not name.startswith("_")}
    | {Tensor.fill_, Tensor.zero_, Tensor.normal_, Tensor.uniform_}
)


class Weightless(TorchFunctionMode):
    """Context in which new weights live on the meta device and filling them does nothing.

    Four times as fast as `torch.device("meta")`, which fills meta tensors through their decompositions.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _FACTORIES:
            return func(*args, **kwargs | {"device": "meta"})
        if func in _FILLERS:
            tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)


def stand_in(module: nn.Module, *, weightless: bool = False) -> nn.Module:
    """A copy of a module to run in its place: hooks of its owner don't fire, and what forward() writes is the copy's.

    Args:
        module: compiled or data-parallel ones are unwrapped.
        weightless: parameters on the meta device; else those of the module itself, which a trace doesn't read.

    Raises:
        TraceError: a module that can't be copied, or whose operations Python doesn't see.
    """
    module = unwrapped(module)
    memo: dict[int, Any] = {}
    wrapped, strangers = [], set[int]()
    for name, part in module.named_modules():
        _require_python(part, name or type(part).__name__)
        if unwrapped(part) is not part:
            wrapped.append(part)
        for parameter in part.parameters(recurse=False):
            memo[id(parameter)] = _on_meta_device(parameter) if weightless else parameter
        memo |= {id(value): value for value in vars(part).values() if isinstance(value, torch.jit.ScriptFunction)}
        for hook in _hooks(part):
            if not _belongs_to_library(hook):
                memo[id(hook)] = hook
                strangers.add(id(hook))
    try:
        with _PlainTensors():
            for part in wrapped:
                memo[id(part)] = deepcopy(unwrapped(part), memo)
            copy = deepcopy(module, memo)
    except Exception as error:
        raise TraceError(
            f"{type(module).__name__} cannot be copied, so that it could be traced without being changed: "
            f"{first_line(error)}."
        ) from error
    for part in copy.modules():
        for hooks in _hook_tables(part):
            for key in [key for key, hook in hooks.items() if id(hook) in strangers]:
                del hooks[key]
    return copy


def _on_meta_device(parameter: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(parameter.detach().to("meta"), requires_grad=parameter.requires_grad)


class _PlainTensors(TorchFunctionMode):
    """Copies what a forward pass has left behind without the history that autograd gave it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is Tensor.__deepcopy__ and not args[0].is_leaf:
            return args[1].setdefault(id(args[0]), args[0].detach().clone())
        return func(*args, **(kwargs or {}))


def unwrapped(module: nn.Module) -> nn.Module:
    """The module inside `torch.compile`'s and the data-parallel wrappers."""
    compiled = checks.attribute(module, "_orig_mod")
    if isinstance(compiled, nn.Module):
        return unwrapped(compiled)
    parallel = isinstance(module, (nn.DataParallel, nn.parallel.DistributedDataParallel))
    return unwrapped(module.module) if parallel else module  # type: ignore[arg-type]


def _require_python(module: nn.Module, name: str) -> None:
    """Raises: TraceError: what a module computes is not seen, or not known yet."""
    if isinstance(module, (torch.jit.ScriptModule, torch.jit.ScriptFunction)):
        raise TraceError(
            f"{name} is a TorchScript module, whose operations can't be seen: give the module it was made of."
        )
    kind = type(module).__name__
    if any(isinstance(tensor, UninitializedParameter) for tensor in module._parameters.values()):
        raise TraceError(f"{name} is a {kind}, whose shapes are not known before it has run: run the network once.")
    if ".quantized." in f"{type(module).__module__}." and hasattr(module, "scale"):
        raise TraceError(f"{name} is a quantised {kind}, which is not counted: give the network before.")


def _hook_tables(module: nn.Module) -> Iterator[dict[int, Callable[..., Any]]]:
    yield from (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)


def _hooks(module: nn.Module) -> Iterator[Callable[..., Any]]:
    return (hook for hooks in _hook_tables(module) for hook in hooks.values())


def _belongs_to_library(hook: Any) -> bool:
    """Whether a hook is a part of the module, such as torch's weight norm or timm's feature hooks."""
    home = getattr(getattr(hook, "func", hook), "__module__", None) or ""
    return home.partition(".")[0] in ("torch", "torchvision", "timm")


def without_compiling() -> Any:
    """Context in which functions under `torch.compile` run as they were written."""
    dynamo = "torch._dynamo" in sys.modules
    return torch.compiler.set_stance("force_eager") if dynamo else nullcontext()


def tensors_in(value: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, Mapping):
        yield from tensors_in(list(value.values()))


def home_of(module: nn.Module) -> torch.device:
    """The device that a module's own tensors are on; the CPU if it has none, or none with data."""
    tensor = next((tensor for tensors in (module.parameters(), module.buffers()) for tensor in tensors), None)
    return torch.device("cpu") if tensor is None or tensor.is_meta else tensor.device


def twin_of(tensor: Tensor) -> Tensor:
    """The tensor of the meta device that stands for a tensor, always the same one; weights get a new one each time."""
    if tensor.is_meta:
        return tensor
    if isinstance(tensor, nn.Parameter):
        return torch.empty_like(tensor, device="meta")
    if not hasattr(tensor, "_densescope_twin"):
        tensor._densescope_twin = torch.empty_like(tensor, device="meta")  # type: ignore[attr-defined]
    return tensor._densescope_twin  # type: ignore[attr-defined]


def base_of(tensor: Tensor) -> Tensor:
    """The tensor that a view is of; itself if it is none."""
    return tensor if tensor._base is None else tensor._base


def to_meta(value: Any, floats_only: bool = False) -> Any:
    """The same with every tensor on the meta device; with floats alone, indices and masks keep their values."""
    if isinstance(value, Tensor):
        return value if floats_only and not value.is_floating_point() else twin_of(value)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(to_meta(item, floats_only) for item in value)
    return {key: to_meta(item, floats_only) for key, item in value.items()} if isinstance(value, dict) else value


#: Who runs modules here has torch to itself: hooks and modes, and what counters replace, are for all threads.
ONE_AT_A_TIME = threading.RLock()


class RunningModules:
    """Which part of a module runs, told by hooks that leave the parts themselves untouched."""

    def __init__(self, module: nn.Module) -> None:
        self._names = {id(part): name for name, part in module.named_modules()}
        self._stack = [(module, "")]

    @property
    def innermost(self) -> nn.Module:
        return self._stack[-1][0]

    @property
    def path(self) -> str:
        """Dotted path of the innermost that has one."""
        return self._stack[-1][1]

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow what runs in this thread."""
        thread = threading.get_ident()

        def enter(module: nn.Module, _: Any) -> None:
            if threading.get_ident() == thread:
                self._stack.append((module, self._names.get(id(module), self.path)))

        def leave(_: nn.Module, __: Any, ___: Any) -> None:
            if threading.get_ident() == thread:
                self._stack.pop()

        with ONE_AT_A_TIME:
            hooks = register_module_forward_pre_hook(enter), register_module_forward_hook(leave)
            try:
                yield
            finally:
                for hook in hooks:
                    hook.remove()
