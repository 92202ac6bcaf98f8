"""Convolution, BN, ReLU, with the convolution's output kept alone.

Of each such layer autograd keeps two tensors, BN's input and ReLU's output (the next convolution's input), and a copy
of every concatenation. Here the readers keep what ReLU's output is made of: BN's input, kept anyway, and the statistics
of the batch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from archs.recompute.recomputable import (
    Features,
    Recomputable,
    cast,
    make_again,
    may_be_read,
    norm_relu_again,
    running_statistics,
    value,
)

aten = torch.ops.aten


def norm_relu(x: Tensor, norm: nn.BatchNorm2d) -> Recomputable:
    """`relu(norm(x))` in training, (N, C, H, W)."""
    y, mean, inverse_std = NormRelu.apply(x, norm.weight, norm.bias, *running_statistics(norm))
    return Recomputable(y, ((x.detach(), norm.weight.detach(), norm.bias.detach(), mean, inverse_std),))


def conv2d(x: Features, conv: nn.Conv2d) -> Tensor:
    """`conv(x)`, (N, C, H, W) to (N, c, h, w), without keeping x where it can be made again.

    Args:
        x: features.
        conv: without a bias.
    """
    if not isinstance(x, Recomputable) or not may_be_read(conv):
        return conv(value(x))
    output: Tensor = Conv.apply(x.tensor, cast(conv.weight), (conv.stride, conv.padding, conv.groups), *x.kept)
    return output


def scale(x: Features, gate: Tensor) -> Tensor:
    """`x * gate`, (N, C, H, W) by (N, C, 1, 1), without keeping x where it can be made again."""
    output: Tensor = Scale.apply(x.tensor, gate, *x.kept) if isinstance(x, Recomputable) else x * gate
    return output


class NormRelu(torch.autograd.Function):
    """Keeps x, two statistics a channel, which it gives too, and the weights."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        gamma: Tensor,
        beta: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        momentum: float,
        eps: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        y, mean, inverse_std = aten.native_batch_norm(x, gamma, beta, running_mean, running_var, True, momentum, eps)
        ctx.save_for_backward(x, gamma, beta, mean, inverse_std)
        ctx.mark_non_differentiable(mean, inverse_std)
        ctx.eps = eps
        return y.relu_(), mean, inverse_std

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        x, gamma, beta, mean, inverse_std = ctx.saved_tensors
        y = norm_relu_again(x, gamma, beta, mean, inverse_std)
        grads = aten.native_batch_norm_backward(
            aten.threshold_backward(grad, y, 0), x, gamma, None, None, mean, inverse_std, True, ctx.eps, [True] * 3
        )
        return *grads, None, None, None, None


class Conv(torch.autograd.Function):
    """Keeps what its input can be made of again, and the weights."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, window: Any, lengths: list[int], *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(weight, *tensors)
        ctx.window, ctx.lengths = window, lengths
        stride, padding, groups = window
        return F.conv2d(x.to(weight.dtype), weight, None, stride, padding, groups=groups)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        weight, *tensors = ctx.saved_tensors
        stride, padding, groups = ctx.window
        x = make_again(ctx.lengths, tensors)
        grad_x, grad_weight, _ = aten.convolution_backward(
            *(grad, x.to(weight.dtype), weight, None, stride, padding, (1, 1), False, (0, 0), groups),
            [ctx.needs_input_grad[0], ctx.needs_input_grad[1], False],
        )
        return None if grad_x is None else grad_x.to(x.dtype), grad_weight, *[None] * (2 + len(tensors))


class Scale(torch.autograd.Function):
    """Keeps what its input can be made of again, and the gate."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, gate: Tensor, lengths: list[int], *tensors: Tensor) -> Tensor:
        ctx.save_for_backward(gate, *tensors)
        ctx.lengths = lengths
        return x * gate

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gate, *tensors = ctx.saved_tensors
        grad_gate = (grad * make_again(ctx.lengths, tensors)).sum((2, 3), keepdim=True)
        return grad * gate, grad_gate, *[None] * (1 + len(tensors))
