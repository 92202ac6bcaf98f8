"""How a view writes quantities: rounded, exact, or as ratios to a baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.quantities import QUANTITIES
from analysis.units import THIN_SPACE, format_quantity, format_ratio, format_si
from analysis.units import format_change as format_change

if TYPE_CHECKING:
    import pandas as pd

STYLES = ("rounded", "exact", "relative")


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

    def write_tick(self, key: str, value: float) -> str:
        """A round value beside an axis: its further digits would all be zeros."""
        return format_ratio(value) if self.style == "relative" else format_quantity(key, value)

    def label(self, key: str) -> str:
        """A column or axis title; units stand with the figures."""
        label = QUANTITIES[key].label
        return f"{label} (× {self.baseline['name']})" if self.style == "relative" else label


def format_difference(value: int) -> str:
    """What a count is off by, with its sign.

    >>> format_difference(62_669_824), format_difference(-1000)
    ('+62.7\u2009M', '−1.00\u2009k')
    """
    return f"{'−' if value < 0 else '+'}{format_si(abs(value))}"


def format_exact(key: str, value: float) -> str:
    """Every digit of an integer, grouped; six significant digits of a ratio.

    >>> format_exact("params", 7978856)
    '7,978,856'
    """
    unit = QUANTITIES[key].unit
    if unit == "%":
        return f"{100 * value:.4f}{THIN_SPACE}%"
    number = f"{int(value):,}" if value == int(value) else f"{value:.6g}"
    return f"{number}{THIN_SPACE}{unit}" if unit else number
