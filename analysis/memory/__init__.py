"""The memory that a network takes, exact and without arithmetic, from its layers: at inference and in training."""

from __future__ import annotations

from typing import Any, Literal, overload

from analysis.memory.inference import InferenceMemory, inference_memory
from analysis.memory.lifetimes import LIFETIMES
from analysis.memory.training import OPTIMIZERS, TrainingMemory, training_memory
from analysis.summary import Summary, summarize
from archs import checks
from archs.called import as_its_module
from archs.layer import Pair

__all__ = ["LIFETIMES", "MODES", "OPTIMIZERS", "InferenceMemory", "TrainingMemory", "memory", "memory_of"]

MODES = ("inference", "training")


@overload
def memory(
    target: Any,
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    dtype: str = "float32",
    mode: Literal["inference"] = "inference",
    *,
    lifetimes: str = "eager",
    inplace_relu: bool = True,
    **options: Any,
) -> InferenceMemory: ...


@overload
def memory(
    target: Any,
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    dtype: str = "float32",
    *,
    mode: Literal["training"],
    lifetimes: str = "eager",
    inplace_relu: bool = True,
    **options: Any,
) -> TrainingMemory: ...


@as_its_module
def memory(
    target: Any,
    image_size: int | Pair | None = None,
    batch_size: int = 1,
    dtype: str = "float32",
    mode: str = "inference",
    *,
    lifetimes: str = "eager",
    inplace_relu: bool = True,
    **options: Any,
) -> InferenceMemory | TrainingMemory:
    """The bytes that a network holds, by tensor and by layer.

    >>> memory("densenet121").peak_layer
    'features.denseblock1.denselayer6.norm1'

    Args:
        target, image_size, batch_size, dtype: as `analysis.summarize`.
        mode: "inference": what is alive as the layers run; "training": what is saved, and the peak of a step.
        lifetimes: at inference, how long tensors are held. "eager": until the modules that were called with them
            return, as PyTorch runs networks, and a module as its own trace shows; "minimal": until their last reader
            has run, as after `torch.fx.symbolic_trace`.
        inplace_relu: of a layer plan, whether a ReLU overwrites its input where nothing else reads that, as all
            registered networks do; a module overwrites what it overwrites.
        options: further ones of `analysis.summarize`, such as `allow_uncounted`.

    Raises:
        DenseScopeError: as `analysis.summarize`; a mode that is not one; tensors that cannot be followed.
    """
    mode = checks.choice("mode", mode, MODES)
    summary = summarize(target, image_size, batch_size, dtype, **options)
    return memory_of(summary, mode, lifetimes=lifetimes, inplace_relu=inplace_relu)


def memory_of(
    summary: Summary, mode: str = "inference", *, lifetimes: str = "eager", inplace_relu: bool = True
) -> InferenceMemory | TrainingMemory:
    """As `memory`, of a network whose layers are already there."""
    mode, lifetimes = checks.choice("mode", mode, MODES), checks.choice("lifetimes", lifetimes, LIFETIMES)
    inplace_relu = checks.boolean("inplace_relu", inplace_relu)
    if mode == "inference":
        return inference_memory(summary, lifetimes, inplace_relu=inplace_relu)
    return training_memory(summary)
