"""Which registered names a config or a file of weights stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from archs.config import NetworkConfig
from archs.planning import plan_layers
from archs.registry import get_config, get_family, list_archs, list_families

Shape = tuple[int, ...]


def registered_name(config: Any) -> str | None:
    """The architecture that a config describes, whatever its classes, input channels and image size.

    >>> registered_name(get_config("densenet121", num_classes=10))
    'densenet121'
    """
    wanted = _essence(config)
    return next((name for name in list_archs() if _essence(get_config(name)) == wanted), None)


def title_of(config: Any) -> str:
    """What a sentence calls the network of a config."""
    return registered_name(config) or f"this {get_family(config.family).title}, whose fields were changed"


def _essence(config: Any) -> Any:
    """The config without what changes neither the names nor, beyond the first and last, the shapes of weights."""
    return replace(config, **{each.name: each.default for each in fields(NetworkConfig)})


def fitting_names(shapes: Mapping[str, Shape]) -> list[str]:
    """Registered architectures whose convolutions are those of a file, in any layout."""
    found = []
    for family in list_families():
        for layout in get_family(family).weights.layouts:
            kernels = {layout.rename(key): shape for key, shape in shapes.items() if len(shape) == 4}
            for name in list_archs(family=family):
                if name not in found and _same_kernels(kernels, get_config(name)):
                    found.append(name)
    return sorted(found, key=list_archs().index)


def _same_kernels(kernels: Mapping[str, Shape], config: Any) -> bool:
    """Whether the kernels are those of the config's plan, but for the channels of the image."""
    convs = [layer for layer in plan_layers(config, None) if layer.op == "conv2d"]
    if {f"{layer.name}.weight" for layer in convs} != set(kernels):
        return False
    planned = [(layer.output_shape[1], layer.input_shapes[0][1] // layer.groups, layer.kernel) for layer in convs]
    found = [(co, ci, (h, w)) for co, ci, h, w in (kernels[f"{layer.name}.weight"] for layer in convs)]
    return found[1:] == planned[1:] and found[0][::2] == planned[0][::2]
