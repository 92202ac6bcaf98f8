"""Networks of other libraries, built without weights and without a network connection: timm and torchvision."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from archs.errors import MissingPackageError, TraceError, UnknownArchError
from archs.layer import Pair

if TYPE_CHECKING:
    from torch import nn

LIBRARIES = ("timm", "torchvision")


def is_library_name(name: str) -> bool:
    """Whether a target is written `timm/NAME` or `torchvision/NAME`."""
    return name.partition("/")[0] in LIBRARIES and "/" in name


@cache
def list_library(library: str) -> tuple[str, ...]:
    """The image classifiers of a library, as targets `library/NAME`, in natural order.

    Raises:
        MissingPackageError: the library is not installed.
    """
    package = _import(library)
    names = (
        package.list_models() if library == "timm" else package.list_models(module=import_module("torchvision.models"))
    )
    return tuple(f"{library}/{name}" for name in names)


class Input(NamedTuple):
    """What a network takes: the size of its images, and their channels."""

    image_size: int | Pair = 224
    in_channels: int | None = None


def build(target: str) -> tuple[nn.Module, Input]:
    """A module without weights, and the input that it was made for.

    Raises:
        UnknownArchError: the library has no such network; it names the nearest three.
        MissingPackageError: the library is not installed.
        TraceError: the network cannot be built without weights.
    """
    library, _, name = target.partition("/")
    if target.split(".")[0] not in list_library(library):
        raise UnknownArchError(target, list_library(library))
    create, input_of = _BUILDERS[library]
    from analysis.weightless import Weightless

    try:
        with Weightless():
            module = create(name)
    except Exception as error:
        raise TraceError(f"{target} cannot be built without weights: {error}.") from error
    return module.eval(), input_of(module)


def _create_timm(name: str) -> Any:
    return _import("timm").create_model(name, pretrained=False)


def _timm_input(module: Any) -> Input:
    channels, height, width = module.default_cfg.get("input_size") or (3, 224, 224)
    return Input(height if height == width else (height, width), channels)


def _create_torchvision(name: str) -> Any:
    arguments = {"aux_logits": False, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    return _import("torchvision").get_model(name, weights=None, **arguments)


def _torchvision_input(module: Any) -> Input:
    return Input(299 if type(module).__name__ == "Inception3" else 224, 3)


_BUILDERS: dict[str, tuple[Callable[[str], Any], Callable[[Any], Input]]] = {
    "timm": (_create_timm, _timm_input),
    "torchvision": (_create_torchvision, _torchvision_input),
}


def _import(library: str) -> Any:
    try:
        import torch  # noqa: F401

        return import_module("timm" if library == "timm" else "torchvision.models")
    except ModuleNotFoundError:
        package = "torch torchvision" if library == "torchvision" else "torch timm"
        raise MissingPackageError(f"{library}/…", package) from None
