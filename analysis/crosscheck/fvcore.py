"""fvcore: traces the module to a TorchScript graph and looks each operation up in a table."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from torch import Tensor, nn

from analysis.crosscheck.counter import MACS, Counter, Parts, Reading, words
from analysis.crosscheck.shape_tracing import ShapesOnly
from analysis.crosscheck.witness import Use


def run(module: nn.Module, image: Tensor) -> Reading:
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, image)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    with ShapesOnly():
        total = int(analysis.total())
    skipped = ", ".join(f"{name} {times}×" for name, times in analysis.unsupported_ops().most_common())
    return Reading(total, f"It has no rule for {skipped}." if skipped else "")


def _macs(use: Use) -> Parts:
    return {MACS: use.macs}


def _batch_norm(use: Use) -> Parts:
    """Folded into a scale and a shift: two operations an element, one without learnable scalars."""
    return {words(use.layer.op): prod(use.layer.input_shapes[0]) * (2 if use.layer.bias else 1)}


def _norm(use: Use) -> Parts:
    """Five operations an element, four without learnable scalars."""
    affine = getattr(use.module, "weight", None) is not None
    return {words(use.layer.op): prod(use.layer.input_shapes[0]) * (5 if affine else 4)}


def _input_element(use: Use) -> Parts:
    return {words(use.layer.op): prod(use.layer.input_shapes[0])}


#: By the name of torch's function, or of the operation inside one that the trace takes apart.
RULES: dict[str, Callable[[Use], Parts]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d", "linear", "matmul", "mm", "bmm", "addmm", "einsum"), _macs),
    "batch_norm": _batch_norm,
    "layer_norm": _norm,
    "group_norm": _norm,
    "adaptive_avg_pool2d": _input_element,
}


def count(use: Use) -> Parts:
    """By the operation, module or not; activations and concatenation are free, other pooling has no rule."""
    rule = RULES.get(getattr(use.function, "__name__", "").strip("_")) or RULES.get(use.layer.op)
    return rule(use) if rule else {}


def find_faults(uses: list[Use]) -> list[str]:
    missed = sorted({words(use.layer.op) for use in uses if use.macs and not count(use)})
    return [f"It misses the multiply-accumulates of {', '.join(missed)}."] if missed else []


COUNTER = Counter(
    name="fvcore",
    package="fvcore",
    reported_as="FLOPs",
    unit="MACs",
    quote_when=(
        "Quote it to compare with detectron2, pycls and other work of the same laboratory, and call it MACs: what it "
        "calls a FLOP is a multiply-accumulate. It sees functional code as well as modules, but adds two operations "
        "per element of every batch norm, one per element that adaptive pooling reads, and omits fused attention."
    ),
    run=run,
    count=count,
    find_faults=find_faults,
)
