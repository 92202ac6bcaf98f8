"""All that is random in a training follows from numbers that are known: it is derived, never saved.

So a run that was killed in the middle of an epoch goes on as if nothing had happened.
"""

from __future__ import annotations

import hashlib

import torch


def derived(*numbers: int) -> int:
    """A seed of 63 bits that follows from some numbers, such as (seed, epoch, step, rank)."""
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def generator(*numbers: int) -> torch.Generator:
    """A generator of its own that follows from some numbers."""
    return torch.Generator().manual_seed(derived(*numbers))


def seed_layers(seed: int, device: torch.device) -> None:
    """Let what layers draw, from the generator that all share, follow from a seed from here on."""
    if device.type == "cpu":  # `torch.manual_seed` would write down where it was called, for GPUs that may come
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)
