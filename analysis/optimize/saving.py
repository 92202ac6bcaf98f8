"""What optimising a network for inference saves: its counts before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.memory.inference import inference_memory
from analysis.optimize.report import Report
from analysis.quantities import QUANTITIES, Quantity
from analysis.summary import Summary, summarize
from archs.errors import MissingPackageError
from archs.layer import Pair

_OWN = (
    Quantity("operations", "Operations", "", "Layers that run, each as its own kernel."),
    Quantity("peak_bytes", "Peak of the tensors", "B", "Most bytes of tensors alive at once in eager mode."),
)
#: What is counted before and after.
COUNTED = {
    quantity.key: quantity
    for quantity in (_OWN[0], QUANTITIES["elementwise_ops"], QUANTITIES["bytes_moved"], _OWN[1], QUANTITIES["params"])
}


@dataclass(frozen=True)
class Saving:
    """One network before and after `analysis.optimize_for_inference`."""

    name: str
    report: Report
    #: The quantities of `COUNTED`.
    before: dict[str, int]
    after: dict[str, int]

    def share(self, key: str) -> float:
        """What is left of a quantity, as a share of what it was."""
        return self.after[key] / self.before[key] if self.before[key] else 1.0


def saving(
    target: Any,
    image_size: int | Pair | None = 224,
    batch_size: int = 1,
    dtype: str = "float32",
    *,
    channels_last: bool = True,
) -> Saving:
    """Optimise a network, with random weights where it has none, and count both.

    Args:
        target, image_size, batch_size, dtype: as `analysis.summarize`.
        channels_last: as `analysis.optimize_for_inference`.

    Raises:
        DenseScopeError: a bad target or size; a network that cannot be traced; torch is not installed.
    """
    before = summarize(target, image_size, batch_size, dtype)
    try:
        from analysis.measuring.network import build
        from analysis.optimize.optimize import optimize_for_inference
    except ModuleNotFoundError:
        raise MissingPackageError("Optimising a network", "torch") from None
    model = optimize_for_inference(build(before.target), channels_last=channels_last, image_size=before.image_size)
    after = summarize(model, before.image_size, batch_size, dtype)
    report: Report = model.report  # type: ignore[assignment]
    return Saving(before.name, report, _count(before), _count(after))


def _count(summary: Summary) -> dict[str, int]:
    return {
        "operations": len(summary.layers),
        "elementwise_ops": summary.elementwise_ops,
        "bytes_moved": summary.bytes_moved,
        "peak_bytes": inference_memory(summary).peak_bytes,
        "params": summary.params,
    }
