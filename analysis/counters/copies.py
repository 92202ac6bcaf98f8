"""Copies of a module for counters to waste."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn

from archs.errors import TraceError


def blank_copy(module: nn.Module) -> nn.Module:
    """A copy in inference mode whose weights are on the meta device: no values, no memory, nothing shared.

    Raises: TraceError: the module holds something that cannot be copied.
    """
    memo: dict[int, object] = {
        id(parameter): nn.Parameter(torch.empty_like(parameter, device="meta"), parameter.requires_grad)
        for parameter in module.parameters()
    }
    memo |= {id(buffer): torch.empty_like(buffer, device="meta") for buffer in module.buffers()}
    try:
        return deepcopy(module, memo).eval()
    except Exception as error:
        raise TraceError(f"{type(module).__name__} cannot be copied for a counter: {error}.") from error
