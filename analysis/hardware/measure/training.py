"""Schemes to train one network with less memory: ours, selective checkpointing, torchvision's; run and measured."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts

from analysis.hardware.measure.benchmark import AfterRun, nothing
from analysis.hardware.measure.processors import Processor, find_processor
from analysis.hardware.measure.record import BenchmarkError
from analysis.hardware.measure.schemes import PLAIN, SchemeRun, SchemeTime
from analysis.hardware.measure.turn import alone_on_this_machine
from analysis.memory import memory
from analysis.units import format_si
from archs import checks
from archs.create import create_model
from archs.layer import Pair
from archs.registry import get_family, recomputes
from archs.resolve import resolve_config

CONVOLUTION = torch.ops.aten.convolution.default


def schemes(target: Any) -> dict[str, nn.Module]:
    """A registered network, or a design of one's own, in every scheme that there is, the plain one first.

    Raises: UnknownArchError: no such network.
    """
    config = resolve_config(target)
    training = get_family(config.family).training
    found = {PLAIN: create_model(target)}
    if recomputes(config):
        found["memory_efficient"] = create_model(target, memory_efficient=True)
    if training.checkpoints:
        found["selective checkpoint"] = Selective(create_model(target), training.checkpoints)
    return found | _of_torchvision(target)


def _of_torchvision(target: Any) -> dict[str, nn.Module]:
    if find_spec("torchvision") is None:
        return {}
    from torchvision.models import get_model, list_models

    known = checks.word(target) in list_models()
    return {"torchvision's": get_model(target, memory_efficient=True)} if known else {}


class Selective(nn.Module):
    """The plain network with each block under selective checkpointing: convolutions kept, the rest run again."""

    def __init__(self, model: nn.Module, blocks: str) -> None:
        super().__init__()
        self.model, self.blocks = model, blocks

    def forward(self, x: Tensor) -> Tensor:
        for name, child in self.model.features.named_children():  # type: ignore[union-attr]
            x = checkpoint(child, x, **_SELECTIVE) if re.match(self.blocks, name) else child(x)
        head: Tensor = self.model.forward_head(x)  # type: ignore[operator]
        return head


def _keep_convolutions() -> Any:
    def policy(_: object, op: object, *args: object, **kwargs: object) -> CheckpointPolicy:
        return CheckpointPolicy.MUST_SAVE if op is CONVOLUTION else CheckpointPolicy.PREFER_RECOMPUTE

    return create_selective_checkpoint_contexts(policy)  # type: ignore[no-untyped-call]


#: How torch.utils.checkpoint is asked to show autograd's hooks what it keeps.
_SELECTIVE: dict[str, Any] = {
    "use_reentrant": False,
    "context_fn": _keep_convolutions,
    "respect_saved_tensors_hooks": True,
}


def saved_bytes(model: nn.Module, images: Tensor) -> int:
    """Bytes of the distinct storages that a forward pass saves for the backward pass, parameters and buffers excluded.

    Args:
        model: in training.
        images: (N, C, H, W).
    """
    there_anyway = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers())}
    saved: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in there_anyway:
            saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(images)  # alive until the count is taken, so that no storage is reused
    del output
    return sum(saved.values())


def step(model: nn.Module, images: Tensor) -> None:
    """One forward and one backward pass."""
    model.zero_grad()
    model(images).sum().backward()


def measure_schemes(
    target: Any,
    batch_size: int = 2,
    image_size: int | Pair = 96,
    turns: int = 3,
    device: str = "cpu",
    after_step: AfterRun = nothing,
) -> SchemeRun:
    """Every scheme of a registered network, or a design of one's own, training in turns.

    Args:
        target: a registered name, a config, a design or its file.
        batch_size, image_size: of the images (N, C, H, W).
        turns: timed steps of each scheme, after one that warms up.
        device: "cpu", "cuda" or "cuda:N".
        after_step: called after each timed step, for a progress bar; an exception that it raises ends the run.

    Raises:
        UnknownArchError, ConfigError: no such network, or one that does not suit the size.
        DeviceError, BenchmarkError: there is no such device here, or too little memory.
    """
    size, processor = checks.image_size(image_size), find_processor(device, "float32")
    batch_size, turns = checks.batch_size(batch_size), checks.integer("turns", turns, 1, 1000)
    models = schemes(target)
    plain = memory(target, size, batch_size, mode="training")
    _require_memory(2 * plain.total_bytes("none") + len(models) * 2 * plain.weight_bytes, processor)
    images = torch.randn(batch_size, plain.summary.target.config.in_channels, *size, device=processor.torch_device)
    placed = {key: model.to(processor.torch_device) for key, model in models.items()}
    with alone_on_this_machine():
        taken = _measure(placed, images, turns, processor, after_step)
    return SchemeRun(plain.summary.name, batch_size, size, processor.machine(), taken)


def _measure(
    models: Mapping[str, nn.Module], images: Tensor, turns: int, processor: Processor, after_step: AfterRun
) -> tuple[SchemeTime, ...]:
    saved: dict[str, int] = {}
    times: dict[str, tuple[float, ...]] = {}
    for name, model in models.items():
        saved[name], times[name] = saved_bytes(model, images), ()
        step(model, images)
    for _ in range(turns):
        for name, model in models.items():
            times[name] += processor.times(partial(step, model, images), 1, after_step)
    return tuple(SchemeTime(name, saved[name], times[name]) for name in models)


def _require_memory(needed: int, processor: Processor) -> None:
    """Fail before the operating system ends the process."""
    free = processor.free_memory()
    if free is not None and needed > free:
        raise BenchmarkError(
            f"The schemes need about {format_si(needed, 'B')}, and {format_si(free, 'B')} are free: "
            "take a smaller batch or image size."
        )
