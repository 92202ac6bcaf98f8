"""Dense blocks whose layers write into one buffer, so that no feature is copied more than once.

Layer i of a plain block copies the features of all layers before it; here it reads them where they are. That pays only
if the batch norm in front, which reads a part of the buffer, is a multiply-add: torch's own is slow on such views.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from analysis.optimize.norms import MultiplyAdd, has_hooks

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
        type(block).__name__.strip("_") == "DenseBlock"
        and isinstance(block, nn.ModuleDict)
        and len(block) > 0
        and all(_is_dense_layer(layer) for layer in block.values())
    )


def _is_dense_layer(layer: nn.Module) -> bool:
    parts = dict(layer.named_children())
    return (
        type(layer).__name__.strip("_") == "DenseLayer"
        and list(parts) in LAYER_PARTS
        and isinstance(parts["norm1"], MultiplyAdd)
        and not has_hooks(layer)  # they would not run any more
    )
