"""What is said of a training as it goes, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from analysis.units import format_si
from commands.output import Row
from training.columns import percent
from training.data import get_data
from training.data.registry import Progress
from training.engine import processes
from training.recipes import steps_of_epoch
from training.runs import Run

#: What is said of the end of an epoch, of classifiers and of detectors.
SCORES = {
    "test_accuracy": "test accuracy",
    "averaged_accuracy": "averaged weights",
    "test_ap": "AP",
    "test_ap50": "AP50",
    "averaged_ap": "averaged weights: AP",
    "averaged_ap50": "AP50",
}


def say(sentence: str) -> None:
    """A line on stderr, by one of the processes."""
    if processes.is_main():
        print(sentence, file=sys.stderr)


@contextmanager
def fetching() -> Iterator[Progress]:
    """What is told of bytes that are fetched: bars on stderr if that is a terminal, else lines."""
    with _bars() as bars:
        tasks: dict[str, Any] = {}

        def tell(name: str, done: int, total: int) -> None:
            if bars is None:
                if name not in tasks:
                    say(f"Fetching {name}, {format_si(total, 'B') if total else 'of unknown size'}.")
                tasks[name] = None
                return
            if name not in tasks:
                tasks[name] = bars.add_task(f"fetching {name}", total=total or None, figures="")
            bars.update(tasks[name], completed=done, figures=format_si(done, "B"), visible=done != total)

        yield tell


@contextmanager
def shown(run: Run) -> Iterator[Callable[[Row], None]]:
    """What takes the rows of the log: a bar on stderr if that is a terminal, else a line an epoch."""
    with _bars() as bars:
        if bars is None:
            yield lambda row: say(epoch_line(row, run.recipe.epochs)) if row["kind"] == "epoch" else None
            return
        steps = steps_of_epoch(get_data(run.data).learned_from(run.recipe), run.recipe.batch_size, processes.count())
        task = bars.add_task("starting", total=run.recipe.epochs * steps, figures="")

        def report(row: Row) -> None:
            if row["kind"] == "epoch":
                bars.console.print(epoch_line(row, run.recipe.epochs), highlight=False)
            said = f"epoch {min(row['step'] // steps + 1, run.recipe.epochs)}/{run.recipe.epochs}"
            bars.update(task, description=said, completed=row["step"], figures=_figures(row))

        yield report


@contextmanager
def _bars() -> Iterator[Any]:
    """Bars on stderr, for one process and a person who sees them; else None."""
    if not processes.is_main() or not sys.stderr.isatty():
        yield None
        return
    from rich import progress
    from rich.console import Console

    parts = (
        *(progress.TextColumn("{task.description}"), progress.BarColumn()),
        *(progress.TextColumn("{task.fields[figures]}"), progress.TimeRemainingColumn()),
    )
    with progress.Progress(*parts, console=Console(stderr=True), transient=True) as bars:
        yield bars


def epoch_line(row: Row, epochs: int) -> str:
    """What an epoch came to.

    >>> epoch_line({"epoch": 2, "train_loss": 0.25, "test_loss": 0.2, "test_accuracy": 0.975}, 8)
    'epoch 2/8: training loss 0.2500, test loss 0.2000, test accuracy 97.50\u2009%'
    """
    parts = [f"training loss {row['train_loss']:.4f}"]
    if row.get("test_loss") is not None:
        parts.append(f"test loss {row['test_loss']:.4f}")
    parts += [f"{title} {percent(row[key])}" for key, title in SCORES.items() if row.get(key) is not None]
    return f"epoch {row['epoch']}/{epochs}: {', '.join(parts)}"


def _figures(row: Row) -> str:
    """The figures of a step beside the bar."""
    if row["kind"] == "epoch":
        return next((f"{title} {percent(row[key])}" for key, title in SCORES.items() if key in row), "")
    return f"loss {row['loss']:.3f}, lr {row['lr']:.3g}, {format_si(row['images_per_s'])} images/s"
