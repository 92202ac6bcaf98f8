"""What the memory of a network says, in one or two sentences: computed, never canned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.findings import join
from analysis.hardware.measure.design_run import PLAIN, DesignRun
from analysis.memory.along_depth import live_by_kind
from analysis.memory.fits import Footprint
from analysis.memory.inference import InferenceMemory
from analysis.memory.training import TrainingMemory
from analysis.optimize.saving import Saving
from analysis.units import format_ratio, format_share, format_si, format_size

#: Kinds of memory as a sentence names them, where it does not name them as they are.
_LIVE_NOUNS = {"concat": "concatenation", "linear": "linear layers"}
_SAVED_NOUNS = {"concat copy": "copies by concatenation", "ReLU output": "ReLU outputs", "BN input": "BN inputs"}
#: Kinds that hold less than this share are not worth a mention.
_WORTH_MENTIONING = 0.1
_WHEN = {
    "inference": "at inference",
    "training": "in training",
    "training, recomputed": "in training that recomputes",
}


def inference_finding(memory: InferenceMemory) -> str:
    """How much is alive at most, where, and what it consists of.

    >>> from analysis import memory
    >>> print(inference_finding(memory("vovnet39")).replace("\u2009", " "))
    At inference, vovnet39 holds at most 19.9 MB of tensors, in OSA stage 2 (48 % normalisation and 48 % \
concatenation), beside 90.5 MB of weights and buffers.
    """
    peak = memory.peak
    index = memory.timeline.index(peak)
    shares = {kind: live[index] / peak.live_bytes for kind, live in live_by_kind(memory).items()}
    return (
        f"At inference, {memory.summary.name} holds at most {_bytes(peak.live_bytes)} of tensors, in "
        f"{peak.layer.stage} ({_parts(shares, _LIVE_NOUNS)}), beside {_bytes(memory.fixed_bytes)} of weights and "
        "buffers."
    )


def lifetimes_finding(eager: InferenceMemory, minimal: InferenceMemory) -> str:
    """What it costs that PyTorch's modules hold tensors longer than they are needed."""
    held, needed = eager.peak_bytes, minimal.peak_bytes
    if held == needed:
        return f"Eager modules hold no more than is needed at the peak: {_bytes(needed)}."
    return (
        f"Eager modules hold what they were called with until they return: {_bytes(held)} at the peak, "
        f"{format_ratio(held / needed)} the {_bytes(needed)} that suffice where each tensor is freed after its last "
        "reader."
    )


def training_finding(plain: TrainingMemory, inference: InferenceMemory, recomputed: TrainingMemory | None) -> str:
    """How much is kept for the backward pass, what it consists of, and what recomputing does without."""
    shares = {kind: nbytes / plain.saved_bytes for kind, nbytes in plain.by_kind().items()}
    ratio = format_ratio(plain.saved_bytes / inference.peak_bytes)
    kept = (
        f"Training keeps {_bytes(plain.saved_bytes)} for the backward pass, {ratio} the peak of inference "
        f"({_parts(shares, _SAVED_NOUNS)})"
    )
    if recomputed is None:
        return f"{kept}."
    less = format_share(1 - recomputed.saved_bytes / plain.saved_bytes)
    return f"{kept}; recomputing the copies leaves {_bytes(recomputed.saved_bytes)}, {less} less."


def fits_finding(footprints: Sequence[Footprint], budget_bytes: float) -> str:
    """The largest batches that a memory holds. Raises: ConfigError: the budget is not a positive number."""
    batches = {print_.mode: print_.largest_batch(budget_bytes) for print_ in footprints}
    parts = [f"{batch:,} {_WHEN[mode]}" for mode, batch in batches.items() if batch]
    budget = _bytes(budget_bytes)
    if not parts:
        least = min(print_.total_bytes(1) for print_ in footprints)
        return f"{budget} do not hold a single image: inference takes {_bytes(least)}."
    finding = f"{budget} hold a batch of {join(parts)}"
    if too_large := [_WHEN[mode] for mode, batch in batches.items() if not batch]:
        finding += f", but not a single image {join(too_large)}"
    return f"{finding}."


def folding_finding(saving: Saving) -> str:
    """How many batch norms an optimised network has taken in, and what it does without."""
    folded, norms = len(saving.report.folded), len(saving.report.folded) + len(saving.report.kept)
    if not norms:
        return f"{saving.name} has no batch norm: there is nothing to fold."
    traffic = 1 - saving.share("bytes_moved")
    peak = 1 - saving.share("peak_bytes")
    return (
        f"{folded} of {norms} batch norms of {saving.name} fold into the convolution before them: "
        f"{saving.after['operations']:,} operations instead of {saving.before['operations']:,} and "
        f"{format_share(traffic)} less memory traffic ({_bytes(saving.after['bytes_moved'])} instead of "
        f"{_bytes(saving.before['bytes_moved'])}); the peak of the tensors "
        + (f"is {format_share(abs(peak))} {'lower' if peak > 0 else 'higher'}." if peak else "stays what it was.")
    )


def designs_finding(run: DesignRun) -> str:
    """What each measured design saves, and what it costs in time, against the plain one."""
    parts = []
    for design in run.designs:
        if design.name != PLAIN:
            slowdown = run.slowdown(design)
            direction = "longer" if slowdown >= 0 else "shorter"
            parts.append(
                f"{design.name} keeps {format_share(run.saving(design))} less and takes "
                f"{format_share(abs(slowdown))} {direction}"
            )
    return (
        f"Measured on {run.machine.device_name}: plain {run.network} (batch {run.batch_size}, "
        f"{format_size(run.image_size)}) keeps {_bytes(run.plain.kept_bytes)} and takes "
        f"{format_si(run.plain.seconds, 's')} a step; {join(parts)}."
    )


def _parts(shares: Mapping[str, float], nouns: Mapping[str, str]) -> str:
    """What makes up the bulk of something, the largest first."""
    large = sorted(((share, kind) for kind, share in shares.items() if share >= _WORTH_MENTIONING), reverse=True)
    return join(f"{format_share(share)} {nouns.get(kind, kind)}" for share, kind in large)


def _bytes(value: float) -> str:
    return format_si(value, "B")
