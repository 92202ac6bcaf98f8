"""What can be analysed, whatever way it is named: registry names, configs, designs, modules, networks of libraries."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.meter import cost_layers
from analysis.ops import OPS
from archs import checks
from archs.create import create_model
from archs.described import is_described
from archs.design import Design, is_design_path, read_design
from archs.errors import ConfigError, CountMismatchError, TraceError, UnknownArchError, require, said
from archs.layer import Layer, Pair
from archs.planning import plan_layers
from archs.registry import is_config, override
from archs.resolve import resolve_config
from detectors import BackboneConfig, create_detector, is_detector_name, plan_detector, resolve_detector
from detectors.weights import described_detector

if TYPE_CHECKING:
    from torch import nn

    from analysis.trace.tracing import Trace


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


@cache
def list_detectors() -> tuple[str, ...]:
    """The detectors of torchvision, as `list_library`."""
    names = _import("torchvision").list_models(module=import_module("torchvision.models.detection"))
    return tuple(f"torchvision/{name}" for name in names)


class Input(NamedTuple):
    """What a network takes: images of a size and some channels, or what its user states."""

    image_size: int | Pair = 224
    in_channels: int | None = None
    #: As `analysis.trace.inputs.stated_inputs`; None for one image.
    stated: Any = None


def build(target: str) -> tuple[nn.Module, Input]:
    """A module without weights, and the input that it was made for.

    Raises:
        UnknownArchError: the library has no such network; it names the nearest three.
        MissingPackageError: the library is not installed.
        TraceError: the network cannot be built without weights.
    """
    library, _, name = target.partition("/")
    known = list_library(library) + (list_detectors() if library == "torchvision" else ())
    if target.split(".")[0] not in known:
        raise UnknownArchError(target, known)
    create, input_of = _BUILDERS[library]
    from analysis.trace.stand_in import Weightless

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
    arguments: dict[str, Any] = {"weights_backbone": None} if f"torchvision/{name}" in list_detectors() else {}
    if name in ("googlenet", "inception_v3"):
        arguments = {"aux_logits": False, "init_weights": False}
    return _import("torchvision").get_model(name, weights=None, **arguments)


def _torchvision_input(module: Any) -> Input:
    if resizing := getattr(module, "transform", None):  # of a detector
        return Input(resizing.fixed_size or resizing.min_size[-1], 3)
    return Input(299 if type(module).__name__ == "Inception3" else 224, 3)


_BUILDERS: dict[str, tuple[Callable[[str], Any], Callable[[Any], Input]]] = {
    "timm": (_create_timm, _timm_input),
    "torchvision": (_create_torchvision, _torchvision_input),
}


def _import(library: str) -> Any:
    purpose, package = f"{library}/…", f"torch {library}"
    require("torch", purpose, package)
    return require("timm" if library == "timm" else "torchvision.models", purpose, package)


@dataclass(frozen=True)
class Target:
    """A network to analyse: a config of the registry, or a module from elsewhere."""

    name: str
    config: Any = None
    module: nn.Module | None = None
    #: What a module takes, as far as its library or its user says.
    module_input: Input = field(default_factory=Input)
    #: What becomes of a trace that the second witness does not confirm: an error (True), a note ("warn"); False to do
    #: without a witness.
    verify: bool | str = True
    #: What fills the module of the config, as `create_model` takes it; None for random ones.
    weights: str | PathLike[str] | None = None
    #: A network of the registry as a backbone, alone or in a detector; it stands in place of `config`.
    detector: BackboneConfig | None = None

    @property
    def planned(self) -> Any:
        """What a layer plan is made of: the network's config, or the detector's; None for other modules."""
        return self.detector if self.config is None else self.config

    @property
    def family(self) -> str | None:
        """The family in the registry, None for other networks."""
        return None if self.config is None else self.config.family

    @property
    def network(self) -> Any:
        """The config of the network itself, also where it is a backbone; None for modules from elsewhere."""
        return self.config if self.detector is None else self.detector.backbone

    def with_network(self, **fields: Any) -> Target:
        """The same with other fields of the network. Raises: UnknownFieldError, ConfigError."""
        network = override(self.network, **fields)
        if self.detector is None:
            return replace(self, config=network)
        return replace(self, detector=replace(self.detector, backbone=network))

    @property
    def is_detector(self) -> bool:
        """Whether it finds boxes: of the registry with a neck and a head, or of torchvision."""
        if self.detector is not None:
            return self.detector.kind != BackboneConfig.kind
        return self.module is not None and self.name.startswith("torchvision/") and self.name in list_detectors()

    @property
    def left_out(self) -> str:
        """What the figures of a planned network leave out, in a sentence without its full stop; "" for nothing."""
        return "" if self.detector is None else self.detector.left_out

    @property
    def image_size(self) -> int | Pair:
        """The size that the network was made for."""
        return self.module_input.image_size if self.planned is None else self.planned.image_size

    @property
    def best_route(self) -> str:
        """The plan of a config; the trace of a module, which may have been changed since it was built."""
        return "trace" if self.planned is None or self.module is not None else "plan"

    def as_backbone(self, out_indices: int | Sequence[int] | None = None) -> Target:
        """The network without its head, up to the deepest of some maps, as `archs.create_backbone` counts them.

        Raises: ConfigError: it is no network of the registry, or has no such maps.
        """
        if self.config is None or self.module is not None:
            raise ConfigError("head", False, f"True for {self.name}: only networks of the registry are taken apart")
        backbone = BackboneConfig(backbone=self.config, out_indices=out_indices, image_size=self.config.image_size)
        return Target(f"{BackboneConfig.kind}/{self.name}", detector=backbone)

    def own_layers(self) -> list[Layer]:
        """The layers at the network's own image size and batch 1."""
        return self.layers(checks.image_size(self.image_size), 1, self.best_route)

    def layers(self, image_size: Pair, batch_size: int, route: str) -> list[Layer]:
        """The layers by one of the two routes, "plan" or "trace".

        Raises:
            ConfigError: the plan of a network that is not in the registry; a size that does not suit the network.
            TraceError, CountMismatchError, MissingPackageError: the module cannot be traced here.
        """
        if route == "plan":
            if self.planned is None:
                raise ConfigError("route", route, f'"trace" or "auto" for {self.name}, which has no layer plan')
            return plan_of(self.planned, image_size, batch_size)
        return self.trace(image_size, batch_size).layers

    def trace(self, image_size: Pair, batch_size: int, *, training: bool = False) -> Trace:
        """The module's forward pass, counted a second time by PyTorch's dispatcher if it is no network of ours.

        Raises:
            TraceError, MissingPackageError: the module cannot be traced here.
            CountMismatchError: the second witness does not confirm it.
        """
        module = self.without_weights()
        from analysis.trace.stand_in import stand_in
        from analysis.trace.tracing import record

        copy = module if self.module is None else stand_in(module)
        found = record(
            copy,
            image_size,
            batch_size,
            self.module_input.in_channels,
            stated=self.module_input.stated,
            training=training,
        )
        if self.module is None or not self.verify or training:
            return replace(found, verified=self.module is None)
        from analysis.trace.witness import doubt

        costs = cost_layers(found.layers, allow_uncounted=True)
        if any(layer.op not in OPS for layer in found.layers):  # the meter refuses it, or its user allows it
            return found
        reason = doubt(module, found, [cost.cost.macs for cost in costs])
        if reason and self.verify != "warn":
            raise CountMismatchError(f'{reason}; verify="warn" lists the trace\'s count with that note.')
        return replace(found, verified=not reason, doubt=reason)

    def stating(self, input: Any = None, in_channels: int | None = None, verify: bool | str = True) -> Target:
        """The same, with what the user says of its input and of the second witness; as `analysis.summarize`.

        Raises: ConfigError: not allowed, or an input for a network whose input is known.
        """
        verify = checks.plain(verify)
        if not (type(verify) is bool or checks.word(verify) == "warn"):
            raise ConfigError("verify", verify, 'True, False or "warn"')
        if in_channels is not None:
            in_channels = checks.integer("in_channels", in_channels, 1, 2**20)
        if input is None and in_channels is None:
            return replace(self, verify=verify)
        if self.module is None:
            field = "input" if in_channels is None else "in_channels"
            given = in_channels if input is None else input
            raise ConfigError(field, given, f"left out for {self.name}, whose config says what it takes")
        stated = self.module_input._replace(stated=input)
        return replace(self, module_input=stated._replace(in_channels=in_channels or stated.in_channels), verify=verify)

    def without_weights(self) -> nn.Module:
        """The module itself, or one built of the config without weights.

        Raises:
            MissingPackageError: torch is not installed.
        """
        if self.module is not None:
            return self.module
        require("torch", "Building a module")
        from analysis.trace.stand_in import Weightless

        with Weightless():
            return create_model(self.config) if self.detector is None else create_detector(self.detector)


