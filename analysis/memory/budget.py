"""What lies in memory whatever the batch, and the largest batch that a given memory holds beside it."""

from __future__ import annotations

from analysis.costs import element_bytes
from analysis.summary import Summary
from archs.errors import ConfigError


def weight_bytes(summary: Summary) -> int:
    """Bytes of the parameters."""
    return summary.params * element_bytes(summary.dtype)


def buffer_bytes(summary: Summary) -> int:
    """Bytes of the running mean, the running variance and the batch counter (int64) of every batch norm."""
    size = element_bytes(summary.dtype)
    norms = [cost.layer for cost in summary.layers if cost.layer.op == "batch_norm"]
    return sum(2 * size * layer.output_shape[1] + 8 for layer in norms)


def largest_batch(budget_bytes: float, fixed_bytes: int, batch_bytes: int, batch_size: int) -> int:
    """How many images fit, where `batch_bytes` are taken by a batch of `batch_size`; 0 if not one does.

    >>> largest_batch(1000, 200, 300, batch_size=2)
    5

    Raises: ConfigError: the budget is not a positive number.
    """
    number = isinstance(budget_bytes, (int, float)) and not isinstance(budget_bytes, bool)
    if not (number and 0 < budget_bytes < float("inf")):
        raise ConfigError("budget_bytes", budget_bytes, "a positive number of bytes")
    return max(0, (int(budget_bytes) - fixed_bytes) * batch_size // batch_bytes)
