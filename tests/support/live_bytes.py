"""What a forward pass really holds: every allocation and every release of memory, as PyTorch makes them."""

from __future__ import annotations

import weakref

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


def live_bytes(module, *inputs):
    """Bytes of the tensors that are alive, weights excluded, as each operation of a module ends."""
    with torch.no_grad(), LiveBytes(module, *inputs) as mode:
        module(*inputs)
    return mode.timeline


class LiveBytes(TorchDispatchMode):
    """Follows storages; views and operations that read no tensor are no moments of their own."""

    def __init__(self, module, *inputs, fixed=()):
        super().__init__()
        self.sizes = {storage_of(tensor): 0 for tensor in (*module.parameters(), *module.buffers(), *fixed)}
        self.live, self.timeline = 0, []
        for tensor in inputs:
            self.see(tensor)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.index_add.default:  # of `index_select`, backward: in place where no mode looks on
            func = torch.ops.aten.index_add_.default
        result = func(*args, **kwargs or {})
        # Meta's batch norm makes statistics at inference, which real devices do not.
        on_meta_alone = "batch_norm" in func.__name__ and "backward" not in func.__name__ and result[0].is_meta
        for tensor in tree_leaves(result[:1] if on_meta_alone else result):
            if isinstance(tensor, Tensor):
                self.see(tensor)
        if not func.is_view and any(isinstance(arg, Tensor) for arg in tree_leaves(args)):
            self.timeline.append(self.live)
        return result

    def see(self, tensor):
        storage, key = tensor.untyped_storage(), storage_of(tensor)
        if key not in self.sizes:
            self.sizes[key] = storage.nbytes()
            self.live += storage.nbytes()
            weakref.finalize(storage, self.free, key)

    def free(self, key):
        self.live -= self.sizes.pop(key)


def storage_of(tensor):
    """What tells the memory of a tensor from that of others alive at the same time."""
    return tensor.untyped_storage()._cdata
