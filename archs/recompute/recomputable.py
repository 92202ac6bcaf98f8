"""Tensors on their way through a network, with what the backward pass can make them of again; pooling likewise."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

#: A tensor that is kept, alone; or x, γ, β, mean and inverse standard deviation, of which relu(norm(x)) is made.
Part = tuple[Tensor, ...]


class Recomputable(NamedTuple):
    """A tensor (N, C, H, W) for the forward pass, and the parts whose concatenation it is."""

    tensor: Tensor
    parts: tuple[Part, ...]

    @property
    def kept(self) -> tuple[list[int], *tuple[Tensor, ...]]:
        """How many tensors each part has, and all of them: what `make_again` takes, in a row for autograd to see."""
        return [len(part) for part in self.parts], *chain(*self.parts)


#: What layers take and make: tensors alone where nothing is recomputed, `nn.Module`s' and torch.fx's among them.
Features = Tensor | Recomputable


def value(x: Features) -> Tensor:
    """The tensor itself."""
    return x.tensor if isinstance(x, Recomputable) else x


def concat(features: Sequence[Features]) -> Features:
    """Features, each (N, c, H, W), to (N, Σc, H, W), recomputable if any of them is."""
    tensor = torch.cat([value(x) for x in features], 1)
    if not any(isinstance(x, Recomputable) for x in features):
        return tensor
    return Recomputable(tensor, tuple(chain(*(x.parts if isinstance(x, Recomputable) else [(x,)] for x in features))))


def make_again(lengths: Sequence[int], tensors: Sequence[Tensor]) -> Tensor:
    """The tensor (N, C, H, W) of a `Recomputable`, from what was kept."""
    parts = [tensors[start:end] for start, end in pairwise(accumulate(lengths, initial=0))]
    made = [part[0] if len(part) == 1 else norm_relu_again(*part) for part in parts]
    return made[0] if len(made) == 1 else torch.cat(made, 1)


def cast(weight: Tensor) -> Tensor:
    """A weight in the dtype that its convolution computes in: autocast's where that is on, else its own."""
    device = weight.device.type
    return weight.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else weight


def pays_for(norm: nn.Module, *others: nn.Module) -> bool:
    """Whether a backward pass may follow, `norm` takes its statistics from this process's batch alone, and it and the
    others may be read."""
    recomputed = norm.training and torch.is_grad_enabled() and isinstance(norm, nn.BatchNorm2d)
    return recomputed and all(map(may_be_read, (norm, *others)))


#: What modules are read for, and the settings that reading them takes for granted.
READ: dict[type[nn.Module], dict[str, Any]] = {
    nn.BatchNorm2d: {},
    nn.Conv2d: {"dilation": (1, 1), "padding_mode": "zeros"},
    nn.ReLU: {},
    nn.MaxPool2d: {"dilation": 1, "return_indices": False},
    nn.AvgPool2d: {"padding": 0},
}
HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


def may_be_read(module: nn.Module) -> bool:
    """Whether a module may be read instead of called: nothing of others, such as spectral norm or pruning, acts on it.

    Warns:
        UserWarning: it may not.
    """
    settings = READ.get(type(module))
    if settings is None or any(getattr(module, name) != value for name, value in settings.items()):
        reason = "is not as it was built"
    elif any(getattr(module, hooks) for hooks in HOOKS):
        reason = "has hooks"
    else:
        return True
    warnings.warn(f"A {type(module).__name__} {reason}: it runs plainly, nothing is recomputed there.", stacklevel=3)
    return False


def count_batch(norm: nn.BatchNorm2d) -> float:
    """Count a batch, and give its share in the running statistics: the momentum, or 1/n where they are averages."""
    if norm.num_batches_tracked is None:
        return 0.0
    norm.num_batches_tracked.add_(1)
    return 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum


def running_statistics(norm: nn.BatchNorm2d) -> tuple[Tensor | None, Tensor | None, float, float]:
    """Running mean and variance, the share that the batch gets in them, and ε; counts the batch."""
    return norm.running_mean, norm.running_var, count_batch(norm), norm.eps


def norm_relu_again(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, inverse_std: Tensor) -> Tensor:
    """relu(γ (x − mean) · inverse_std + β), (N, C, H, W), with the statistics that the forward pass found."""
    return F.batch_norm(x, mean, inverse_std.pow(-2), gamma, beta, eps=0.0).relu_()


aten = torch.ops.aten


def pool2d(x: Tensor, pool: nn.AvgPool2d | nn.MaxPool2d) -> Tensor:
    """`pool(x)`, (N, C, H, W) to (N, C, h, w), with nothing kept but the index of each maximum.

    Args:
        x: of any origin.
        pool: one size both ways; an average of unpadded windows side by side.
    """
    if not (pool.training and torch.is_grad_enabled() and may_be_read(pool)):
        return pool(x)
    output: Tensor
    if isinstance(pool, nn.AvgPool2d):
        output = AveragePool.apply(x, pool.kernel_size, pool.ceil_mode)
    else:
        output, _ = MaxPool.apply(x, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)
    return output


class AveragePool(torch.autograd.Function):
    """Keeps the shape of its input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, ceil_mode: bool) -> Tensor:
        ctx.shape, ctx.window = x.shape, ([size] * 2, [size] * 2, [0, 0], ceil_mode)
        return F.avg_pool2d(x, size, ceil_mode=ceil_mode)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        x = grad.new_empty(ctx.shape)
        return aten.avg_pool2d_backward(grad, x, *ctx.window, True, None), None, None


class MaxPool(torch.autograd.Function):
    """Keeps the shape of its input and the indices, which it gives too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, stride: int, padding: int, ceil_mode: bool) -> tuple[Tensor, Tensor]:
        ctx.shape, ctx.window = x.shape, ([size] * 2, [stride] * 2, [padding] * 2, [1, 1], ceil_mode)
        y, indices = aten.max_pool2d_with_indices(x, *ctx.window)
        ctx.save_for_backward(indices)
        ctx.mark_non_differentiable(indices)
        ctx.set_materialize_grads(False)  # else the indices would get a gradient of zeros, eight bytes each
        return y, indices

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved_tensors
        grad_x = aten.max_pool2d_with_indices_backward(grad, grad.new_empty(ctx.shape), *ctx.window, indices)
        return grad_x, None, None, None, None
