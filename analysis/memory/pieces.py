"""Pieces of memory, each alive as long as somebody holds it, and what of them the batch makes grow."""

from __future__ import annotations

#: What is proportional to the batch; the parameters' gradients; the statistics of a batch, the loss among them.
BATCH, GRADIENTS, STATISTICS = range(3)


class Pieces:
    """The pieces of memory that are alive, each as long as somebody holds it."""

    def __init__(self) -> None:
        self.live = [0, 0, 0]
        self._pieces: list[tuple[int, int]] = []
        self._holders: list[int] = []

    def make(self, nbytes: int, share: int = BATCH) -> int:
        self.live[share] += nbytes
        self._pieces.append((nbytes, share))
        self._holders.append(1)
        return len(self._pieces) - 1

    def hold(self, piece: int) -> int:
        self._holders[piece] += 1
        return piece

    def release(self, *pieces: int) -> None:
        for piece in pieces:
            self._holders[piece] -= 1
            if not self._holders[piece]:
                nbytes, share = self._pieces[piece]
                self.live[share] -= nbytes
