"""What PyTorch's autograd keeps of a real module, to hold the accounting against."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from analysis.targets import resolve_target
from archs.config import NetworkConfig
from tests.support.live_bytes import storage_of


def build(target, device="meta", dtype=torch.float32):
    """The module behind a target, without weights that mean anything."""
    return resolve_target(target).without_weights().to_empty(device=device).to(dtype)


def images_for(model: nn.Module, batch_size: int, size) -> Tensor:
    """(N, C, H, W) on the device and of the dtype of a network."""
    weight, config = next(model.parameters()), getattr(model, "config", None)
    channels = config.in_channels if isinstance(config, NetworkConfig) else weight.shape[1]
    height, width = (size, size) if isinstance(size, int) else size
    return torch.zeros(batch_size, channels, height, width, device=weight.device, dtype=weight.dtype)


def saved_bytes(model: nn.Module, *inputs: Tensor) -> int:
    """Bytes of the distinct storages that a forward pass saves for the backward pass, those of the module excluded."""
    own = {storage_of(tensor) for tensor in (*model.parameters(), *model.buffers())}
    kept = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[storage_of(tensor)] = tensor
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(*inputs)  # alive until the count is taken, so that no storage is reused
    del output
    return sum(tensor.untyped_storage().nbytes() for key, tensor in kept.items() if key not in own)
