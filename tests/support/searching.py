"""What the searches of `search/test_store.py` evaluate: slow enough to be interrupted, and every call leaves a line."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import analysis
from analysis.search.store import config_key

SPACE = analysis.Space(
    "densenetbc100_k12",
    {"growth_rate": tuple(range(4, 24)), "num_init_features": (16, 24, 32)},
    "slow",
)


@dataclass(frozen=True)
class LoggedCall:
    """The sum of some fields; the name of each config is written to a file when its value is there."""

    log: str
    seconds: float = 0.05

    def __call__(self, config):
        time.sleep(self.seconds)
        with open(self.log, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {config_key(config)}\n")
        return value_of(config)


def value_of(config):
    return config.growth_rate + config.num_init_features / 100


def calls(log: Path) -> Counter:
    """How often each config was evaluated."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return Counter(line.partition(" ")[2] for line in lines)


def run(log: Path, store: Path, **options):
    """The search: all configs are evaluated, since the objective needs them."""
    return analysis.search(
        SPACE, None, {"slow": "max"}, evaluators={"slow": LoggedCall(str(log))}, store=store, **options
    )


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), jobs=int(sys.argv[3]))
