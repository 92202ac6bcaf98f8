"""`optimize_for_inference`: a copy of a network that computes the same with fewer operations and less traffic."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, TypeVar

import torch
from torch import nn

from analysis.optimize.observe import ForwardPass
from analysis.optimize.rewrite import fold_norms, preallocate_dense_blocks, replace_by_multiply_adds
from analysis.optimize.saving import Report
from archs import checks
from archs.errors import ConfigError, DenseScopeError
from archs.layer import Pair, Shape

Network = TypeVar("Network", bound=nn.Module)


class NotForTrainingError(DenseScopeError, RuntimeError):
    """A network that was optimised for inference is asked to train."""


def optimize_for_inference(
    model: Network,
    fold_bn: bool = True,
    channels_last: bool = True,
    compile: bool | str = False,
    *,
    image_size: int | Pair | None = None,
) -> Network:
    """A copy of a network in inference mode that gives the same outputs faster; the network itself stays as it is.

    Args:
        model: any module that takes images (N, C, H, W) and can be traced, with weights.
        fold_bn: fold each batch norm that reads one convolution, which nobody else reads, into that convolution.
        channels_last: lay weights channels last, and with them the maps. With `fold_bn`, the other batch norms become
            multiply-adds, and dense blocks write into one buffer instead of concatenating.
        compile: compile the copy with torch.compile, at once; True or the name of a backend. Dense blocks keep their
            concatenations, which a compiler merges.
        image_size: side or (h, w) of the images for which the network is traced and compiled; None for the size of
            its config, else 224. The copy takes other sizes as the network does.

    Returns:
        A network of the same class and layer names, with a `report` of what was done. Its weights take no gradients,
        and `train()` refuses.

    Raises:
        DenseScopeError: not a module, weights without values, or a module that cannot be traced or compiled, in one
            sentence.
    """
    check_module(model)
    fold_bn = checks.boolean("fold_bn", fold_bn)
    channels_last = checks.boolean("channels_last", channels_last)
    compile = checks.plain(compile)
    if not isinstance(compile, (bool, str)):
        raise ConfigError("compile", compile, "True, False or the name of a backend of torch.compile")
    size = checks.image_size(own_image_size(model) if image_size is None else image_size)
    result = deepcopy(model).eval().requires_grad_(False)
    seen = ForwardPass(result, size)
    folded, kept = seen.foldable() if fold_bn else ({}, dict.fromkeys(seen.norms, "fold_bn is off"))
    fold_norms(result, folded)
    multiply_adds, preallocated = [], []
    if channels_last:
        result.to(memory_format=torch.channels_last)
    if channels_last and fold_bn:
        multiply_adds = [name for name in kept if seen.obstacle(name) is None]
        replace_by_multiply_adds(result, multiply_adds)
    if multiply_adds and not compile:
        preallocated = preallocate_dense_blocks(result)
    result.eval()  # the modules that are new
    result.report = Report(  # type: ignore[assignment]
        type(model).__name__, folded, kept, multiply_adds, preallocated, channels_last, bool(compile)
    )
    result.train = RefuseTraining(result)  # type: ignore[method-assign, assignment]
    if compile:
        compile_at_once(result, seen.image_shape, "inductor" if compile is True else compile)
    return result


def check_module(model: Any) -> None:
    """Raises: ConfigError: not a module, or one without values in its weights."""
    if not isinstance(model, nn.Module):
        raise ConfigError("model", model, "an nn.Module such as archs.create_model('densenet121')")
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        raise ConfigError("model", type(model).__name__, "built with weights, not on the meta device")


def own_image_size(model: nn.Module) -> Any:
    """The image size of a module's config, else 224."""
    return getattr(getattr(model, "config", None), "image_size", 224)


class RefuseTraining:
    """Stands in for the `train` method of a network, which `eval` calls with False."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def __call__(self, mode: bool = True) -> nn.Module:
        if mode:
            name = type(self.network).__name__
            raise NotForTrainingError(f"This {name} was optimised for inference and cannot train: train the original.")
        return self.network


def compile_at_once(module: nn.Module, image_shape: Shape, backend: str) -> None:
    """Compile a module in place and run it, so that what goes wrong goes wrong here.

    Raises:
        DenseScopeError: torch.compile fails, for lack of a C++ compiler, say.
    """
    weight = next(module.parameters())
    image = torch.zeros(image_shape, dtype=weight.dtype, device=weight.device)
    try:
        module.compile(backend=backend)
        with torch.no_grad():
            module(image)
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise DenseScopeError(f"{type(module).__name__} cannot be compiled: {reason!r}.") from error
