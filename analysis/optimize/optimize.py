"""`optimize_for_inference`: a copy of a network that computes the same with fewer operations and less traffic."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from functools import partial
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from analysis.optimize.observe import READ_ELSEWHERE, SHARED, watch
from analysis.optimize.rewrite import NORM_WITH_ACT, has_hooks, rewrite_network
from analysis.optimize.saving import Report, foldable_norms, other_scalings
from analysis.optimize.verify import Reference, random_images, tensors_in
from analysis.trace.tracing import trace
from archs import checks
from archs.errors import ConfigError, DenseScopeError, first_line
from archs.layer import INPUT, Pair, Shape

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
        DenseScopeError: not a module, weights without values, a module that cannot be copied, traced or compiled, or
            a copy whose outputs differ on random images of two sizes; in one sentence.
    """
    check_module(model)
    model = checks.attribute(model, "_orig_mod", model)  # what torch.compile has wrapped
    fold_bn = checks.boolean("fold_bn", fold_bn)
    channels_last = checks.boolean("channels_last", channels_last)
    compile = checks.plain(compile)
    if not isinstance(compile, (bool, str)):
        raise ConfigError("compile", compile, "True, False or the name of a backend of torch.compile")
    size = checks.image_size(own_image_size(model) if image_size is None else image_size)
    result: Network = inference_copy(model)
    seen = ForwardPass(deepcopy(result), size)  # which may write to it
    folded, kept = seen.foldable() if fold_bn else ({}, dict.fromkeys(seen.norms, "fold_bn is off"))
    reference = Reference(result, seen.images) if folded or channels_last else None
    fault = ""
    for layout in dict.fromkeys((channels_last, False)):
        norms = [name for name in kept if layout and fold_bn and seen.obstacle(name) is None]
        rewrite = partial(rewrite_network, folded=folded, norms=norms, channels_last=layout, blocks=not compile)
        without_layout, fault = fault, reference.fault(rewrite) if reference else ""
        if not fault:
            break
    else:
        raise DenseScopeError(f"{type(model).__name__} cannot be optimised: {fault}; fold_bn=False leaves it as it is.")
    preallocated = rewrite(result)
    result.report = Report(  # type: ignore[assignment]
        *(type(model).__name__, folded, kept, norms, preallocated, layout, bool(compile)),
        others=other_scalings(seen.layers) if fold_bn else {},
        without_layout=without_layout,
    )
    result.train = RefuseTraining(result)  # type: ignore[method-assign, assignment]
    if compile:
        compile_at_once(result, seen.image_shape, "inductor" if compile is True else compile)
    return result


def check_module(model: Any) -> None:
    """Raises: ConfigError: not a module, or one without values in its weights."""
    if not isinstance(model, nn.Module):
        raise ConfigError("model", model, "an nn.Module such as archs.create_model('densenet121')")
    if any(isinstance(module, torch.jit.ScriptModule) for module in model.modules()):
        raise ConfigError("model", type(model).__name__, "the module in Python from which TorchScript was compiled")
    if any(isinstance(parameter, UninitializedParameter) for parameter in model.parameters()):
        raise ConfigError("model", type(model).__name__, "run once, so that its lazy layers know their sizes")
    if any(tensor.is_meta for tensor in (*model.parameters(), *model.buffers())):
        raise ConfigError("model", type(model).__name__, "built with weights, not on the meta device")


def inference_copy(model: Network) -> Network:
    """A copy of a module in inference mode, without gradients.

    Raises: DenseScopeError: it holds something that cannot be copied, such as a lock.
    """
    values = [value for module in model.modules() for key, value in vars(module).items() if key != "_modules"]
    computed = [tensor for tensor in tensors_in(values) if not tensor.is_leaf]  # by weight norm, say
    try:
        copy = deepcopy(model, {id(tensor): tensor.detach().clone() for tensor in computed})
        return copy.eval().requires_grad_(False)
    except Exception as error:
        raise DenseScopeError(f"{type(model).__name__} cannot be copied: {first_line(error)!r}.") from error


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
        raise DenseScopeError(f"{type(module).__name__} cannot be compiled: {first_line(error)!r}.") from error


class ForwardPass:
    """The layers of a forward pass, and how its modules take part in it."""

    def __init__(self, model: nn.Module, image_size: Pair) -> None:
        """Trace a module. Raises: TraceError: its forward pass fails on shapes alone."""
        self.modules = dict(model.named_modules())
        self._owners = Counter(
            id(parameter) for module in self.modules.values() for parameter in module.parameters(recurse=False)
        )
        self.layers = trace(model, image_size)
        #: Random images of the image size, and of others.
        self.images = random_images(model, self.image_shape)
        self._passes = watch(model, self.images)

    @property
    def norms(self) -> list[str]:
        """The batch norms, in execution order."""
        return [layer.name for layer in self.layers if layer.op == "batch_norm"]

    @property
    def image_shape(self) -> Shape:
        """(1, C, H, W) of the images."""
        readers = [layer for layer in self.layers if INPUT in layer.inputs]
        if not readers:
            raise DenseScopeError("The network reads no image: there is nothing to make faster.")
        return readers[0].input_shapes[readers[0].inputs.index(INPUT)]

    def foldable(self) -> tuple[dict[str, str], dict[str, str]]:
        """As `foldable_norms`, of the modules that the layers stand for."""
        convs, reasons = foldable_norms(self.layers)
        folded = {}
        for norm, conv in convs.items():
            if reason := self.obstacle(norm) or self.obstacle(conv) or self._parted(norm, conv):
                reasons[norm] = reason
            else:
                folded[norm] = self._module_name(conv)
        return folded, {norm: reasons[norm] for norm in self.norms if norm in reasons}

    def _parted(self, norm: str, conv: str) -> str | None:
        """Why a batch norm and its convolution do not always run together, None if they do."""
        for each in self._passes:
            conv = self._module_name(conv)
            if each.obstacles.get(conv) or each.calls[norm] != each.calls[conv]:
                return each.obstacles.get(conv, READ_ELSEWHERE)
            if each.calls[norm] and each.sources[norm] != conv:
                return "it reads its convolution in another shape"
        return None

    def _module_name(self, layer: str) -> str:
        """The module behind a layer: the trace gives its further layers numbers."""
        return layer if layer in self.modules else re.sub(r"_\d+$", "", layer)

    def obstacle(self, name: str) -> str | None:
        """Why the convolution or batch norm behind a layer may not be rewritten, None if it may."""
        name = self._module_name(name)
        module = self.modules.get(name)
        if module is None:
            return "it is not the work of one module"
        kind = type(module)
        if kind not in (nn.Conv2d, nn.BatchNorm2d) and kind.__name__ != NORM_WITH_ACT:
            return f"{kind.__name__} is no plain Conv2d or BatchNorm2d"
        if has_hooks(module):
            return f"its {kind.__name__} has hooks"
        shared = any(self._owners[id(parameter)] > 1 for parameter in module.parameters(recurse=False))
        if shared or any(each.calls[name] > 1 or each.obstacles.get(name) == SHARED for each in self._passes):
            return SHARED
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is None:
            return "it takes the statistics of each batch"
        return None
