"""One forward pass of a module, watched without arithmetic: what has to be known before anything is rewritten."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from torch import nn

from analysis.optimize.rewrite import NORM_WITH_ACT, has_hooks
from analysis.optimize.saving import foldable_norms
from analysis.trace.recorder import source_of, trace
from archs.layer import INPUT, Layer, Pair, Shape


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
