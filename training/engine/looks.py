"""How far a training is, and the looks that all its processes take at it now and then, after the same step."""

from __future__ import annotations

from math import isfinite
from time import perf_counter
from typing import Any, NamedTuple

import torch
from torch import Tensor

from training.engine import processes
from training.engine.stopping import Stopping
from training.errors import DivergedError

#: Seconds between two looks.
LOOK_SECONDS = 0.5


class Position:
    """How far a training is, and what the epoch has added up to so far, over all processes."""

    def __init__(self, steps: int, epochs: int, classifies: bool = True) -> None:
        #: Of an epoch, and of the training.
        self.steps, self.epochs = steps, epochs
        #: Whether steps tell how many images were classified right.
        self.classifies = classifies
        self.epoch = 0
        #: Of the step that was begun last.
        self.lr = 0.0
        #: That training and evaluating took up to here, with no step that was lost.
        self.seconds = 0.0
        self.begin_epoch()

    def begin_epoch(self) -> None:
        self.step, self.seen = 0, 0
        self.loss_sum, self.right = 0.0, 0.0
        #: That the steps of this epoch took.
        self.epoch_seconds = 0.0

    def end_epoch(self, evaluation_seconds: float) -> dict[str, float]:
        """Go on to the next one; what the epoch came to."""
        self.epoch += 1
        self.seconds += evaluation_seconds
        row = {
            "epoch": self.epoch,
            "train_loss": self.loss_sum / self.seen,
            **({"train_accuracy": self.right / self.seen} if self.classifies else {}),
            "lr": self.lr,
            "images_per_s": self.seen / self.epoch_seconds,
            "seconds": self.epoch_seconds + evaluation_seconds,
        }
        self.begin_epoch()
        return row

    @property
    def steps_done(self) -> int:
        return self.epoch * self.steps + self.step

    @property
    def progress(self) -> float:
        """Share of the training that is done."""
        return self.steps_done / (self.epochs * self.steps)

    def state_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        vars(self).update(state)


class Look(NamedTuple):
    """What the steps since the last look gave."""

    loss: float
    images_per_s: float
    #: Whether somebody asked one of the processes to stop.
    stop: bool
    #: Whether the main process finds a checkpoint due.
    save: bool


class Looks:
    """Results of steps stay on the device, where nobody waits for them, until all processes look at them.

    In between they agree on nothing: on when to look next by how long the last steps took, on stopping and saving at
    a look. So no process waits for another that has gone elsewhere.
    """

    def __init__(self, at: Position, stopping: Stopping, save_seconds: float, save_every: int | None) -> None:
        self.at, self.stopping, self.save_seconds, self.save_every = at, stopping, save_seconds, save_every
        self.every = 1
        self.results: list[Tensor] = []
        self.sizes: list[int] = []
        self.saved = perf_counter()
        self.begin()

    def begin(self) -> None:
        """Time steps from here on: something else went before."""
        self.since = perf_counter()

    def add(self, result: Tensor, size: int) -> None:
        """Keep what a step gave: `loop.step`'s sums, of this process; images of all."""
        self.results.append(result)
        self.sizes.append(size)

    @property
    def due(self) -> bool:
        """Whether to look after this step."""
        asked = self.stopping.asked and processes.count() == 1
        ended = self.at.step == self.at.steps
        return asked or ended or len(self.results) >= self.every or self._is_saved_by_count

    @property
    def _is_saved_by_count(self) -> bool:
        return bool(self.save_every and self.at.step % self.save_every == 0)

    def look(self) -> Look:
        """Add what was kept to the position. Raises: DivergedError: a loss is no number."""
        results = processes.gathered(torch.stack(self.results)).double().sum(0).tolist()
        now = perf_counter()
        own = torch.tensor([now - self.since, now - self.saved, self.stopping.asked], device=self.results[0].device)
        of_all = processes.gathered(own)
        (seconds, unsaved), stop = of_all[0, :2].tolist(), bool(of_all[:, 2].any())
        for ago, (loss_sum, *right) in zip(range(len(results) - 1, -1, -1), results, strict=True):
            if not isfinite(loss_sum):
                raise _no_number(self.at.epoch, self.at.step - ago)
            self.at.loss_sum += loss_sum
            self.at.right += sum(right)
        seen = sum(self.sizes)
        self.at.seen += seen
        self.at.seconds += seconds
        self.at.epoch_seconds += seconds
        self.every = max(1, round(len(results) * LOOK_SECONDS / seconds))
        self.results, self.sizes = [], []
        self.begin()
        save = unsaved > self.save_seconds or self._is_saved_by_count
        return Look(sum(loss for loss, *_ in results) / seen, seen / seconds, stop, save)

    def has_saved(self) -> None:
        """A checkpoint was written, the next is due later."""
        self.saved = perf_counter()
        self.begin()


def _no_number(epoch: int, step: int) -> DivergedError:
    return DivergedError(
        f"The loss is no longer a number at step {step} of epoch {epoch + 1}: try a lower learning rate (lr), "
        "float32 as precision, or gradients that are cut (max_norm 1)."
    )
