"""Several processes that train one network together, as torchrun and `accelerate launch` start them, or one alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from archs.errors import DenseScopeError, first_line

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", 1))


def is_main() -> bool:
    """Whether this is the process that writes, reports and decides."""
    return int(os.environ.get("RANK", 0)) == 0


def by_main(action: Callable[[], T], *, cpu: bool = False) -> T:
    """What a call gives, or raises, that the main process alone carries out; every process calls this.

    Args:
        action: what to do; its result must be one that can be pickled.
        cpu: not to use GPUs that are there, as the first call of all decides.
    """
    if count() == 1:
        return action()
    join(cpu)
    from torch.distributed import broadcast_object_list

    answer: list[Any] = [None, None]
    raised: Exception | None = None
    if is_main():
        try:
            answer[0] = action()
        except Exception as error:
            raised = error
            answer[1] = error if isinstance(error, DenseScopeError) else RuntimeError(first_line(error))
    broadcast_object_list(answer)
    if raised or answer[1]:
        raise raised or answer[1]
    return answer[0]


def main_first(action: Callable[[], T]) -> T:
    """What a call gives in this process; the main process carries it out, or fails, before the others begin."""
    kept: list[T] = []
    by_main(lambda: kept.append(action()))
    return kept[0] if kept else action()


def join(cpu: bool) -> None:
    """Join the other processes, once."""
    from torch.distributed import is_initialized

    if not is_initialized():
        import atexit

        from accelerate.state import AcceleratorState, PartialState

        AcceleratorState._reset_state(reset_partial_state=True)  # of a training before that one process did alone
        PartialState(cpu=on_cpu(cpu))
        atexit.register(_leave)


def on_cpu(asked: bool) -> bool:
    """Whether to compute on the CPU: it was asked, or nothing else is there, which Accelerate must be told."""
    import torch

    return asked or not torch.accelerator.is_available()


def _leave() -> None:
    from torch.distributed import destroy_process_group, is_initialized

    if is_initialized():
        destroy_process_group()


def gathered(values: Tensor) -> Tensor:
    """A tensor of every process, (processes, *shape), on the CPU; the shape is the same in all."""
    if count() == 1:
        return values.unsqueeze(0).cpu()
    import torch

    each = [torch.empty_like(values) for _ in range(count())]
    torch.distributed.all_gather(each, values)
    return torch.stack(each).cpu()


def collected(values: list[T]) -> list[T]:
    """The values of all processes, in their order."""
    if count() == 1:
        return values
    from torch.distributed import all_gather_object

    each: list[list[T]] = [[] for _ in range(count())]
    all_gather_object(each, values)
    return [value for some in each for value in some]
