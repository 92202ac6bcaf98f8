"""A step of any module in training, run on tensors without data: what autograd really saves, and what is alive when.

The forward pass, the loss, the backward pass run as they do on a CPU, under `FakeTensorMode`; a dispatch mode follows
every piece of memory from its allocation to its release, and `saved_tensors_hooks` tell what is saved. So it counts
what is frozen, detached, checkpointed or computed without gradients as it is. The loss of a batch of logits (N, C) is
a cross entropy; any other output is handed a gradient of its own size.
"""

from __future__ import annotations

import weakref
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from analysis.memory.naming import Kept
from analysis.memory.step import BATCH, GRADIENTS, STATISTICS, StepMoment
from archs.errors import TraceError, first_line


class Observed(NamedTuple):
    """What a step of a module consists of."""

    saved: tuple[Kept, ...]
    moments: tuple[StepMoment, ...]


def observe(module: nn.Module, shape: tuple[int, ...], dtype: str) -> Observed:
    """Run a step of a copy of a module without data.

    Args:
        module: in training with what it leaves in evaluation; one in evaluation is put into training.
        shape: of its one input.
        dtype: of its weights and its input.

    Raises: TraceError: it does not run on tensors without data.
    """
    floats = getattr(torch, dtype)
    try:
        with FakeTensorMode(allow_non_fake_inputs=True), torch.random.fork_rng([]), torch.enable_grad():
            copy = _copy(module, floats)
            image = torch.empty(shape, dtype=floats)
            return _Step(copy, image).run()
    except Exception as error:
        raise TraceError(
            f"{type(module).__name__} cannot be followed in training: a step on tensors without data fails with "
            f"{first_line(error)!r}."
        ) from error


def _copy(module: nn.Module, floats: torch.dtype) -> nn.Module:
    """The module with tensors of the CPU that have no data, in training."""
    memo: dict[int, Any] = {}
    for part in module.modules():
        for tensor in tree_leaves([*part._parameters.values(), *part._buffers.values(), *vars(part).values()]):
            if isinstance(tensor, Tensor) and id(tensor) not in memo:
                dtype = floats if tensor.is_floating_point() else tensor.dtype
                fake = torch.empty(tensor.shape, dtype=dtype)
                memo[id(tensor)] = (
                    nn.Parameter(fake, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else fake
                )
    copy = deepcopy(module, memo)
    return copy if module.training else copy.train()


class _Step(TorchDispatchMode):
    """Follows pieces of memory, each under a number of its own."""

    def __init__(self, module: nn.Module, image: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._module, self._image = module, image
        self._paths = {id(part): name for name, part in module.named_modules()}
        self._running = [""]
        self._phase = "forward"
        self._numbers: dict[int, int] = {}
        self._pieces: list[list[int]] = []
        #: Allocations and releases (a piece, twice each), and between them where the program is.
        self._events: list[int | tuple[str, str]] = []
        #: From which sequence number on autograd's nodes belong to which module.
        self._nodes: list[int] = []
        self._node_paths: list[str] = []
        self._own = {_key(tensor) for tensor in (*module.parameters(), *module.buffers())}
        self._saved: dict[int, Kept] = {}

    def run(self) -> Observed:
        self._see(self._image, BATCH)
        with self._following_modules(), self:
            with saved_tensors_hooks(self._save, lambda tensor: tensor):
                result = self._module(self._image)
            loss = self._loss(result)
            del result
            self._phase = "backward"
            if loss:
                torch.autograd.backward(*loss)
        gradients = [parameter.grad for parameter in self._module.parameters() if parameter.grad is not None]
        for gradient in gradients:
            self._pieces[self._see(gradient, GRADIENTS)][1] = GRADIENTS
        self._events.append(("optimizer", "optimizer"))
        return Observed(tuple(self._saved.values()), tuple(self._moments()))

    def _loss(self, result: Any) -> tuple[list[Tensor], list[Tensor | None]] | None:
        outputs = [leaf for leaf in tree_leaves(_fields(result)) if isinstance(leaf, Tensor) and leaf.requires_grad]
        if len(outputs) == 1 and outputs[0].dim() == 2:
            return [F.cross_entropy(outputs[0], torch.empty(len(outputs[0]), dtype=torch.long))], [None]
        return (outputs, [torch.empty_like(output) for output in outputs]) if outputs else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **kwargs or {})
        norm = "batch_norm" in func.__name__
        for number, leaf in enumerate(tree_leaves(result)):
            if isinstance(leaf, Tensor):
                self._see(leaf, STATISTICS if norm and number and self._phase == "forward" else BATCH)
        self._events.append((self._place(), self._phase))
        return result

    def _place(self) -> str:
        if self._phase == "forward":
            path = self._running[-1]
            if not self._node_paths or self._node_paths[-1] != path:
                self._nodes.append(torch._C._autograd._get_sequence_nr())
                self._node_paths.append(path)
            return path
        node = torch._C._current_autograd_node()
        if node is None:
            return next((event[0] for event in reversed(self._events) if isinstance(event, tuple)), "")
        return self._node_paths[max(0, bisect_right(self._nodes, node._sequence_nr()) - 1)]

    def _see(self, tensor: Tensor, share: int) -> int:
        storage, key = tensor.untyped_storage(), _key(tensor)
        if key in self._own:
            return -1
        if key not in self._numbers:
            number = self._numbers[key] = len(self._pieces)
            self._pieces.append([storage.nbytes(), share])
            self._events.append(number)
            weakref.finalize(storage, self._release, key).atexit = False
        return self._numbers[key]

    def _release(self, key: int) -> None:
        self._events.append(self._numbers.pop(key))

    def _save(self, tensor: Tensor) -> Tensor:
        number = self._see(tensor, BATCH)
        if number >= 0 and number not in self._saved:
            self._saved[number] = Kept(self._running[-1], self._pieces[number][0])
        return tensor

    def _moments(self) -> Iterator[StepMoment]:
        live, alive = [0, 0, 0], set[int]()
        for event in self._events:
            if isinstance(event, tuple):
                yield StepMoment(*event, *live)
            else:
                nbytes, share = self._pieces[event]
                live[share] += -nbytes if event in alive else nbytes
                alive ^= {event}

    @contextmanager
    def _following_modules(self) -> Iterator[None]:
        def enter(module: nn.Module, _: Any) -> None:
            self._running.append(self._paths.get(id(module), self._running[-1]))

        def leave(module: nn.Module, _: Any, __: Any) -> None:
            self._running.pop()

        hooks = register_module_forward_pre_hook(enter), register_module_forward_hook(leave)
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _fields(result: Any) -> Any:
    """What is in a result that is an object of its own, such as a dataclass."""
    known = isinstance(result, (Tensor, tuple, list, dict)) or not hasattr(result, "__dict__")
    return result if known else vars(result)


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
