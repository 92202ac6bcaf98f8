"""How a view writes quantities: rounded, exact, or as ratios to a baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from analysis.columns import Column, column
from analysis.quantities import label_of
from analysis.units import format_exact, format_quantity, format_ratio

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Notation:
    """A style, and the baseline's row where figures are relative to it."""

    style: str = "rounded"
    baseline: dict[str, Any] = field(default_factory=dict)

    def scale(self, frame: pd.DataFrame, key: str) -> pd.Series[float]:
        """The values that a chart or table plots."""
        return frame[key] / self.baseline[key] if self.style == "relative" else frame[key]

    def write(self, key: str, value: float) -> str:
        """A value from `scale`, for people."""
        if self.style == "relative":
            return format_ratio(value)
        return format_exact(key, value) if self.style == "exact" else format_quantity(key, value)

    def columns(self, keys: Iterable[str]) -> list[Column]:
        """Columns of a table whose figures are written so; `scale` gives their values."""
        return [column(key)._replace(write=partial(self.write, key)) for key in keys]

    def write_tick(self, key: str, value: float) -> str:
        """A round value beside an axis: its further digits would all be zeros."""
        return format_ratio(value) if self.style == "relative" else format_quantity(key, value)

    def label(self, key: str) -> str:
        """A column or axis title; units stand with the figures."""
        label = label_of(key)
        return f"{label} (× {self.baseline['name']})" if self.style == "relative" else label
