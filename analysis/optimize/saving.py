"""What optimising does to a network and what it saves: its counts before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analysis.memory.inference import inference_memory
from analysis.ops import find_op
from analysis.quantities import QUANTITIES
from analysis.summary import Summary, summarize
from analysis.units import format_share, format_si
from archs.errors import require
from archs.layer import CONSTANT, Layer, Pair


@dataclass(frozen=True)
class Report:
    """Which batch norms were folded and which were not, and why; the names are those of the modules."""

    name: str
    #: Folded batch norms, each with the convolution that took it in.
    folded: dict[str, str]
    #: The others, each with the reason.
    kept: dict[str, str]
    #: Those of the others that run as one multiply-add a channel.
    multiply_adds: list[str]
    #: Dense blocks whose layers write into one buffer instead of concatenating.
    preallocated: list[str]
    channels_last: bool
    compiled: bool
    #: Layer norms, and products and sums with weights: why they stay.
    others: dict[str, str] = field(default_factory=dict)
    #: Why weights do not lie channels last although that was asked for, as a clause.
    without_layout: str = ""

    def __str__(self) -> str:
        """A line for what was done and one for each reason against doing more."""
        total = len(self.folded) + len(self.kept)
        lines = [f"{self.name}: {len(self.folded)} of {total} batch norms folded into convolutions."]
        if not total:
            lines = [f"{self.name} has no batch norm: nothing to fold."]
        lines += [f"{count} kept: {reason}." for reason, count in Counter(self.kept.values()).most_common()]
        lines += self.others_kept
        if self.multiply_adds:
            lines.append(f"{len(self.multiply_adds)} of those kept run as one multiply-add a channel.")
        if self.preallocated:
            lines.append(f"{len(self.preallocated)} dense blocks write into one buffer each, without concatenations.")
        if self.channels_last:
            lines.append("Weights lie channels last.")
        if self.without_layout:
            lines.append(f"Weights lie as they did: channels last, {self.without_layout}.")
        if self.compiled:
            lines.append("Compiled with torch.compile.")
        return "\n".join(lines)

    @property
    def others_kept(self) -> list[str]:
        """A line for each reason why something else than a batch norm stays."""
        return [f"{count} {reason}." for reason, count in Counter(self.others.values()).most_common()]


def foldable_norms(layers: Sequence[Layer]) -> tuple[dict[str, str], dict[str, str]]:
    """The batch norms of a network that only rescale what one convolution makes, and why the others do more.

    Returns:
        The convolution of each batch norm that can be folded, and the reason for each that cannot; keys are the
        names of batch norms, in execution order.

    >>> from archs import plan_layers, get_config
    >>> convs, reasons = foldable_norms(plan_layers(get_config("densenet121")))
    >>> len(convs), convs["features.norm0"], reasons["features.denseblock1.denselayer1.norm1"]
    (59, 'features.conv0', 'it reads max_pool2d, not one convolution')
    """
    makers = {layer.name: layer for layer in layers}
    reads = Counter(name for layer in layers for name in layer.inputs)
    convs, reasons = {}, {}
    for layer in layers:
        if layer.op != "batch_norm":
            continue
        [source] = layer.inputs
        maker = makers.get(source)
        if maker is None or maker.op != "conv2d":
            reasons[layer.name] = f"it reads {'the image' if maker is None else maker.op}, not one convolution"
        elif reads[source] > 1:
            reasons[layer.name] = "its convolution is read by other layers too"
        elif layer.input_shapes[0] != maker.output_shape:
            reasons[layer.name] = "it reads its convolution in another shape"
        else:
            convs[layer.name] = source
    return convs, reasons


#: What else scales and shifts, in words.
SCALING = {"mul": "multiplications by weights", "add": "additions of weights"}


def other_scalings(layers: Sequence[Layer]) -> dict[str, str]:
    """Layer norms, and products and sums with weights alone, with the reason why no convolution takes them in."""
    makers = {layer.name: layer for layer in layers}
    found: dict[str, str] = {}
    behind: dict[str, str] = {}
    for layer in layers:
        if layer.op == "layer_norm":
            found[layer.name] = "layer norms stay: they take the statistics of what they read"
        elif layer.op in SCALING and CONSTANT in layer.inputs and layer.extra_params:
            [source] = [tensor for tensor in layer.inputs if tensor != CONSTANT]
            maker = makers.get(behind.get(source, source))
            behind[layer.name] = maker.name if maker else source
            reason = "their module computes them itself, with no part that could be left out"
            if maker is None or maker.op != "conv2d":
                what = (find_op(maker.op).word or maker.op) if maker else "the image"
                reason = f"they follow {what}, not a convolution"
            found[layer.name] = f"{SCALING[layer.op]} stay: {reason}"
    return found


#: What is counted before and after.
COUNTED = {key: QUANTITIES[key] for key in ("operations", "elementwise_ops", "bytes_moved", "peak_bytes", "params")}


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
    image_size: int | Pair | None = None,
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
    require("torch", "Optimising a network")
    from analysis.hardware.measure.session import build
    from analysis.optimize.optimize import optimize_for_inference

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


def folding_finding(found: Saving) -> str:
    """How many batch norms an optimised network has taken in, and what it does without."""
    folded, norms = len(found.report.folded), len(found.report.folded) + len(found.report.kept)
    if not norms:
        return " ".join([f"{found.name} has no batch norm: there is nothing to fold.", *found.report.others_kept])
    traffic = 1 - found.share("bytes_moved")
    peak = 1 - found.share("peak_bytes")
    return (
        f"{folded} of {norms} batch norms of {found.name} fold into the convolution before them: "
        f"{found.after['operations']:,} operations instead of {found.before['operations']:,} and "
        f"{format_share(traffic)} less memory traffic ({format_si(found.after['bytes_moved'], 'B')} instead of "
        f"{format_si(found.before['bytes_moved'], 'B')}); the peak of the tensors "
        + (f"is {format_share(abs(peak))} {'lower' if peak > 0 else 'higher'}." if peak else "stays what it was.")
    )
