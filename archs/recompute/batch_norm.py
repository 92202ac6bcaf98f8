"""What both kinds of recomputation ask of a batch norm."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def pays_for(norm: nn.Module) -> bool:
    """Whether a backward pass may follow and `norm` takes its statistics from this process's batch alone."""
    return norm.training and torch.is_grad_enabled() and type(norm) is nn.BatchNorm2d


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
