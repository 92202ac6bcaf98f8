"""What each term of stochastic gradient descent does to a weight, worked out by the formulas that train networks.

    g ← g + 0.0001·w          weight decay
    v ← 0.9·v + g             momentum
    w ← w − 0.1·(g + 0.9·v)   Nesterov, learning rate

Source: torch.optim.SGD; Sutskever et al., On the importance of initialization and momentum, ICML 2013.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from archs.errors import ConfigError
from training.recipes import Recipe

#: One weight, or as many as the picture has dimensions.
Weights = tuple[float, ...]


class Term(NamedTuple):
    """A field of a recipe that says how weights move."""

    field: str
    title: str
    formula: str
    #: What it does, and on what.
    said: str


TERMS = (
    Term(
        "lr",
        "Learning rate",
        "w ← w − lr·g",
        "How far a weight moves against its gradient: too small and it crawls along the valley, too large and it "
        "swings from wall to wall or out of it.",
    ),
    Term(
        "momentum",
        "Momentum",
        "v ← momentum·v + g,  w ← w − lr·v",
        "Each step goes on with a share of the last: along the valley steps add up, to 1/(1 − momentum) times as far, "
        "and across it they cancel.",
    ),
    Term(
        "dampening",
        "Dampening",
        "v ← momentum·v + (1 − dampening)·g",
        "A share of each gradient but the first is left out, so that momentum lengthens no step: with a dampening as "
        "large as the momentum, v is an average of the gradients.",
    ),
    Term(
        "nesterov",
        "Nesterov",
        "w ← w − lr·(g + momentum·v)",
        "The step is the one that momentum is about to take: it turns back a step earlier, and swings less.",
    ),
    Term(
        "weight_decay",
        "Weight decay",
        "g ← g + decay·w",
        "A pull towards 0 in proportion to the weight, which goes through momentum like a gradient: a weight that "
        "nothing else moves shrinks to (1 − lr·decay/(1 − momentum)) of itself a step.",
    ),
    Term(
        "decay_all",
        "On what",
        "also for γ, β and biases",
        "The authors of DenseNet let batch norm's factors and all biases shrink too; in front of a batch norm the size "
        "of a convolution's weights changes no output, only how far a step turns them.",
    ),
)


class Step(NamedTuple):
    """Where weights are before a step, and what moves them from there."""

    weights: Weights
    #: Of the loss alone.
    gradient: Weights
    #: By how much they move, learning rate included.
    moved: Weights


def weight_path(
    recipe: Recipe, gradient: Callable[[Weights], Weights], start: Sequence[float], steps: int
) -> list[Step]:
    """The way of a few weights under a recipe's terms, at its highest learning rate.

    Args:
        recipe: of stochastic gradient descent.
        gradient: of the loss at some weights.
        start: where they begin.
        steps: how many of them to take.

    Raises: ConfigError: the recipe's optimizer is another.
    """
    check_sgd(recipe)
    weights, velocity = tuple(map(float, start)), None
    path = []
    for _ in range(steps):
        slope = gradient(weights)
        pull = tuple(g + recipe.weight_decay * w for g, w in zip(slope, weights, strict=True))
        velocity = next_velocity(recipe, velocity, pull)
        ahead = pull
        if recipe.nesterov:
            ahead = tuple(g + recipe.momentum * v for g, v in zip(pull, velocity, strict=True))
        elif recipe.momentum:
            ahead = velocity
        moved = tuple(-recipe.lr * each for each in ahead)
        path.append(Step(weights, slope, moved))
        weights = tuple(w + by for w, by in zip(weights, moved, strict=True))
    return path


def next_velocity(recipe: Recipe, velocity: Weights | None, pull: Weights) -> Weights:
    """What momentum makes of the last steps and the gradient; the first step is the gradient, undampened."""
    if velocity is None:
        return pull
    share = 1 - recipe.dampening
    return tuple(recipe.momentum * v + share * g for v, g in zip(velocity, pull, strict=True))


def formulas(recipe: Recipe) -> list[str]:
    """The lines of a step with the recipe's own numbers, without those that change nothing.

    >>> formulas(Recipe(data="cifar10", source="", lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-4))
    ['g ← g + 0.0001·w', 'v ← 0.9·v + g', 'w ← w − 0.1·(g + 0.9·v)']
    >>> formulas(Recipe(data="fashion", source="", lr=0.1, momentum=0, weight_decay=0))
    ['w ← w − 0.1·g']

    Raises: ConfigError: the recipe's optimizer is another.
    """
    check_sgd(recipe)
    lines = [f"g ← g + {recipe.weight_decay:g}·w"] if recipe.weight_decay else []
    step = "g"
    if recipe.momentum:
        share = f"{1 - recipe.dampening:g}·" if recipe.dampening else ""
        lines.append(f"v ← {recipe.momentum:g}·v + {share}g")
        step = f"(g + {recipe.momentum:g}·v)" if recipe.nesterov else "v"
    return [*lines, f"w ← w − {recipe.lr:g}·{step}"]


def check_sgd(recipe: Recipe) -> None:
    """Raises: ConfigError: the recipe's optimizer is another."""
    if recipe.optimizer != "sgd":
        raise ConfigError("optimizer", recipe.optimizer, "'sgd', whose terms these are")


class Valley(NamedTuple):
    """A loss ½·Σ cᵢ·wᵢ²: steep across, flat along, its ground at 0."""

    curvatures: Weights
    start: Weights

    def loss(self, weights: Weights) -> float:
        """How high it is there."""
        return sum(c * w * w for c, w in zip(self.curvatures, weights, strict=True)) / 2

    def gradient(self, weights: Weights) -> Weights:
        """How steep it is there, by weight."""
        return tuple(c * w for c, w in zip(self.curvatures, weights, strict=True))


def valley(recipe: Recipe) -> Valley:
    """A valley twenty times as steep across (second weight) as along, in which the recipe's learning rate suits.

    Without momentum a step leaves 0.96 of the first weight and 0.2 of the second.
    """
    return Valley((0.04 / recipe.lr, 0.8 / recipe.lr), (1.0, 1.0))
