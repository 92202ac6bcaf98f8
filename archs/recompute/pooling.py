"""Pooling that keeps no input, of which the backward pass needs the shape alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

aten = torch.ops.aten


def pool2d(x: Tensor, pool: nn.AvgPool2d | nn.MaxPool2d) -> Tensor:
    """`pool(x)`, (N, C, H, W) to (N, C, h, w), with nothing kept but the index of each maximum.

    Args:
        x: of any origin.
        pool: one size both ways; an average of unpadded windows side by side.
    """
    if not (pool.training and torch.is_grad_enabled()):
        return pool(x)
    output: Tensor
    if isinstance(pool, nn.AvgPool2d):
        output = AveragePool.apply(x, pool.kernel_size)
    else:
        output, _ = MaxPool.apply(x, pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode)
    return output


class AveragePool(torch.autograd.Function):
    """Keeps the shape of its input."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int) -> Tensor:
        ctx.shape, ctx.size = x.shape, size
        return F.avg_pool2d(x, size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        size = ctx.size
        x = grad.new_empty(ctx.shape)
        return aten.avg_pool2d_backward(grad, x, [size, size], [size, size], [0, 0], False, True, None), None


class MaxPool(torch.autograd.Function):
    """Keeps the shape of its input and the indices, which it gives too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int, stride: int, padding: int, ceil_mode: bool) -> tuple[Tensor, Tensor]:
        ctx.shape, ctx.window = x.shape, ([size] * 2, [stride] * 2, [padding] * 2, [1, 1], ceil_mode)
        y, indices = aten.max_pool2d_with_indices(x, *ctx.window)
        ctx.save_for_backward(indices)
        ctx.mark_non_differentiable(indices)
        return y, indices

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        (indices,) = ctx.saved_tensors
        grad_x = aten.max_pool2d_with_indices_backward(grad, grad.new_empty(ctx.shape), *ctx.window, indices)
        return grad_x, None, None, None, None
