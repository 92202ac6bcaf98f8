"""How the learning rate changes over a training: level, in steps, along a cosine, or up and down in straight lines."""

from __future__ import annotations

from itertools import pairwise
from math import cos, pi
from typing import NamedTuple

from archs.errors import ConfigError

SCHEDULES = ("constant", "steps", "cosine", "triangle", "trapezoid")
#: Straight pieces that a cosine is drawn as.
PIECES = 100


class Schedule(NamedTuple):
    """The fields of a recipe that tell it, by their names there; a share of the training goes from 0 to 1."""

    schedule: str
    lr: float
    milestones: tuple[float, ...]
    factor: float

    def at(self, progress: float) -> float:
        """The learning rate when a share of the training is done.

        >>> stepped = Schedule("steps", 0.1, (0.5, 0.75), 0.1)
        >>> [round(stepped.at(share), 6) for share in (0, 0.5, 0.75)]
        [0.1, 0.01, 0.001]
        """
        match self.schedule:
            case "steps":
                return self.lr * self.factor ** sum(progress >= milestone for milestone in self.milestones)
            case "cosine":
                return self.lr * (1 + cos(pi * progress)) / 2
            case "triangle":
                peak = self.milestones[0]
                return self.lr * (progress / peak if progress < peak else (1 - progress) / (1 - peak))
            case "trapezoid":
                return self.lr * min(1.0, (1 - progress) / (1 - self.milestones[0]))
        return self.lr

    def points(self) -> list[tuple[float, float]]:
        """Shares of the training and learning rates whose connecting lines are the schedule.

        >>> Schedule("steps", 1.0, (0.5,), 0.1).points()
        [(0.0, 1.0), (0.5, 1.0), (0.5, 0.1), (1.0, 0.1)]
        """
        match self.schedule:
            case "constant":
                shares = [0.0, 1.0]
            case "cosine":
                shares = [part / PIECES for part in range(PIECES + 1)]
            case "triangle" | "trapezoid":
                shares = [0.0, self.milestones[0], 1.0]
            case _:
                levels = pairwise(sorted({0.0, *self.milestones, 1.0}))
                return [(at, self.at(begun)) for begun, end in levels for at in (begun, end)]
        return [(at, self.at(at)) for at in shares]

    def words(self, epochs: int) -> str:
        """
        >>> Schedule("steps", 0.1, (0.5, 0.75), 0.1).words(300), Schedule("triangle", 0.1, (0.25,), 0.1).words(10)
        ('0.1, × 0.1 at epochs 150 and 225', 'up to 0.1 at epoch 2.5, down to 0')
        >>> Schedule("trapezoid", 0.1, (0.8,), 0.1).words(10)
        '0.1, from epoch 8 on down to 0'
        """
        at = [f"{round(epochs * milestone, 2):g}" for milestone in self.milestones]
        match self.schedule:
            case "cosine":
                return f"{self.lr:g}, down to 0 along a cosine"
            case "triangle":
                return f"up to {self.lr:g} at epoch {at[0]}, down to 0"
            case "trapezoid":
                return f"{self.lr:g}, from epoch {at[0]} on down to 0"
            case "steps" if at:
                places = f"epochs {', '.join(at[:-1])} and {at[-1]}" if len(at) > 1 else f"epoch {at[0]}"
                return f"{self.lr:g}, × {self.factor:g} at {places}"
        return f"{self.lr:g}"

    def check(self) -> None:
        """Raises: ConfigError: the milestones do not suit."""
        peaks = self.schedule in ("triangle", "trapezoid")
        if peaks and not (len(self.milestones) == 1 and 0 < self.milestones[0] < 1):
            allowed = f"the share of the training from which on the {self.schedule} falls"
            raise ConfigError("milestones", self.milestones, allowed)
        if list(self.milestones) != sorted(self.milestones):
            raise ConfigError("milestones", self.milestones, "in ascending order")
