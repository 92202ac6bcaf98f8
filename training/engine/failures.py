"""What went wrong in a training, in a sentence that says what to do."""

from __future__ import annotations

from archs.errors import DenseScopeError, first_line
from training.engine import processes
from training.errors import TrainingError
from training.recipes import Recipe

#: How PyTorch's allocators say that there is no more: on GPUs, and on CPUs.
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "Cannot allocate memory")
#: What sends between processes, as it names itself in its errors.
_LOST = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer")


def explained(error: Exception, recipe: Recipe) -> DenseScopeError:
    """An error of which a person can make something; those that are such already stay."""
    if isinstance(error, DenseScopeError):
        return error
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
        memory_efficient = "" if recipe.memory_efficient else "memory_efficient, "
        return TrainingError(
            f"A step of {recipe.batch_size} images in {recipe.accumulate} part{'s' * (recipe.accumulate > 1)} does not "
            f"fit into memory: try {memory_efficient}accumulate={2 * recipe.accumulate} or a smaller batch_size."
        )
    if processes.count() > 1 and any(words in str(error) for words in _LOST):
        return TrainingError("Another of the processes that trained together is gone: the same command goes on.")
    short = f"{type(error).__name__}, {first_line(error)}"
    if recipe.compile and type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        return TrainingError(f"torch.compile cannot compile this network here ({short}): set compile to False.")
    return TrainingError(f"The training failed: {short}.")
