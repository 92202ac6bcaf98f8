"""`optimize_for_inference`: a copy of a network that computes the same with fewer operations and less traffic."""

from __future__ import annotations

import re
from collections import Counter
from copy import deepcopy
from typing import Any, TypeVar

import torch
from torch import nn

from analysis.optimize.rewrite import (
    NORM_WITH_ACT,
    fold_norms,
    has_hooks,
    preallocate_dense_blocks,
    replace_by_multiply_adds,
)
from analysis.optimize.saving import Report, foldable_norms
from analysis.trace.recorder import source_of, trace
from archs import checks
from archs.errors import ConfigError, DenseScopeError, first_line
from archs.layer import INPUT, Layer, Pair, Shape

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
        raise DenseScopeError(f"{type(module).__name__} cannot be compiled: {first_line(error)!r}.") from error


class ForwardPass:
    """The layers of a forward pass, and how its modules take part in it."""

    def __init__(self, model: nn.Module, image_size: Pair) -> None:
        """Trace a module. Raises: TraceError: its forward pass fails on shapes alone."""
        self.modules = dict(model.named_modules())
        self._hooked = {name for name, module in self.modules.items() if has_hooks(module)}
        self._calls: Counter[str] = Counter()
        #: Layers whose outputs the module returns.
        self._returned: set[str] = set()
        self._owners = Counter(
            id(parameter) for module in self.modules.values() for parameter in module.parameters(recurse=False)
        )
        self.layers = self._watch(model, image_size)

    def _watch(self, model: nn.Module, image_size: Pair) -> list[Layer]:
        def count(name: str) -> Any:
            return lambda *_: self._calls.update([name])

        def note(_: Any, __: Any, output: Any) -> None:
            self._returned.update(map(source_of, tensors_in(output)))

        hooks = [module.register_forward_pre_hook(count(name)) for name, module in self.modules.items()]
        hooks.append(model.register_forward_hook(note))
        try:
            return trace(model, image_size)
        finally:
            for hook in hooks:
                hook.remove()

    @property
    def norms(self) -> list[str]:
        """The batch norms, in execution order."""
        return [layer.name for layer in self.layers if layer.op == "batch_norm"]

    @property
    def image_shape(self) -> Shape:
        """(1, C, H, W) of the images."""
        return next(layer.input_shapes[layer.inputs.index(INPUT)] for layer in self.layers if INPUT in layer.inputs)

    def foldable(self) -> tuple[dict[str, str], dict[str, str]]:
        """As `foldable_norms`, of the modules that the layers stand for."""
        convs, reasons = foldable_norms(self.layers)
        for norm, conv in convs.items():
            reason = self.obstacle(norm) or self.obstacle(conv)
            if conv in self._returned:
                reason = "its convolution is read by other layers too"
            if reason:
                reasons[norm] = reason
        folded = {norm: conv for norm, conv in convs.items() if norm not in reasons}
        return folded, {norm: reasons[norm] for norm in self.norms if norm in reasons}

    def obstacle(self, name: str) -> str | None:
        """Why the convolution or batch norm behind a layer may not be rewritten, None if it may."""
        name = name if name in self.modules else re.sub(r"_\d+$", "", name)  # as the trace names further uses
        module = self.modules.get(name)
        if module is None:
            return "it is not the work of one module"
        kind = type(module)
        if kind not in (nn.Conv2d, nn.BatchNorm2d) and kind.__name__ != NORM_WITH_ACT:
            return f"{kind.__name__} is no plain Conv2d or BatchNorm2d"
        if name in self._hooked:
            return f"its {kind.__name__} has hooks"
        if self._calls[name] != 1 or any(
            self._owners[id(parameter)] > 1 for parameter in module.parameters(recurse=False)
        ):
            return "its weights are used more than once"
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is None:
            return "it takes the statistics of each batch"
        return None


def tensors_in(value: Any) -> list[Any]:
    """Every tensor in nested lists, tuples and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in tensors_in(item)]
    return [value]
