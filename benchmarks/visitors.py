"""Claims: eight attackers leave a visitor's median answer within three times what it takes alone, and nothing is at
work ten seconds after they have left; twenty visitors raise nothing, and memory does not grow with what they ask.

Run `python -m benchmarks.visitors [neighbours|sessions] [SECONDS or RERUNS] [SEED]`. Visitors are Streamlit's own
messages over its socket, without browsers, from other processes than the server's. Sessions ask again as soon as they
are answered: a median is then about the CPU of an answer times the number of visitors.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from random import Random
from threading import Barrier, Thread
from typing import Any

import psutil

from analysis.quantities import label_of
from analysis.statistics import median
from archs import get_config, list_archs
from archs.design import Design
from benchmarks.timing import describe_machine
from scripts.browser import served
from tests.support.hostile import crafted_link
from tests.support.visitor import Visitor
from views.search.question import QUANTITIES

ATTACKERS, VISITORS, RERUNS = 8, 20, 500
#: Seconds of an attack; until the core must be idle; over which that is looked at.
ATTACK_S, LEFT_S, LOOK_S = 60.0, 10.0, 3.0
SEED = 18

Deed = Callable[[Visitor], object]


def _press(*labels: str) -> Deed:
    def deed(visitor: Visitor) -> None:
        for label in labels:
            if label in visitor.widgets:
                visitor.press(label)
                visitor.begin()

    return deed


def _nothing(visitor: Visitor) -> None:
    pass


def worst(random: Random) -> tuple[str, dict[str, Any], Deed]:
    """A page, a link to it and what is pressed there: whatever takes most."""
    kind = random.choice(
        ("huge", "deep", "unfit", "search", "export", "counters", "library", "folding", "all", "crafted")
    )
    arch = random.choice(list_archs())
    if kind in ("huge", "deep", "unfit", "export"):
        config = get_config("densenet121")
        text = Design(f"{kind} {random.random()}", config).to_link()
        fields = {
            "huge": '"block_config":[256,256,256,256,256,256,256,256]',
            "deep": f'"block_config":[{",".join(str(random.randint(100, 256)) for _ in range(4))}]',
            "unfit": '"block_config":[3,3,3,3,3,3,3,3]',
            "export": '"block_config":[60,120,250,250]',
        }[kind]
        text = text.replace('"block_config":[6,12,24,16]', fields)
        size = str(random.randint(1, 60)) if kind == "unfit" else "own"
        deed = _press("ONNX", "safetensors") if kind == "export" else _nothing
        return "design", {"design": text, "image_size": size}, deed
    if kind == "search":
        goals = random.sample([f"{word} {label_of(name)}" for name in QUANTITIES for word in "↓↑"], 7)
        looked_at = random.choice(("10,000", "100,000", "500,000"))
        return "search", {"looked_at": looked_at, "objectives": goals}, _press("Search")
    if kind == "counters":
        return "counters", {"network": arch}, _nothing
    if kind == "library":
        name = random.choice(("vit_base_patch16_224", "swin_base_patch4_window7_224", "efficientnet_b7", "resnet152"))
        return "compare", {"networks": [f"timm/{name}"], "image_size": str(32 * random.randint(7, 12))}, _nothing
    if kind == "folding":
        return "memory", {"network": arch, "part": "Folded"}, _nothing
    if kind == "all":
        return "", {"networks": list_archs(), "image_size": str(32 * random.randint(7, 24))}, _nothing
    page, link = crafted_link(random)
    return page.removesuffix(".py").rpartition("/")[2], link, _nothing


def attack(address: str, seed: int, seconds: float) -> None:
    """Open the worst links, one after the other, and leave each after some seconds."""
    random, until = Random(seed), time.time() + seconds
    while time.time() < until:
        page, link, deed = worst(random)
        try:
            with Visitor(address, page, link) as visitor:
                visitor.ask(min(random.uniform(1, 20), until - time.time()))
                deed(visitor)
                visitor.wait(min(random.uniform(1, 10), until - time.time()))
        except (TimeoutError, OSError, ValueError):
            continue


def attacks(address: str, seed: int, seconds: float, ready: Any, go: Any) -> None:
    """All attackers, once they are told to."""
    ready.set()
    go.wait()
    threads = [Thread(target=attack, args=(address, seed + n, seconds)) for n in range(ATTACKERS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def move(visitor: Visitor, seconds: float) -> list[float]:
    """A slider of Design, up and down, with a breath between two steps."""
    found, until, step = [], time.time() + seconds, 0
    while time.time() < until:
        step += 1
        visitor.set("Growth rate k", [float(24 + step % 16)])
        found.append(visitor.ask())
        time.sleep(0.2)
    return found


def server() -> psutil.Process:
    """Of the app that `served` started."""
    return next(each for each in psutil.Process().children() if "streamlit" in each.cmdline())


def family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    total = 0.0
    for each in processes:
        try:
            times = each.cpu_times()
            total += times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return total


def neighbours(seconds: float, seed: int) -> None:
    with started() as address, Visitor(address, "design") as visitor:
        context = get_context("spawn")
        ready, go = context.Event(), context.Event()
        attackers = context.Process(target=attacks, args=(address, seed, seconds, ready, go))
        attackers.start()
        ready.wait()
        visitor.ask()
        move(visitor, 3)
        alone = median(move(visitor, 10))
        go.set()
        beside = move(visitor, seconds)
        attackers.join()
        time.sleep(LEFT_S)
        processes = family(server())
        before = cpu_seconds(processes)
        time.sleep(LOOK_S)
        busy = (cpu_seconds(family(server())) - before) / LOOK_S
        print(f"{ATTACKERS} attackers, {len(beside)} answers to a visitor:")
        print(f"  alone {alone:.3f} s, beside them {median(beside):.3f} s: ×{median(beside) / alone:.2f}")
        print(f"  the longest {max(beside):.2f} s; {len(visitor.exceptions)} exceptions {visitor.exceptions[:3]}")
        print(f"  {LEFT_S:.0f} s after they have left {busy:.0%} of a core is at work")


#: A page, and what is moved there: the widget's label, and its values.
MOVED: tuple[tuple[str, str, list[Any]], ...] = (
    ("design", "Growth rate k", [[float(k)] for k in range(16, 48)]),
    ("layers", "Network", [*list_archs()]),
    ("", "Image size", ["192", "224", "256", "320"]),
    ("memory", "Batch size", [float(n) for n in range(1, 33)]),
    ("search", "Configs to look at", ["1,000", "10,000"]),
    ("architecture", "Network", [*list_archs()]),
    ("hardware", "Image size", ["192", "224", "256"]),
    ("story", "", []),
)


def visit(address: str, seed: int, reruns: int, answers: Any, opened: Barrier) -> None:
    """One session: a page, asked again and again once all have opened theirs."""
    random = Random(seed)
    page, label, values = MOVED[seed % len(MOVED)]
    found, problems = [], []
    with Visitor(address, page) as visitor:
        visitor.ask()
        opened.wait()
        for _ in range(reruns):
            if label:
                visitor.set(label, random.choice(values))
            try:
                found.append(visitor.ask())
            except TimeoutError:
                problems.append(f"{page}: no answer")
        problems += visitor.exceptions
    answers.put((page, found, problems))


def visits(address: str, seeds: range, reruns: int, answers: Any) -> None:
    opened = Barrier(len(seeds), lambda: answers.put(None))
    threads = [Thread(target=visit, args=(address, seed, reruns, answers, opened)) for seed in seeds]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def sessions(reruns: int, seed: int) -> None:
    with started() as address:
        process, context = server(), get_context("spawn")
        answers, first = context.Queue(), seed * VISITORS
        client = context.Process(target=visits, args=(address, range(first, first + VISITORS), reruns, answers))
        client.start()
        answers.get()  # all have opened their page
        before, began = cpu_seconds(family(process)), time.time()
        sizes: list[tuple[float, float]] = []
        found: list[tuple[str, list[float], list[str]]] = []
        while len(found) < VISITORS:
            time.sleep(1)
            sizes.append((time.time() - began, sum(each.memory_info().rss for each in family(process)) / 1e6))
            while not answers.empty():
                found.append(answers.get())
        client.join()
        used = cpu_seconds(family(process)) - before
        times = [seconds for _, each, _ in found for seconds in each]
        problems = [problem for _, _, each in found for problem in each]
        print(f"{VISITORS} visitors, {len(times):,} answers in {time.time() - began:.0f} s:")
        print(f"  median {median(times):.2f} s, the longest {max(times):.2f} s; {used / len(times):.3f} s of CPU each")
        for page in dict.fromkeys(page for page, _, _ in MOVED):
            of_page = [seconds for other, each, _ in found if other == page for seconds in each]
            print(f"    {page or 'compare':<14} {median(of_page):.2f} s, the longest {max(of_page):.2f} s")
        print(f"  {len(problems)} exceptions {problems[:3]}")
        quarter = len(sizes) // 4
        marks = [f"{sizes[min(n * quarter, len(sizes) - 1)][1]:.0f}" for n in range(5)]
        print(f"  memory at the quarters of the time, in MB: {', '.join(marks)}")


@contextmanager
def started() -> Iterator[str]:
    """The app, with a store of its own."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DENSESCOPE_DATA"] = folder
        with served() as address:
            yield address


def main(arguments: list[str]) -> None:
    print(describe_machine("torch", "streamlit", "plotly"))
    which = arguments[0] if arguments else ""
    seed = int(arguments[2]) if len(arguments) > 2 else SEED
    if which in ("", "neighbours"):
        neighbours(float(arguments[1]) if len(arguments) > 1 else ATTACK_S, seed)
    if which in ("", "sessions"):
        sessions(int(arguments[1]) if len(arguments) > 1 else RERUNS, seed)


if __name__ == "__main__":
    main(sys.argv[1:])
