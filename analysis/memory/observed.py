"""Any module, run on tensors without data: what is alive when, and what autograd really saves.

A copy runs as the module does on a CPU, under `FakeTensorMode`; a dispatch mode follows every piece of memory from its
allocation to its release. In training `saved_tensors_hooks` tell what is saved, so that what is frozen, detached,
checkpointed or computed without gradients is counted as it is. The loss of a batch of logits (N, C) is a cross entropy;
any other output is handed a gradient of its own size.
"""

from __future__ import annotations

import logging
import weakref
from bisect import bisect_right
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch._prims_common import suggest_memory_format
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

from analysis.memory.naming import Kept
from analysis.memory.pieces import BATCH, GRADIENTS
from analysis.memory.step import StepMoment
from analysis.trace.stand_in import RunningModules
from analysis.trace.tracing import forward
from archs.errors import DenseScopeError, TraceError, first_line

T = TypeVar("T")
#: Of a call: in order, and by name.
Arguments = tuple[tuple[Any, ...], dict[str, Any]]


class Piece(NamedTuple):
    """A piece of memory, from the moment in which it is allocated to the last in which it is held."""

    nbytes: int
    #: Indices of moments; −1 for what is there before the first.
    first: int
    last: int


class Pass(NamedTuple):
    """A forward pass without gradients."""

    #: Dotted path of the module that runs, one operation after the other.
    moments: tuple[str, ...]
    pieces: tuple[Piece, ...]


class Step(NamedTuple):
    """A step of training; all but the gradients of parameters passes for proportional to the batch."""

    saved: tuple[Kept, ...]
    moments: tuple[StepMoment, ...]
    #: Bytes of each parameter that gets a gradient.
    learning: tuple[int, ...]


def observe_pass(module: nn.Module, inputs: Arguments, dtype: str) -> Pass:
    """Run a forward pass in evaluation; arguments and errors as `observe_step`."""
    return _observe(module, inputs, dtype, training=False, run=lambda follower: follower.run_pass())


def observe_step(module: nn.Module, inputs: Arguments, dtype: str) -> Step:
    """Run a step of training.

    Args:
        module: in training with what it leaves in evaluation; one in evaluation is put into training.
        inputs: its arguments, tensors of any device.
        dtype: of its weights and of inputs that are no integers.

    Raises: TraceError: it does not run on tensors without data.
    """
    return _observe(module, inputs, dtype, training=True, run=lambda follower: follower.run_step())


def _observe(module: nn.Module, inputs: Arguments, dtype: str, *, training: bool, run: Callable[[_Follower], T]) -> T:
    floats, log = getattr(torch, dtype), logging.getLogger("torch._subclasses.fake_tensor")
    log.disabled, before = True, log.disabled  # what it says of errors is said in a sentence below
    try:
        with FakeTensorMode(allow_non_fake_inputs=True), torch.random.fork_rng([]), torch.set_grad_enabled(training):
            copy = _copy(module, floats)
            if not (training and module.training):
                copy.train(training)
            args, kwargs = tree_map_only(Tensor, partial(_without_data, floats=floats), tuple(inputs))
            return run(_Follower(copy, args, kwargs))
    except DenseScopeError:
        raise
    except Exception as error:
        raise TraceError(
            f"The memory of {type(module).__name__} cannot be followed: on tensors without data it fails with "
            f"{first_line(error)!r}."
        ) from error
    finally:
        log.disabled = before


def _copy(module: nn.Module, floats: torch.dtype) -> nn.Module:
    """The module with tensors of the CPU that have no data."""
    memo: dict[int, Any] = {}
    for part in module.modules():
        for tensor in tree_leaves(vars(part)):
            if isinstance(tensor, Tensor) and id(tensor) not in memo:
                fake = _without_data(tensor, floats)
                learns = isinstance(tensor, nn.Parameter)
                memo[id(tensor)] = nn.Parameter(fake, tensor.requires_grad) if learns else fake
    return deepcopy(module, memo)


def _without_data(tensor: Tensor, floats: torch.dtype) -> Tensor:
    return torch.empty(tensor.shape, dtype=floats if tensor.is_floating_point() else tensor.dtype)


class Seeds(torch.autograd.Function):
    """Hands each of some tensors a gradient of its own size, and keeps none of them."""

    @staticmethod
    def forward(ctx: Any, *outputs: Tensor) -> Tensor:
        ctx.likes = [(output.shape, output.dtype, output.device) for output in outputs]
        return outputs[0].new_zeros(())

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> Any:
        return tuple(torch.empty(shape, dtype=dtype, device=device) for shape, dtype, device in ctx.likes)


