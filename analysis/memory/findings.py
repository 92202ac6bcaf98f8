"""What the memory of a network says, in one or two sentences: computed, never canned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.memory.inference import InferenceMemory
from analysis.memory.storages import Footprint
from analysis.memory.training import TrainingMemory
from analysis.units import format_ratio, format_share, format_si, join, without_zeros

#: Kinds of memory as a sentence names them, where it does not name them as they are.
_LIVE_NOUNS = {"concat": "concatenation", "linear": "linear layers"}
_SAVED_NOUNS = {"concat copy": "copies by concatenation", "ReLU output": "ReLU outputs", "BN input": "BN inputs"}
#: Kinds that hold less than this share are not worth a mention.
_WORTH_MENTIONING = 0.1
_WHEN = {
    "inference": "at inference",
    "training": "in training",
    "training, recomputed": "with recomputing",
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


def verdict(footprints: Sequence[Footprint], budget_bytes: float, batch_size: int) -> str:
    """Whether a batch fits in a memory, and the largest that does: in training where that is counted.

    >>> from analysis import memory
    >>> found = [memory("densenet121").footprint, memory("densenet121", mode="training").footprint("adamw")]
    >>> print(verdict(found, 8e9, 32).replace("\u2009", " "))
    Yes: batch 32 fits in 8 GB; 60 is the most in training, 882 at inference.

    Raises: ConfigError: the budget is not a positive number.
    """
    most = {one.mode: one.largest_batch(budget_bytes) for one in footprints}
    asked = next((one for one in footprints if one.mode == "training"), footprints[0])
    largest, budget = most.pop(asked.mode), without_zeros(_bytes(budget_bytes))
    if batch_size <= largest:
        opening = f"Yes: batch {batch_size:,} fits in {budget}"
    else:
        helps = most.get("training, recomputed", 0) >= batch_size
        takes = f"takes {_bytes(asked.total_bytes(batch_size))}, more than {budget}"
        opening = f"{'Only with recomputing' if helps else 'No'}: batch {batch_size:,} {takes}"
    limit = f"{f'{largest:,} is the most' if largest else 'not one image fits'} {_WHEN[asked.mode]}"
    others = [f"{f'{batch:,}' if batch else 'none'} {_WHEN[mode]}" for mode, batch in reversed(most.items())]
    return f"{opening}; {', '.join([limit, *([join(others)] if others else [])])}."


def _parts(shares: Mapping[str, float], nouns: Mapping[str, str]) -> str:
    """What makes up the bulk of something, the largest first."""
    large = sorted(((share, kind) for kind, share in shares.items() if share >= _WORTH_MENTIONING), reverse=True)
    return join(f"{format_share(share)} {nouns.get(kind, kind)}" for share, kind in large)


def _bytes(value: float) -> str:
    return format_si(value, "B")
