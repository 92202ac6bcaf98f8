"""Concatenation, BN and ReLU in front of a convolution, without keeping their results for the backward pass.

A dense layer copies all features before it three times, and autograd keeps two of the copies, so DenseNet's memory
grows with the square of its depth. Here the backward pass makes the copies again from what is kept anyway: the
features, each shared by all layers that read it, and the statistics of the batch. No convolution runs again, and no
running statistic is updated again.

Source: Pleiss et al., Memory-Efficient Implementation of DenseNets, arXiv:1707.06990.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from archs.recompute.recomputable import cast, norm_relu_again, pays_for, running_statistics

aten = torch.ops.aten


def norm_relu_conv(features: Sequence[Tensor], norm: nn.BatchNorm2d, relu: nn.ReLU, conv: nn.Conv2d) -> Tensor:
    """`conv(relu(norm(concat(features))))`, with everything before the convolution recomputed where that pays.

    Args:
        features: each (N, c, H, W).
        norm: over the Σc channels of all features.
        conv: ungrouped.
    """
    if not pays_for(norm, relu, conv):
        x = concat(features)
        for module in (norm, relu, conv):
            x = module(x)
        return x
    weight, bias = cast(conv.weight), None if conv.bias is None else cast(conv.bias)
    output: Tensor = NormReluConv.apply(
        norm.weight, norm.bias, *running_statistics(norm), weight, bias, conv.stride, conv.padding, *features
    )
    return output


def concat(features: Sequence[Tensor]) -> Tensor:
    return features[0] if len(features) == 1 else torch.cat(list(features), 1)


class NormReluConv(torch.autograd.Function):
    """Keeps the features, two statistics a channel, and the weights."""

    @staticmethod
    def forward(
        ctx: Any,
        gamma: Tensor,
        beta: Tensor,
        running_mean: Tensor | None,
        running_var: Tensor | None,
        momentum: float,
        eps: float,
        weight: Tensor,
        bias: Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
        *features: Tensor,
    ) -> Tensor:
        y, mean, inverse_std = aten.native_batch_norm(
            concat(features), gamma, beta, running_mean, running_var, True, momentum, eps
        )
        ctx.save_for_backward(gamma, beta, mean, inverse_std, weight, *features)
        ctx.eps, ctx.stride, ctx.padding = eps, stride, padding
        ctx.bias_shape = None if bias is None else list(bias.shape)
        return F.conv2d(y.relu_().to(weight.dtype), weight, bias, stride, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        gamma, beta, mean, inverse_std, weight, *features = ctx.saved_tensors
        x = concat(features)
        y = norm_relu_again(x, gamma, beta, mean, inverse_std)
        needed = [True, ctx.needs_input_grad[6], ctx.bias_shape is not None]
        grad_y, grad_weight, grad_bias = aten.convolution_backward(
            grad, y.to(weight.dtype), weight, ctx.bias_shape, ctx.stride, ctx.padding, (1, 1), False, (0, 0), 1, needed
        )
        grad_x, grad_gamma, grad_beta = aten.native_batch_norm_backward(
            aten.threshold_backward(grad_y.to(y.dtype), y, 0),
            *(x, gamma, None, None, mean, inverse_std, True, ctx.eps, [True, True, True]),
        )
        grads = grad_x.split([feature.shape[1] for feature in features], 1)
        return grad_gamma, grad_beta, None, None, None, None, grad_weight, grad_bias, None, None, *grads