class _Follower(TorchDispatchMode):
    """Follows pieces of memory, each under a number of its own."""

    def __init__(self, module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._module, self._forward = module, partial(forward(module), *args, **kwargs)
        self._given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        self._running = RunningModules(module)
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
        for tensor in self._given:
            self._see(tensor)

    def run_pass(self) -> Pass:
        with self._running.followed(), self:
            result = self._forward()
            moments = [event[0] for event in self._events if isinstance(event, tuple)]
            pieces = tuple(self._intervals(len(moments) - 1))
        del result
        return Pass(tuple(moments), pieces)

    def _intervals(self, end: int) -> Iterator[Piece]:
        now, first = -1, dict[int, int]()
        for event in self._events:
            if isinstance(event, tuple):
                now += 1
            elif event not in first:
                first[event] = now + 1 if event >= len(self._given) else -1
            else:
                yield Piece(self._pieces[event][0], first.pop(event), now)
        for number, since in first.items():
            yield Piece(self._pieces[number][0], since, end)

    def run_step(self) -> Step:
        with self._running.followed(), self:
            with saved_tensors_hooks(self._save, lambda tensor: tensor):
                result = self._forward()
            loss = self._loss(result)
            del result
            self._phase = "backward"
            if loss is not None:
                loss.backward()  # type: ignore[no-untyped-call]
        gradients = [parameter.grad for parameter in self._module.parameters() if parameter.grad is not None]
        for gradient in gradients:
            self._pieces[self._see(gradient)][1] = GRADIENTS
        self._events.append(("optimizer", "optimizer"))
        learning = tuple(gradient.nbytes for gradient in gradients)
        return Step(tuple(self._saved.values()), tuple(self._step_moments()), learning)

    def _loss(self, result: Any) -> Tensor | None:
        outputs = [leaf for leaf in tree_leaves(_fields(result)) if isinstance(leaf, Tensor) and leaf.requires_grad]
        if len(outputs) == 1 and outputs[0].dim() == 2:
            return F.cross_entropy(outputs[0], torch.empty(len(outputs[0]), dtype=torch.long))
        return Seeds.apply(*outputs) if outputs else None

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **kwargs or {})
        if func is torch.ops.aten.mkldnn_rnn_layer.default and torch.is_grad_enabled():
            raise TraceError(
                f"The memory of {type(self._module).__name__} cannot be followed: {self._running.path or 'it'} is an "
                "LSTM that saves a workspace whose size oneDNN alone knows."
            )
        if func is torch.ops.aten.native_batch_norm.default:  # on a CPU, not in the order of what it reads
            result = (result[0].contiguous(memory_format=suggest_memory_format(args[0])), *result[1:])
        made, read = (
            [leaf for leaf in tree_leaves(value) if isinstance(leaf, Tensor)] for value in (result, (args, kwargs))
        )
        for tensor in made:
            self._see(tensor)
        if made and read and not func.is_view:
            self._events.append((self._place(), self._phase))
        return result

    def _place(self) -> str:
        if self._phase == "forward":
            path = self._running.path
            if not self._node_paths or self._node_paths[-1] != path:
                self._nodes.append(torch._C._autograd._get_sequence_nr())
                self._node_paths.append(path)
            return path
        node = torch._C._current_autograd_node()
        if node is None:
            return next((event[0] for event in reversed(self._events) if isinstance(event, tuple)), "")
        return self._node_paths[max(0, bisect_right(self._nodes, node._sequence_nr()) - 1)]

    def _see(self, tensor: Tensor) -> int:
        storage, key = tensor.untyped_storage(), _key(tensor)
        if key in self._own:
            return -1
        if key not in self._numbers:
            number = self._numbers[key] = len(self._pieces)
            self._pieces.append([storage.nbytes(), BATCH])
            self._events.append(number)
            weakref.finalize(storage, self._release, key).atexit = False
        return self._numbers[key]

    def _release(self, key: int) -> None:
        self._events.append(self._numbers.pop(key))

    def _save(self, tensor: Tensor) -> Tensor:
        number = self._see(tensor)
        if number >= 0 and number not in self._saved:
            self._saved[number] = Kept(self._running.path, self._pieces[number][0])
        return tensor.detach()  # else an output that is saved would hold the node that saves it

    def _step_moments(self) -> Iterator[StepMoment]:
        live, alive = [0, 0, 0], set[int]()
        for event in self._events:
            if isinstance(event, tuple):
                yield StepMoment(*event, *live)
            else:
                nbytes, share = self._pieces[event]
                live[share] += -nbytes if event in alive else nbytes
                alive ^= {event}


def _fields(result: Any) -> Any:
    """What is in a result that is an object of its own, such as a dataclass."""
    known = isinstance(result, (Tensor, tuple, list, dict)) or not hasattr(result, "__dict__")
    return result if known else vars(result)


def _key(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata
