"""Experiments of papers by name: which networks, trained how, and what was published of them.

Each has a small version, of narrow networks on the digits, that a CPU trains in minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from analysis.facts import published
from analysis.units import join
from archs.design import Design
from archs.errors import UnknownNameError
from archs.registry import get_config
from training.recipes import Recipe, get_recipe
from training.runs import Run
from training.train import Settings, settle


@dataclass(frozen=True)
class Contender:
    """A network of an experiment."""

    title: str
    #: A registered name, under which its error was published.
    network: str
    #: Fields that make it narrow.
    narrow: Mapping[str, Any]


@dataclass(frozen=True)
class Experiment:
    """Networks that a paper compares."""

    name: str
    title: str
    question: str
    source: str
    contenders: tuple[Contender, ...]
    #: Of `training.data` and `training.recipes`.
    data: str
    recipe: str
    #: What the published errors are of, in `analysis/data/published_accuracy.csv`.
    dataset: str
    #: Recipe of the small version, with the data that it is for.
    small_recipe: str = "digits"
    #: Trainings of each network that the small version takes, as single ones differ by chance.
    small_seeds: int = 3

    def recipe_at(self, *, small: bool) -> Recipe:
        """How its networks are trained."""
        return get_recipe(self.small_recipe if small else self.recipe)

    def settings(self, contender: Contender, recipe: Recipe, *, small: bool) -> Settings:
        """What is trained of a network."""
        config = replace(get_config(contender.network), **(contender.narrow if small else {}))
        name = f"{contender.network}{' narrow' if small else ''}"
        return settle(Design(name, config), recipe.data, recipe)


class Outcome(NamedTuple):
    """What a network came to, here and elsewhere."""

    contender: Contender
    settings: Settings
    #: Shares of the test images that are classified wrong, one a seed.
    errors: tuple[float, ...]
    #: In percent, and who says so.
    published_error: float
    source: str

    @property
    def error(self) -> float:
        """The mean of the seeds."""
        return sum(self.errors) / len(self.errors)

    @property
    def spread(self) -> float:
        """How far the seeds lie apart."""
        return max(self.errors) - min(self.errors)


_EXPERIMENTS = {
    each.name: each
    for each in [
        Experiment(
            name="osa",
            title="One-shot aggregation in DenseNet-40",
            question="Do features that are joined once, at a block's end, serve as well as those that all layers read?",
            source="Lee et al., VoVNet, arXiv:1904.09730, section 3",
            contenders=(
                Contender("DenseNet-40", "densenet40_k12", {"growth_rate": 6, "num_init_features": 8}),
                Contender("OSA 12 × 23", "osa40_12", {"growth_rate": 11, "num_init_features": 8}),
                Contender("OSA 5 × 43", "osa40_5x43", {"growth_rate": 22, "num_init_features": 8}),
            ),
            data="cifar10",
            recipe="densenet-cifar",
            dataset="CIFAR-10+",
        )
    ]
}


def list_experiments() -> list[str]:
    """The names of the experiments."""
    return list(_EXPERIMENTS)


def get_experiment(name: str) -> Experiment:
    """An experiment by its name. Raises: UnknownNameError: no such name; it names the nearest three."""
    if name not in _EXPERIMENTS:
        raise UnknownNameError("experiment", name, _EXPERIMENTS)
    return _EXPERIMENTS[name]


def outcomes(
    experiment: Experiment,
    train: Callable[[str, Settings], Run],
    recipe: Recipe,
    *,
    small: bool,
    seeds: int = 1,
) -> Iterator[Outcome]:
    """What each network comes to, trained with so many seeds.

    Args:
        experiment: which.
        train: takes the name of a run and what it is of, and gives it back when it has finished.
        recipe: of the first seed; the others follow it by one each.
        small: whether the networks are the narrow ones.
        seeds: trainings of each network.
    """
    for contender in experiment.contenders:
        errors = []
        for seed in range(recipe.seed, recipe.seed + seeds):
            asked = experiment.settings(contender, recipe.varied(seed=seed), small=small)
            run = train(f"{experiment.name}{'-small' if small else ''}-{contender.network}-{seed}", asked)
            errors.append(1 - float(run.accuracy or 0))
        fact = published("accuracy", arch=contender.network, metric="error", dataset=experiment.dataset).iloc[0]
        yield Outcome(contender, asked, tuple(errors), float(fact["value"]), str(fact["source"]))


def finding(found: Sequence[Outcome]) -> str:
    """Whether the order is the published one, and what that is worth."""
    here, there = (sorted(found, key=key) for key in (lambda each: each.error, lambda each: each.published_error))
    order, published_order = (join([each.contender.title for each in ranked]) for ranked in (here, there))
    said = (
        f"From the least error, published: {published_order}. Trained here: {order}. "
        f"The order {'agrees' if here == there else 'does not agree'}"
    )
    if len(found[0].errors) == 1:
        return f"{said}; with one training each, nothing tells how much of that is chance."
    apart, chance = here[-1].error - here[0].error, max(each.spread for each in found)
    worth = "more than chance" if apart > 2 * chance else "chance could have made it"
    points = f"the means lie {100 * apart:.2f} points apart, the seeds of one network up to {100 * chance:.2f}"
    return f"{said}; {points}: {worth}."
