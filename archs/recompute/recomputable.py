"""A tensor on its way through a network, together with what the backward pass can make it of again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
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
