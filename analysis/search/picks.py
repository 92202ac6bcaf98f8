"""Three networks of a front to begin with, and names that people understand for networks that nobody has named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.depth import count_depth
from analysis.quantities import in_a_sentence, label_of
from analysis.search.quantities import format_value
from analysis.summary import summarize
from analysis.units import THIN_SPACE, format_si, join
from archs.registry import get_family, get_spec, list_archs

if TYPE_CHECKING:
    import pandas as pd

    from analysis.search.result import SearchResult
    from archs.config import NetworkConfig


class Pick(NamedTuple):
    """A network of a front, by its row, and what it is the best at."""

    role: str
    row: int


def pick_networks(front: pd.DataFrame, objectives: Mapping[str, str]) -> list[Pick]:
    """The cheapest, the balanced and the strongest network of a front; fewer where they are the same.

    Cheapest is the best in the first objective that is minimised, strongest in the last that is maximised; where all
    objectives have one sense, the two ends are called by what they have least or most of. Balanced is the network that
    is nearest to the best of all objectives at once, each scaled to the front's range, ratios where it is positive.

    >>> import pandas as pd
    >>> front = pd.DataFrame({"macs": [1, 2, 9], "capacity_proxy": [10, 18, 20]})
    >>> [(pick.role, pick.row) for pick in pick_networks(front, {"macs": "min", "capacity_proxy": "max"})]
    [('Cheapest', 0), ('Balanced', 1), ('Strongest', 2)]
    """
    regrets = _regret_table(front, objectives)
    names, senses = list(objectives), list(objectives.values())
    first = senses.index("min") if "min" in senses else 0
    last = len(senses) - 1 - (senses[::-1].index("max") if "max" in senses else 0)
    mixed = len(set(senses)) > 1
    roles = {
        "Cheapest" if mixed else _superlative(names[first], senses[first]): regrets[:, first],
        "Balanced": np.linalg.norm(regrets, axis=1),
        "Strongest" if mixed else _superlative(names[last], senses[last]): regrets[:, last],
    }
    picks = {int(np.argmin(regret)): role for role, regret in reversed(roles.items())}
    return [Pick(picks[row], row) for row in sorted(picks, key=lambda row: list(roles).index(picks[row]))]


def _regret_table(front: pd.DataFrame, objectives: Mapping[str, str]) -> np.ndarray:
    """A row a network, a column an objective."""
    return np.column_stack([_regrets(front[name].to_numpy(float), sense) for name, sense in objectives.items()])


def _regrets(values: np.ndarray, sense: str) -> np.ndarray:
    """How far each value is from the best: 0 there, 1 at the worst of the front."""
    scaled = np.log(values) if values.min() > 0 else values
    best, worst = (scaled.max(), scaled.min()) if sense == "max" else (scaled.min(), scaled.max())
    return np.zeros(len(values)) if best == worst else (scaled - best) / (worst - best)


def _superlative(name: str, sense: str) -> str:
    return f"{'Most' if sense == 'max' else 'Least'} {in_a_sentence(label_of(name))}"


@lru_cache(maxsize=4096)
def network_name(config: NetworkConfig) -> str:
    """What a network goes by until somebody names it: its family, its depth where papers give one, its parameters.

    >>> from archs.registry import get_config
    >>> network_name(get_config("densenet121", growth_rate=24)), network_name(get_config("peleenet"))
    ('DenseNet-121 4.74M', 'PeleeNet 2.80M')
    """
    names_depth = any(get_spec(name).named_depth for name in list_archs(family=config.family))
    depth = f"-{count_depth(config).total}" if names_depth else ""
    params = format_si(summarize(config).params).replace(THIN_SPACE, "")
    return f"{get_family(config.family).title}{depth} {params}"


def choice_finding(result: SearchResult) -> str:
    """Which network to begin with, and how many it was chosen from."""
    place = int(np.argmin(np.linalg.norm(_regret_table(result.front, result.objectives), axis=1)))
    row = result.front.iloc[place]
    reached = join(f"{in_a_sentence(label_of(name))} {format_value(name, row[name])}" for name in result.objectives)
    word = "balances best" if len(result.front) > 1 else "is the best"
    budgets = "keep to the budgets" if result.exclusions else "compete"
    return (
        f"{network_name(result.configs[place])} {word}: {reached}. Of {result.looked_at:,} configs that were "
        f"looked at, {len(result.feasible):,} {budgets}; {_unbeaten(len(result.front))}."
    )


def _unbeaten(count: int) -> str:
    return "no other beats this one" if count == 1 else f"{count:,} of them are beaten by no other"
