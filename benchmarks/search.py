"""Claims: more than 100,000 DenseNet-BC configs are counted in a second, 20 times as fast as by `summarize` in a loop.

Run `python -m benchmarks.search`: every quantity of the meter and the depth, of configs of each preset, together and
one by one in turns; and a whole search with budgets and three objectives. All of it runs on one core; what a second of
that core counts is printed too, since other programs do not slow that down as much.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import process_time

import analysis
from analysis.search.counting import BatchCosts
from analysis.search.engine import BATCH, draw
from analysis.search.space import Space
from benchmarks.timing import describe_machine, median_seconds

TOGETHER, ONE_BY_ONE = 8 * BATCH, 64
BUDGETS = {"params": (None, 8e6), "macs": (None, 2.9e9)}
OBJECTIVES = ("params", "macs", "memory_access_cost")


def count_together(counter: BatchCosts, indices: Sequence[int]) -> None:
    for begin in range(0, len(indices), BATCH):
        counter.of(indices[begin : begin + BATCH])


def count_one_by_one(space: Space, indices: Sequence[int]) -> None:
    for index in indices:
        analysis.summarize(space.config_at(int(index)), None)


def main() -> None:
    print(describe_machine("numpy"))
    for name in analysis.list_spaces():
        space = analysis.get_space(name)
        contenders: dict[str, Callable[[], object]] = {
            "together": partial(count_together, BatchCosts(space), draw(space.size, TOGETHER, seed=0)),
            "one by one": partial(count_one_by_one, space, draw(space.size, ONE_BY_ONE, seed=0)),
        }
        if name == "densenet-bc-imagenet":
            contenders["search"] = partial(analysis.search, space, BUDGETS, OBJECTIVES, TOGETHER)
        seconds = median_seconds(contenders, turns=5)
        looked_at = {"together": TOGETHER, "one by one": ONE_BY_ONE, "search": TOGETHER}
        rates = {way: looked_at[way] / spent for way, spent in seconds.items()}
        processor = {way: looked_at[way] / processor_seconds(run) for way, run in contenders.items()}
        print(f"\n{name}, {space.size:,} configs")
        for way, rate in rates.items():
            ratio = f"×{rate / rates['one by one']:,.1f} against one by one"
            print(f"  {way:<12}{rate:>10,.0f} configs/s   {processor[way]:>10,.0f} per second of its core   {ratio}")


def processor_seconds(run: Callable[[], object]) -> float:
    """Time of a core that one run takes."""
    begin = process_time()
    run()
    return process_time() - begin


if __name__ == "__main__":
    main()
