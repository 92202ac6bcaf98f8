"""Claim: DenseScope's memory-efficient DenseNet-121 keeps 70 % less than the plain one, and beats torchvision's.

Run `python -m benchmarks.memory [BATCH [SIZE [TURNS]]]`; all designs take turns in one process, each training on the
same images, and medians are compared. Kept is what autograd saves for the backward pass: distinct storages, parameters
excluded.
"""

from __future__ import annotations

import sys
from functools import partial

import torch
import torchvision
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

import archs
from benchmarks.timing import describe_machine, median_seconds

NAME = "densenet121"
CONVOLUTION = torch.ops.aten.convolution.default


def saved_bytes(model: nn.Module, image: Tensor) -> int:
    """Bytes of the distinct storages that one forward pass saves for the backward pass, parameters excluded."""
    parameters = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(image)  # alive until the count is taken, so that no storage is reused
    del output
    return sum(saved.values())


def contexts() -> tuple[object, object]:
    def keep_convolutions(_: object, op: object, *args: object, **kwargs: object) -> CheckpointPolicy:
        return CheckpointPolicy.MUST_SAVE if op is CONVOLUTION else CheckpointPolicy.PREFER_RECOMPUTE

    return create_selective_checkpoint_contexts(keep_convolutions)


#: How torch.utils.checkpoint is asked to show autograd's hooks what it keeps.
SELECTIVE = {"use_reentrant": False, "context_fn": contexts, "respect_saved_tensors_hooks": True}


class Selective(nn.Module):
    """The plain network with each dense block under selective checkpointing: convolutions kept, the rest run again."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        for name, child in self.model.features.named_children():
            x = checkpoint(child, x, **SELECTIVE) if "block" in name else child(x)
        return self.model.forward_head(x)


def step(model: nn.Module, image: Tensor) -> None:
    model.zero_grad()
    model(image).sum().backward()


def designs() -> dict[str, nn.Module]:
    theirs = torchvision.models.get_model
    return {
        "plain": archs.create_model(NAME),
        "memory_efficient": archs.create_model(NAME, memory_efficient=True),
        "selective checkpoint": Selective(archs.create_model(NAME)),
        "torchvision's": theirs(NAME, memory_efficient=True),
    }


def main() -> None:
    batch_size, size, turns = (int(value) for value in (sys.argv[1:] + ["8", "224", "5"][len(sys.argv) - 1 :]))
    print(f"{describe_machine('torchvision')}\n{NAME}, batch {batch_size}, {size}×{size}, median of {turns} turns")
    image = torch.randn(batch_size, 3, size, size)
    models = designs()
    kept = {name: saved_bytes(model, image) for name, model in models.items()}
    for name, value in kept.items():
        print(f"  {name:<22}{value / 1e6:>9.1f} MB kept {1 - value / kept['plain']:>7.1%} less", flush=True)
    seconds = median_seconds({name: partial(step, model, image) for name, model in models.items()}, turns)
    for name, value in seconds.items():
        print(f"  {name:<22}{value:>9.2f} s a step {value / seconds['plain'] - 1:>+7.1%}")


if __name__ == "__main__":
    main()
