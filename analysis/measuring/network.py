"""From a target to something that can be run: weights drawn at random, moved, cast and compiled as a workload asks."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from analysis.measuring.device import Device
from analysis.measuring.workload import PRECISIONS, Workload
from analysis.targets import Target
from archs.create import create_model
from archs.layer import Shape


def prepare(target: Target, shape: Shape, workload: Workload, device: Device) -> Callable[[], Tensor]:
    """A function that runs the network once, in inference mode, on one batch of random images (N, C, H, W)."""
    precision = PRECISIONS[workload.precision]
    place = {"device": device.torch_device, "dtype": getattr(torch, precision.weights)}
    layout = torch.channels_last if workload.channels_last else torch.contiguous_format
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build(target).eval().to(**place).to(memory_format=layout)
        images = torch.randn(shape).to(**place).to(memory_format=layout)
    if workload.compile:
        torch.compiler.reset()  # else the ninth shape would run uncompiled, without a word
    forward = torch.compile(module, dynamic=False) if workload.compile else module

    def run() -> Tensor:
        kind, dtype = device.torch_device.type, getattr(torch, precision.activations)
        with torch.inference_mode(), torch.autocast(kind, dtype, enabled=precision.is_mixed):
            output: Tensor = forward(images)
            return output

    return run


def build(target: Target) -> nn.Module:
    """The target's module with weights: its own, or random ones where it has none; a copy if it was given as one."""
    if target.module is None:
        return create_model(target.config)
    module = deepcopy(target.module)
    for part in module.modules():
        _fill(part)
    return module


def _fill(module: nn.Module) -> None:
    """Give what a module has without values some that keep signals in range: denormal numbers would take longer."""
    for name, parameter in module.named_parameters(recurse=False):
        if parameter.is_meta:
            setattr(module, name, nn.Parameter(_values(name, parameter)))
    for name, buffer in module.named_buffers(recurse=False):
        if buffer.is_meta:
            setattr(module, name, _values(name, buffer))


def _values(name: str, like: Tensor) -> Tensor:
    if like.dim() > 1 and like.is_floating_point():
        return nn.init.kaiming_normal_(torch.empty_like(like, device="cpu"))
    scales = name in ("weight", "running_var")
    return torch.full_like(like, 1 if scales else 0, device="cpu")
