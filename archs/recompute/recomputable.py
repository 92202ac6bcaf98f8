"""A tensor on its way through a network, together with what the backward pass can make it of again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple

import torch
from torch import Tensor

from archs.recompute.batch_norm import norm_relu_again

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
