"""The `LayerTime` record: how long one layer took, and its rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.costs import LayerCost
from analysis.kinds import op_kind
from analysis.measuring.quantiles import quantile


@dataclass(frozen=True)
class LayerTime:
    """One layer within a run of its network. Without times: the run does not show it as an operation of its own."""

    cost: LayerCost
    #: Seconds in each of the timed runs.
    times: tuple[float, ...] = ()

    @property
    def seconds(self) -> float | None:
        """The median run."""
        return quantile(self.times, 0.5) if self.times else None

    @property
    def flops_per_s(self) -> float | None:
        return self.cost.flops / self.seconds if self.seconds else None

    @property
    def bytes_per_s(self) -> float | None:
        """Traffic by the meter, which knows nothing of caches, in that time."""
        return self.cost.bytes_moved / self.seconds if self.seconds else None

    def row(self) -> dict[str, Any]:
        """One record of a table: plain values, stable keys."""
        layer = self.cost.layer
        return {
            "layer": layer.name,
            "op": layer.op,
            "kind": op_kind(layer),
            "stage": layer.stage,
            "seconds": self.seconds,
            "seconds_low": quantile(self.times, 0.25) if self.times else None,
            "seconds_high": quantile(self.times, 0.75) if self.times else None,
            "flops": self.cost.flops,
            "flops_per_s": self.flops_per_s,
            "bytes_moved": self.cost.bytes_moved,
            "bytes_per_s": self.bytes_per_s,
        }