def plan_of(config: Any, image_size: int | Pair | None = None, batch_size: int = 1) -> list[Layer]:
    """The layer plan of a network's config or of a detector's. Raises: ConfigError: the size does not suit it."""
    plan = plan_detector if isinstance(config, BackboneConfig) else plan_layers
    return plan(config, image_size, batch_size)


def resolve_target(target: Any, /, **overrides: Any) -> Target:
    """Make a `Target` of whatever stands for a network.

    That is a registered name, a config, a design or its file, "run:NAME" or a .safetensors file that says what it is
    of; one of these as a backbone or in a detector, "backbone/NAME" or "retinanet/NAME" (`detectors`); an
    `nn.Module`, or a library's name. Overrides change fields of the config.

    >>> resolve_target("densenet121", growth_rate=24).name
    'densenet121 (growth_rate=24)'

    Raises:
        UnknownArchError: no such name; it names the nearest three.
        ConfigError, UnknownFieldError: something that cannot be analysed, or an override that is not allowed.
    """
    if isinstance(target, Target):
        return target
    target = checks.word(target) or target  # past what a class of its own may make of a name
    if design := described_detector(target):
        detector = resolve_detector(design.config, **overrides)
        return Target(_label(str(target), overrides), detector=detector, weights=target)
    if is_described(target):
        return Target(_label(str(target), overrides), resolve_config(target, **overrides), weights=target)
    if is_design_path(target):
        target = read_design(target)
    if isinstance(target, Design):
        return Target(_label(target.name, overrides), resolve_config(target.config, **overrides))
    if isinstance(target, str) and is_library_name(target):
        if overrides:
            raise ConfigError("overrides", overrides, f"empty for {target}, which has no config")
        return Target(target, None, *build(target))
    if is_detector_name(target) or isinstance(target, BackboneConfig):
        detector = resolve_detector(target, **overrides)
        return Target(_label(target if isinstance(target, str) else detector.name, overrides), detector=detector)
    if isinstance(target, str):
        return Target(_label(target, overrides), resolve_config(target, **overrides))
    if is_config(target):
        name = type(target).__name__.removesuffix("Config")
        return Target(_label(name, overrides), resolve_config(target, **overrides))
    if _is_module(target):
        config = checks.attribute(target, "config")
        return Target(type(target).__name__, config if is_config(config) else None, target)
    named = "'retinanet/NAME', 'timm/NAME' or 'torchvision/NAME'"
    allowed = f"a registered name, a config, a design file, a run, an nn.Module, {named}"
    raise ConfigError("target", target, allowed)


def _is_module(value: Any) -> bool:
    """Whether a value is an `nn.Module`: where there is one, torch is there."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _label(name: str, overrides: dict[str, Any]) -> str:
    changes = ", ".join(f"{field}={said(value)}" for field, value in overrides.items())
    return f"{name} ({changes})" if changes else name
