"""What PyTorch itself says of a module on real tensors of the CPU, and whether DenseScope says the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from math import prod
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

import analysis
from archs.errors import DenseScopeError, first_line
from tests.support.autograd import saved_bytes
from tests.support.live_bytes import live_bytes
from tests.support.random_modules import Program

aten = torch.ops.aten


def _matrix_vector(matrix: Any, vector: Any, *_: Any, **__: Any) -> int:
    return 2 * prod(matrix)


def _attention(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    return sdpa_flop_count(query, key, value)


def _recurrent_layer(x: Any, input_weight: Any, hidden_weight: Any, *_: Any, **__: Any) -> int:
    """One layer and direction of an LSTM by oneDNN: two products for each step of each sequence."""
    steps, batch, _ = x
    return 2 * steps * batch * (prod(input_weight) + prod(hidden_weight))


#: FLOPs of the products that `FlopCounterMode` has no formula for, from the shapes of their arguments.
FORMULAS: dict[Any, Callable[..., int]] = {
    aten.mv: _matrix_vector,
    aten.addmv: lambda _, matrix, vector, **__: _matrix_vector(matrix, vector),
    aten.addmm_: lambda _, first, second, **__: 2 * prod(first) * second[-1],
    aten.dot: _matrix_vector,
    aten.vdot: _matrix_vector,
    aten._scaled_dot_product_flash_attention_for_cpu: _attention,
    aten.mkldnn_rnn_layer: _recurrent_layer,
}


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def flops(module: nn.Module, *inputs: Tensor) -> int:
    """Of a forward pass in evaluation; encoder layers run as the operations that their fast path stands for."""
    with _quiet(), torch.no_grad(), FlopCounterMode(display=False, custom_mapping=dict(FORMULAS)) as counter:
        fast = torch.backends.mha.get_fastpath_enabled()
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            module.eval().requires_grad_(False)(*inputs)
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
    return counter.get_total_flops()


def saved(module: nn.Module, *inputs: Tensor) -> int:
    """Bytes of the storages that autograd saves in training, parameters and buffers excluded."""
    with _quiet():
        return saved_bytes(module.train(), *inputs)


def peak(module: nn.Module, *inputs: Tensor) -> int:
    """Most bytes alive as an operation ends, in evaluation without gradients; parameters and buffers excluded."""
    with _quiet():
        return max(live_bytes(module.eval(), *inputs), default=sum(tensor.nbytes for tensor in inputs))


@contextmanager
def _quiet() -> Any:
    with warnings.catch_warnings(action="ignore"):
        yield


#: What PyTorch says of a module and its inputs, and what DenseScope says of a module, its input stated.
FIGURES: dict[str, tuple[Callable[..., int], Callable[..., int]]] = {
    "parameters": (lambda module, *_: parameters(module), lambda *of, **how: analysis.summarize(*of, **how).params),
    "FLOPs": (flops, lambda *of, **how: analysis.summarize(*of, **how).flops),
    "saved bytes": (saved, lambda *of, **how: analysis.memory(*of, mode="training", **how).saved_bytes),
    "peak bytes": (peak, lambda *of, **how: analysis.memory(*of, **how).peak_bytes),
}


class Verdict(NamedTuple):
    """How one figure of one module came out: "equal", "refused" in a sentence, or "wrong"."""

    outcome: str
    said: str = ""


def judge(program: Program, figures: Iterable[str] = FIGURES) -> dict[str, Verdict]:
    """The verdict on figures of a module; it is wrong as well to leave the module other than it was."""
    return {figure: _verdict(program, *FIGURES[figure]) for figure in figures}


def _verdict(program: Program, asked: Callable[..., int], counted: Callable[..., int]) -> Verdict:
    try:
        expected = f"{asked(program.build(), *program.inputs()):,}"
    except Exception as error:
        expected = f"refused by PyTorch: {first_line(error)}"
    module, stated = program.build(), tuple(program.shapes.values())
    before = state(module)
    try:
        with _quiet():
            found = f"{counted(module, input=stated if len(stated) > 1 else stated[0]):,}"
        verdict = Verdict("equal") if found == expected else Verdict("wrong", f"{found}, not {expected}")
    except DenseScopeError as error:
        verdict = Verdict("refused", f"{type(error).__name__}: {error}")
    except Exception as error:
        verdict = Verdict("wrong", f"{type(error).__name__}: {error}")
    changed = [name for name, value in state(module).items() if before.get(name) != value]
    return Verdict("wrong", f"changed {', '.join(changed)}") if changed else verdict


def state(module: nn.Module) -> dict[str, Any]:
    """All that a module and its parts hold: which objects, which values, whether in training."""
    held: dict[str, Any] = {}
    for path, part in module.named_modules():
        for name, value in {**vars(part), **part._parameters, **part._buffers}.items():
            same = value if isinstance(value, (bool, int)) else id(value)
            held[f"{path}.{name}"] = (same, _values(value) if isinstance(value, Tensor) else ())
    return held


def _values(tensor: Tensor) -> tuple[Any, ...]:
    return tensor._version, tensor.requires_grad, tensor.is_meta or tensor.tolist()
