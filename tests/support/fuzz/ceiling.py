"""How much work a summary of a legal design is, however huge or unfit the design."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from random import Random
from time import process_time
from unittest.mock import patch

import analysis
from archs import planning
from archs.config import NetworkConfig
from archs.errors import ConfigError
from archs.plan import MAX_LAYERS, Steps, collect
from archs.planning import MAX_WALKED
from tests.support.fuzz.designs import legal_config

#: Layers that a summary may make: of the plan itself, to find a size that fits, and to say how many layers there are.
MAX_WORK = MAX_LAYERS + MAX_WALKED + MAX_LAYERS


@dataclass
class Work:
    """What came of one design."""

    config: NetworkConfig
    image_size: int | None
    #: Layers that plans made, to count them, to find another size, or to say how many there are.
    layers: int = 0
    seconds: float = 0.0
    #: Bytes of its weights; None where it was refused in a sentence.
    weight_bytes: int | None = None


def works(seed: int, count: int) -> Iterator[Work]:
    """Summaries of designs, most of them larger than anything, or at sizes that they cannot take."""
    for number in range(count):
        random = Random(f"ceiling {seed} {number}")
        config = legal_config(random, large=0.8)
        work = Work(config, random.choice([None, None, 64, random.randint(1, 8192)]))
        begin = process_time()
        with counting(work), suppress(ConfigError):
            work.weight_bytes = 4 * analysis.summarize(config, work.image_size).params
        work.seconds = process_time() - begin
        yield work


@contextmanager
def counting(work: Work) -> Iterator[None]:
    """Count the layers that plans make."""

    def counted(steps: Steps) -> Steps:
        try:
            layer = next(steps)
            while True:
                work.layers += 1
                layer = steps.send((yield layer))
        except StopIteration:
            return

    with patch.object(planning, "collect", lambda steps: collect(counted(steps))):
        yield
