"""How a network really runs: who calls which module, who reads what a convolution makes, and whose weights."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from archs.errors import DenseScopeError, first_line
from archs.layer import Shape

READ_ELSEWHERE = "its convolution is read by other layers too"
SHARED = "its weights are used more than once"


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Watches one forward pass: every operation that PyTorch runs, whoever calls it."""

    def __init__(self, model: nn.Module, image: Tensor) -> None:
        """Run a copy to waste. Raises: whatever the network does."""
        super().__init__()  # type: ignore[no-untyped-call]
        #: How often each module ran.
        self.calls: Counter[str] = Counter()
        #: The convolution whose output, untouched, a batch norm reads; "" for another input.
        self.sources: dict[str, str] = {}
        #: Why a module may not be rewritten.
        self.obstacles: dict[str, str] = {}
        self._running = [""]
        self._made: dict[int, tuple[weakref.ref[Tensor], str]] = {}
        self._owners: dict[int, str] = {}
        hooks = []
        for name, module in model.named_modules():
            hooks.append(module.register_forward_pre_hook(self._enter(name), prepend=True, with_kwargs=True))
            hooks.append(module.register_forward_hook(self._leave(name)))
            if isinstance(module, (nn.Conv2d, nn.BatchNorm2d)):
                own = (*module.parameters(recurse=False), *module.buffers(recurse=False))
                self._owners |= {id(tensor): name for tensor in own}
        try:
            with torch.no_grad(), self:
                output = model(image)
        finally:
            for each in hooks:
                each.remove()
        alive = [name for made, name in self._made.values() if made() is not None]  # returned, or kept by somebody
        self.obstacles |= dict.fromkeys(alive, READ_ELSEWHERE)
        del output

    def _enter(self, name: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            self.calls[name] += 1
            self._running.append(name)
            if isinstance(module, nn.BatchNorm2d):
                self.sources[name] = self._maker(next(iter((*args, *kwargs.values())), None))

        return hook

    def _leave(self, name: str) -> Any:
        def hook(module: nn.Module, _: Any, output: Any) -> None:
            self._running.pop()
            if isinstance(module, nn.Conv2d) and isinstance(output, Tensor):
                self._made[id(output)] = weakref.ref(output), name

        return hook

    def _maker(self, tensor: Any) -> str:
        made, name = self._made.get(id(tensor), (None, ""))
        return name if made is not None and made() is tensor else ""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        running = self._running[-1]
        for tensor in tree_leaves((args, kwargs)):
            if not isinstance(tensor, Tensor):
                continue
            if self._owners.get(id(tensor), running) != running:
                self.obstacles[self._owners[id(tensor)]] = SHARED
            if (maker := self._maker(tensor)) and self.sources.get(running) != maker:
                self.obstacles[maker] = READ_ELSEWHERE
        if func is torch.ops.aten.native_batch_norm.default and args[0].is_meta:  # for which PyTorch takes long
            return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
        return func(*args, **(kwargs or {}))


def watch(model: nn.Module, images: Sequence[Tensor]) -> list[Watch]:
    """How a network takes the first of some images, and those of the others that it takes at all.

    It runs on tensors without data, and where it cannot, on the first two images as they are.

    Raises:
        DenseScopeError: it runs on neither.
    """
    try:
        return _watch(deepcopy(model).to("meta"), [image.to("meta") for image in images])
    except Exception:  # a tensor made on the CPU, say
        try:
            return _watch(deepcopy(model), images[:2])
        except Exception as error:
            raise cannot_run(model, images[0].shape, error) from error


def _watch(model: nn.Module, images: Sequence[Tensor]) -> list[Watch]:
    passes = [Watch(model, images[0])]
    for image in images[1:]:
        try:
            passes.append(Watch(model, image))
        except Exception:  # not a size for this network
            continue
    return passes


def cannot_run(model: nn.Module, shape: Shape, error: Exception) -> DenseScopeError:
    """What is said of a network that fails."""
    size = "×".join(map(str, shape))
    return DenseScopeError(f"{type(model).__name__} cannot be run on images of {size}: {first_line(error)!r}.")
