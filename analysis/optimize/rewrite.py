"""What optimising rewrites: batch norms taken into convolutions, dense blocks that write into one buffer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

#: timm's batch norm with dropout and activation built in; known by name, so that timm is not needed.
NORM_WITH_ACT = "BatchNormAct2d"
#: What somebody may ask a batch norm for; what stands in its place has it too, though not as parameters.
NORM_ATTRIBUTES = (
    *("num_features", "eps", "momentum", "affine", "track_running_stats"),
    *("weight", "bias", "running_mean", "running_var", "num_batches_tracked"),
)
#: Where the dense blocks come from whose forward pass is known.
KNOWN_BLOCKS = ("archs.densenet.modules", "torchvision.models.densenet")


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

    def forward(self, input: Tensor) -> Tensor:
        return torch.addcmul(self.shift, input, self.scale)


def rewrite_network(
    model: nn.Module, folded: Mapping[str, str], norms: Sequence[str], *, channels_last: bool, blocks: bool
) -> list[str]:
    """Rewrite a network in place; the names of the dense blocks that write into one buffer.

    Args:
        folded: batch norms to fold, each with its convolution, by name.
        norms: batch norms to replace by multiply-adds.
        channels_last: whether to lay weights channels last.
        blocks: whether dense blocks behind multiply-adds may write into one buffer.
    """
    fold_norms(model, folded)
    if channels_last:
        model.to(memory_format=torch.channels_last)
    replace_by_multiply_adds(model, norms)
    preallocated = preallocate_dense_blocks(model) if norms and blocks else []
    model.eval()  # the modules that are new
    return preallocated


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
    vars(by).update({name: getattr(norm, name, None) for name in NORM_ATTRIBUTES})
    model.set_submodule(name, by)


def _double(term: Tensor | None) -> Any:
    return None if term is None else term.double()


def has_hooks(module: nn.Module) -> bool:
    """Whether code of others runs before or after a module, and may see or change what passes."""
    return bool(module._forward_hooks or module._forward_pre_hooks)


#: What a dense layer consists of, in order: DenseScope's and torchvision's names.
LAYER_PARTS = (
    ["norm1", "relu1", "conv1"],
    ["norm1", "relu1", "conv1", "norm2", "relu2", "conv2"],
)


class PreallocatedDenseBlock(nn.ModuleDict):
    """Dense layers that each append k channels to one buffer: (N, C, H, W) to (N, C + num_layers·k, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        n, channels, h, w = x.shape
        total = channels + sum(last_conv(layer).out_channels for layer in self.values())
        layout = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
        buffer = torch.empty((n, total, h, w), dtype=x.dtype, device=x.device, memory_format=layout)
        buffer[:, :channels] = x
        for layer in self.values():
            x = buffer[:, :channels]
            for part in layer.children():
                x = part(x)
            buffer[:, channels : channels + x.shape[1]] = x
            channels += x.shape[1]
        return buffer


def last_conv(layer: nn.Module) -> nn.Conv2d:
    """The convolution that makes the new features of a dense layer."""
    *_, conv = layer.children()
    assert isinstance(conv, nn.Conv2d)
    return conv


def preallocate_dense_blocks(model: nn.Module) -> list[str]:
    """Let the dense blocks of DenseScope and torchvision write into buffers; the names of those blocks.

    Only blocks whose first batch norms are multiply-adds change. Layers and their names stay.
    """
    blocks = [(name, block) for name, block in model.named_modules() if _is_dense_block(block)]
    for _, block in blocks:
        block.__class__ = PreallocatedDenseBlock
    return [name for name, _ in blocks]


def _is_dense_block(block: nn.Module) -> bool:
    return (
        type(block).__module__ in KNOWN_BLOCKS
        and type(block).__name__.strip("_") == "DenseBlock"
        and isinstance(block, nn.ModuleDict)
        and len(block) > 0
        and all(_is_dense_layer(layer) for layer in block.values())
    )


def _is_dense_layer(layer: nn.Module) -> bool:
    parts = dict(layer.named_children())
    return (
        type(layer).__module__ in KNOWN_BLOCKS
        and type(layer).__name__.strip("_") == "DenseLayer"
        and list(parts) in LAYER_PARTS
        and isinstance(parts["norm1"], MultiplyAdd)
        and not has_hooks(layer)  # they would not run any more
    )
