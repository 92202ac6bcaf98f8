"""What a module is run on: what its user states, or else images of the channels that it turns out to take."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from archs import checks
from archs.config import NetworkConfig
from archs.errors import ConfigError, TraceError
from archs.layer import Pair, Shape

_ALLOWED = "a shape such as (1, 3, 224, 224), a tensor, a (shape, dtype), or a tuple, list or dict of those"
_CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)


class Inputs(NamedTuple):
    """The arguments of one forward pass, tensors of the meta device."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def stated_inputs(module: nn.Module, stated: Any) -> Inputs:
    """The arguments that a user states.

    Args:
        stated: one tensor or shape; a tuple of several arguments; a list that is one argument; a dict of arguments by
            name, or of tensors if forward() takes one dict. Shapes stand for tensors of the module's own dtype, and
            (shape, dtype) for others.

    Raises: ConfigError: something else.
    """
    if isinstance(stated, tuple) and not stated:
        raise ConfigError("input", stated, _ALLOWED)
    if isinstance(stated, dict):
        tensors = {name: _tensor(module, value) for name, value in stated.items()}
        names = inspect.signature(module.forward).parameters
        return Inputs((), tensors) if tensors.keys() <= names.keys() else Inputs((tensors,), {})
    if isinstance(stated, tuple) and not (_is_shape(stated) or _is_typed_shape(stated)):
        return Inputs(tuple(_tensor(module, value) for value in stated), {})
    return Inputs((_tensor(module, stated),), {})


def image_inputs(
    module: nn.Module, image_size: Pair, batch_size: int, in_channels: int | None = None
) -> Iterator[Inputs]:
    """Images of (N, C, H, W) that a module may take: of the stated channels, or of one number after the other.

    Raises: TraceError: forward() needs more than an image.
    """
    required = [
        name
        for name, parameter in inspect.signature(module.forward).parameters.items()
        if parameter.default is parameter.empty and parameter.kind < parameter.VAR_POSITIONAL
    ]
    if len(required) > 1:
        raise TraceError(
            f"{type(module).__name__} takes {len(required)} inputs ({', '.join(required)}): state them with input=, as "
            f"in input=({', '.join(['(1, 3, 224, 224)'] * len(required))})."
        )
    for channels in [in_channels] if in_channels else _likely_channels(module, image_size):
        yield Inputs((torch.empty((batch_size, channels, *image_size), dtype=_dtype(module), device="meta"),), {})


def _likely_channels(module: nn.Module, image_size: Pair) -> list[int]:
    parts, config = list(module.modules()), checks.attribute(module, "config")
    told = [config.in_channels] if isinstance(config, NetworkConfig) else []
    convs = [part.in_channels for part in parts if isinstance(part, _CONVOLUTIONS)]
    pixels = image_size[0] * image_size[1]
    flat = [part.in_features // pixels for part in parts if isinstance(part, nn.Linear)][:1]
    norms = [part.num_features for part in parts if isinstance(part, nn.BatchNorm2d)][:1]
    return [channels for channels in dict.fromkeys((*told, *convs[:1], 3, 1, *flat, *norms, *convs[1:8])) if channels]


def shapes_of(inputs: Inputs) -> tuple[Shape, ...]:
    """Shapes of all tensors, in order."""
    from analysis.trace.stand_in import tensors_in

    return tuple(tuple(tensor.shape) for tensor in tensors_in((inputs.args, inputs.kwargs)))


def _tensor(module: nn.Module, stated: Any) -> Any:
    if isinstance(stated, Tensor):
        return torch.empty_like(stated, device="meta", requires_grad=False)
    if _is_shape(stated):
        return torch.empty(tuple(map(int, stated)), dtype=_dtype(module), device="meta")
    if _is_typed_shape(stated):
        shape, dtype = stated
        dtype = getattr(torch, dtype, None) if isinstance(dtype, str) else dtype
        if isinstance(dtype, torch.dtype):
            return torch.empty(tuple(map(int, shape)), dtype=dtype, device="meta")
    if isinstance(stated, (list, tuple)) and stated:
        return type(stated)(_tensor(module, value) for value in stated)
    if isinstance(stated, dict):
        return {name: _tensor(module, value) for name, value in stated.items()}
    raise ConfigError("input", stated, _ALLOWED)


def _is_shape(stated: Any) -> bool:
    return isinstance(stated, tuple) and bool(stated) and all(type(side) is not bool and _side(side) for side in stated)


def _side(side: Any) -> bool:
    return hasattr(side, "__index__") and not isinstance(side, Tensor) and int(side) >= 0


def _is_typed_shape(stated: Any) -> bool:
    return (
        isinstance(stated, tuple)
        and len(stated) == 2
        and _is_shape(stated[0])
        and isinstance(stated[1], (str, torch.dtype))
    )


def _dtype(module: nn.Module) -> torch.dtype:
    """That of the module's weights."""
    floats = (parameter.dtype for parameter in module.parameters() if parameter.is_floating_point())
    return next(floats, torch.get_default_dtype())
