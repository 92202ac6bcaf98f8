"""What autocast does to a convolution, which autograd functions have to do themselves."""

from __future__ import annotations

import torch
from torch import Tensor


def cast(weight: Tensor) -> Tensor:
    """A weight in the dtype that its convolution computes in: autocast's where that is on, else its own."""
    device = weight.device.type
    return weight.to(torch.get_autocast_dtype(device)) if torch.is_autocast_enabled(device) else weight
