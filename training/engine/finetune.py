"""Training that begins with weights learned elsewhere: stages that stay as they are, and learning rates by depth.

A stage is a row of the paper's table that has weights, as `archs.network.Network.group_matcher` counts them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.meter import cost_layers
from archs.config import NetworkConfig
from archs.errors import ConfigError
from archs.planning import plan_layers
from training.recipes import Recipe

if TYPE_CHECKING:
    from torch import nn


def stages_of(config: NetworkConfig) -> list[str]:
    """The stages of a network, the stem first; without torch."""
    costs = cost_layers(plan_layers(config, None))
    return list(dict.fromkeys(cost.layer.stage for cost in costs if cost.params))


def check_freeze(config: NetworkConfig, recipe: Recipe) -> None:
    """Raises: ConfigError: a recipe freezes stages that a network does not have, or leaves nothing to learn."""
    *stages, head = stages_of(getattr(config, "backbone", config))
    if recipe.freeze > len(stages):
        raise ConfigError("freeze", recipe.freeze, f"at most {len(stages)}, up to {stages[-1]!r}: the {head} learns")


def freeze(network: Any, recipe: Recipe) -> None:
    """Keep some stages of a network, from the stem on, as they are: weights, and statistics of batch norms; of a
    detector those of its backbone, and all of its batch norms if the recipe says so.

    To be called again whenever the network has been put into training mode.
    """
    if not (recipe.freeze or recipe.frozen_norm):
        return
    if within := backbone_of(network):
        within.module.frozen_stages, within.module.frozen_norm = recipe.freeze, recipe.frozen_norm
        within.module.train(network.training)
    else:
        network.freeze(recipe.freeze)


class Within(NamedTuple):
    """A backbone in a detector, and what stands before the names of its modules."""

    prefix: str
    module: Any


def backbone_of(network: Any) -> Within | None:
    """The backbone of a detector; None of another network."""
    from archs.backbone import Backbone

    for name, module in network.named_modules():
        if isinstance(module, Backbone):
            return Within(f"{name}.", module)
    return None


def parameter_groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """A network's weights that learn, apart by "weight_decay" and by "lr_scale", the factor of their learning rate.

    Those of batch norms and biases may not decay. Each stage further from the head has `layer_decay` times the
    learning rate, and the classifier, or all of a detector that is not its backbone, `head_lr` times.

    Source: Bao et al., BEiT, arXiv:2106.08254; timm's `param_groups_layer_decay`.
    """
    names = [name for name, _ in network.named_parameters()]
    depths, is_head = _depths(network, names, recipe)
    deepest = max(depths.values())
    groups: dict[tuple[bool, float], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        factor = recipe.head_lr if is_head(name) else 1.0
        scale = factor * recipe.layer_decay ** (deepest - depths[name])
        decays = recipe.decay_all or parameter.ndim > 1
        terms = {"params": [], "weight_decay": recipe.weight_decay * decays, "lr_scale": scale}
        groups.setdefault((not decays, scale), terms)["params"].append(parameter)
    return [groups[key] for key in sorted(groups)]


def _depths(network: Any, names: Sequence[str], recipe: Recipe) -> tuple[dict[str, int], Callable[[str], bool]]:
    """How deep parameters lie in a network, by their names, and whether one belongs to the head."""
    if within := backbone_of(network):
        prefix, depth_of = within.prefix, within.module.group_matcher()
        own = {name: depth_of(name.removeprefix(prefix)) for name in names if name.startswith(prefix)}
        behind = max(own.values()) + 1
        return {name: own.get(name, behind) for name in names}, lambda name: not name.startswith(prefix)
    classifier = f"{names[-1].rpartition('.')[0]}."
    depths = dict.fromkeys(names, 0)
    if recipe.layer_decay < 1:
        depth_of = network.group_matcher()
        depths = {name: depth_of(name) for name in names}
    return depths, lambda name: name.startswith(classifier)
