"""What a training will take, before it begins."""

from __future__ import annotations


def steps_of_epoch(images: int, batch_size: int, processes: int = 1) -> int:
    """Batches of an epoch; one of fewer than two images a process, of which no batch norm learns, is left out.

    >>> steps_of_epoch(50_000, 64), steps_of_epoch(129, 64)
    (782, 2)
    """
    whole, rest = divmod(images, batch_size)
    return whole + (rest >= 2 * processes)
