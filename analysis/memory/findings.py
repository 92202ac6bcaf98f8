"""What the memory of a network says, in one or two sentences: computed, never canned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.memory.inference import InferenceMemory
from analysis.memory.storages import Footprint
from analysis.memory.training import TrainingMemory
from analysis.units import format_ratio, format_share, format_si, join

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
    shares = {kind: live[index] / peak.live_bytes for kind, live in memory.live_by_kind().items()}
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
    """How much is saved for the backward pass, what it consists of, and what recomputing does without."""
    shares = {kind: nbytes / plain.saved_bytes for kind, nbytes in plain.by_kind().items()}
    ratio = format_ratio(plain.saved_bytes / inference.peak_bytes)
    saved = (
        f"Training keeps {_bytes(plain.saved_bytes)} for the backward pass, {ratio} the peak of inference "
        f"({_parts(shares, _SAVED_NOUNS)})"
    )
    if recomputed is None:
        return f"{saved}."
    less = format_share(1 - recomputed.saved_bytes / plain.saved_bytes)
    return f"{saved}; recomputing the copies leaves {_bytes(recomputed.saved_bytes)}, {less} less."


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


def _parts(shares: Mapping[str, float], nouns: Mapping[str, str]) -> str:
    """What makes up the bulk of something, the largest first."""
    large = sorted(((share, kind) for kind, share in shares.items() if share >= _WORTH_MENTIONING), reverse=True)
    return join(f"{format_share(share)} {nouns.get(kind, kind)}" for share, kind in large)


def _bytes(value: float) -> str:
    return format_si(value, "B")
