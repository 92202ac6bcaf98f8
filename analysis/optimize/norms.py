"""Taking batch norms out of a module: into the convolution before them, or into one multiply-add."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

#: timm's batch norm with dropout and activation built in; known by name, so that timm is not needed.
NORM_WITH_ACT = "BatchNormAct2d"


class MultiplyAdd(nn.Module):
    """A batch norm with fixed statistics: `scale · x + shift` for each channel, (N, C, H, W) to the same shape."""

    def __init__(self, norm: Any) -> None:
        super().__init__()
        terms = (norm.running_mean, norm.running_var, norm.weight, norm.bias)
        mean, variance, gamma, beta = map(_double, terms)
        scale = torch.rsqrt(variance + norm.eps) * (1 if gamma is None else gamma)
        shift = (0 if beta is None else beta) - mean * scale
        dtype = norm.running_mean.dtype
        self.scale, self.shift = (
            nn.Parameter(values.to(dtype).reshape(1, -1, 1, 1), requires_grad=False) for values in (scale, shift)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.shift, x, self.scale)


def fold_norms(model: nn.Module, convs: Mapping[str, str]) -> None:
    """Fold batch norms into convolutions; both by name, batch norms as keys."""
    for norm, conv in convs.items():
        fold(model.get_submodule(conv), model.get_submodule(norm))
        replace(model, norm, nn.Identity())


def replace_by_multiply_adds(model: nn.Module, norms: Iterable[str]) -> None:
    """Put multiply-adds in place of batch norms, by name."""
    for norm in norms:
        replace(model, norm, MultiplyAdd(model.get_submodule(norm)))


def fold(conv: Any, norm: Any) -> None:
    """Rescale the weights of a convolution so that it computes what the batch norm after it did; in double precision.

    Source: torch.nn.utils.fusion.fuse_conv_bn_weights.
    """
    terms = (conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.weight, norm.bias)
    weight, bias, mean, variance, gamma, beta = map(_double, terms)
    fused = fuse_conv_bn_weights(weight, bias, mean, variance, norm.eps, gamma, beta)
    dtype = conv.weight.dtype
    conv.weight, conv.bias = (nn.Parameter(term.to(dtype), requires_grad=False) for term in fused)


def replace(model: nn.Module, name: str, by: nn.Module) -> None:
    """Put another module in place of a batch norm; what a batch norm with activation does beside stays."""
    norm: Any = model.get_submodule(name)
    if type(norm).__name__ == NORM_WITH_ACT:
        by = nn.Sequential(OrderedDict(norm=by, drop=norm.drop, act=norm.act))
    model.set_submodule(name, by)


def _double(term: Tensor | None) -> Any:
    return None if term is None else term.double()


def has_hooks(module: nn.Module) -> bool:
    """Whether code of others runs before or after a module, and may see or change what passes."""
    return bool(module._forward_hooks or module._forward_pre_hooks)
