"""What is said of a training as it goes, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from analysis.units import format_si
from commands.output import Row
from training.data import get_data
from training.data.registry import Progress
from training.engine import processes
from training.recipes import steps_of_epoch
from training.runs import Run


def say(sentence: str) -> None:
    """A line on stderr, by one of the processes."""
    if processes.is_main():
        print(sentence, file=sys.stderr)


@contextmanager
def shown(run: Run) -> Iterator[tuple[Callable[[Row], None], Progress]]:
    """What takes the rows of the log, and what is fetched before: bars on stderr if that is a terminal, else lines."""
    if not processes.is_main() or not sys.stderr.isatty():
        told: set[str] = set()

        def tell(name: str, done: int, total: int) -> None:
            if name not in told:
                say(f"Fetching {name}, {format_si(total, 'B') if total else 'of unknown size'}.")
                told.add(name)

        yield lambda row: say(epoch_line(row, run.recipe.epochs)) if row["kind"] == "epoch" else None, tell
        return
    from rich import progress as bars
    from rich.console import Console

    parts = (
        *(bars.TextColumn("{task.description}"), bars.BarColumn()),
        *(bars.TextColumn("{task.fields[figures]}"), bars.TimeRemainingColumn()),
    )
    with bars.Progress(*parts, console=Console(stderr=True), transient=True) as progress:
        steps = steps_of_epoch(get_data(run.data).learned_from(run.recipe), run.recipe.batch_size, processes.count())
        task = progress.add_task("starting", total=run.recipe.epochs * steps, figures="")

        def report(row: Row) -> None:
            if row["kind"] == "epoch":
                progress.console.print(epoch_line(row, run.recipe.epochs), highlight=False)
            said = f"epoch {min(row['step'] // steps + 1, run.recipe.epochs)}/{run.recipe.epochs}"
            progress.update(task, description=said, completed=row["step"], figures=_figures(row))

        files: dict[str, Any] = {}

        def fetching(name: str, done: int, total: int) -> None:
            if name not in files:
                files[name] = progress.add_task(f"fetching {name}", total=total or None, figures="")
            progress.update(files[name], completed=done, figures=format_si(done, "B"), visible=done != total)

        yield report, fetching


def epoch_line(row: Row, epochs: int) -> str:
    """What an epoch came to.

    >>> epoch_line({"epoch": 2, "train_loss": 0.25, "test_loss": 0.2, "test_accuracy": 0.975}, 8)
    'epoch 2/8: training loss 0.2500, test loss 0.2000, test accuracy 97.50 %'
    """
    parts = [f"training loss {row['train_loss']:.4f}", f"test loss {row['test_loss']:.4f}"]
    parts += [f"test accuracy {100 * row['test_accuracy']:.2f} %"]
    if row.get("averaged_accuracy") is not None:
        parts.append(f"averaged weights {100 * row['averaged_accuracy']:.2f} %")
    return f"epoch {row['epoch']}/{epochs}: {', '.join(parts)}"


def _figures(row: Row) -> str:
    """The figures of a step beside the bar."""
    if row["kind"] == "epoch":
        return f"test accuracy {100 * row['test_accuracy']:.2f} %"
    return f"loss {row['loss']:.3f}, lr {row['lr']:.3g}, {format_si(row['images_per_s'])} images/s"
