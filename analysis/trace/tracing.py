"""The second route: any module, run with shapes instead of arithmetic, and counted by a second witness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from analysis.trace.detectors import steps_of, words_of
from analysis.trace.inputs import Inputs, image_inputs, shapes_of, stated_inputs
from analysis.trace.recorder import Recorder, source_of
from analysis.trace.stand_in import tensors_in, without_compiling
from archs.errors import DenseScopeError, TraceError, first_line
from archs.layer import INPUT, Layer, Pair, Shape


@dataclass(frozen=True)
class Trace:
    """What one forward pass of a module consists of."""

    layers: list[Layer]
    #: Dotted path of the module that ran, for each layer.
    paths: list[str] = field(repr=False)
    #: The layer that allocated the memory of each tensor, `INPUT` for what the module is given.
    owners: dict[str, str] = field(repr=False)
    #: Index of the last layer as which the memory of each owner is held; without what is held to the end.
    last_held: dict[str, int] = field(repr=False)
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    #: Names of the layers that made them.
    outputs: tuple[str, ...] = field(repr=False)
    #: Scalars of each parameter that no layer reads, by name.
    unreached: dict[str, int]
    #: Names of the parameters that a layer reads.
    reached: frozenset[str]
    inputs: Inputs = field(repr=False)
    #: What was left out of a module that cannot be counted as a whole, in a sentence.
    left_out: str = ""
    #: Whether a second count agreed.
    verified: bool = False
    #: Why it did not, in a sentence.
    doubt: str = ""

    @property
    def batch_and_size(self) -> tuple[int, Pair]:
        """N, and the last two sides, of the first input (N, C, …)."""
        images = next(iter(self.inputs.args), None)
        if isinstance(images, list) and images[0].ndim == 3:  # (C, H, W) each, as detectors take them
            return len(images), tuple(images[0].shape[1:])
        batch, *sides = next(iter(self.input_shapes), ()) or (1,)
        height, width = (1, 1, *sides[1:])[-2:]
        return batch, (height, width)


def trace(
    module: nn.Module,
    image_size: Pair = (224, 224),
    batch_size: int = 1,
    in_channels: int | None = None,
    *,
    training: bool = False,
) -> list[Layer]:
    """The layers of any module in execution order; arguments and errors as in `record`."""
    return record(module, image_size, batch_size, in_channels, training=training).layers


def record(
    module: nn.Module,
    image_size: Pair = (224, 224),
    batch_size: int = 1,
    in_channels: int | None = None,
    *,
    stated: Any = None,
    training: bool = False,
) -> Trace:
    """The layers of any module in execution order, and what else a forward pass tells.

    Args:
        module: real or meta weights, which are not read; it runs itself, so hand in a `stand_in` of what others own.
        image_size: (h, w) in pixels.
        batch_size: N.
        in_channels: C of the images (N, C, H, W); None for what the module turns out to take.
        stated: what the module takes if not one image, as `inputs.stated_inputs`.
        training: with dropout, auxiliary heads, and whatever else the module does in training alone.

    Raises:
        TraceError: the module's forward pass fails on shapes alone; the sentence says where.
    """
    if stated is not None:
        return _record(module, stated_inputs(module, stated), training)
    failures = []
    for inputs in image_inputs(module, image_size, batch_size, in_channels):
        try:
            return _record(module, inputs, training)
        except TraceError as error:
            failures.append((error, shapes_of(inputs)[0]))
    first, shape = failures[0]
    if in_channels is None:
        sentence = f"{str(first)[:-1]}, on images of {shape}; input= and in_channels= state what else it takes."
        raise TraceError(sentence) from first
    raise first


def _record(module: nn.Module, inputs: Inputs, training: bool) -> Trace:
    recorder = Recorder(module)
    for tensor in tensors_in((inputs.args, inputs.kwargs)):
        recorder.mark(tensor, INPUT)
    with running(module, training), recorder.running.followed(), recorder:
        try:
            result = forward(module)(*inputs.args, **inputs.kwargs)
            recorder.require_seen(result)
            left_out = words_of(module)
        except Exception as error:
            if isinstance(error, DenseScopeError) and not isinstance(error, TraceError):
                raise
            where = recorder.running.path or type(module).__name__
            raise TraceError(
                f"{type(module).__name__} cannot be traced: {where} fails with {reason(error)!r}."
            ) from error
    held = recorder.held
    return Trace(
        recorder.layers,
        recorder.paths,
        {name: held.owner(name) for name in (INPUT, *(layer.name for layer in recorder.layers))},
        held.last_held(),
        shapes_of(inputs),
        tuple(tuple(tensor.shape) for tensor in tensors_in(result)),
        tuple(filter(None, map(source_of, tensors_in(result)))),
        recorder.unreached,
        recorder.reached,
        inputs,
        left_out,
    )


def forward(module: nn.Module) -> Callable[..., Any]:
    """What to call: the module as it was written, never what a compiler made of it; what counts of a detector."""
    return steps_of(module) or (module._call_impl if module._compiled_call_impl else module)


@contextmanager
def running(module: nn.Module, training: bool) -> Iterator[None]:
    """Put a module and its parts into a mode, and each back into its own afterwards; draw no one's random numbers.

    Batch norms never go into training mode, where they would count the batch.
    """
    before = {child: child.training for child in module.modules()}
    for child in before:
        child.training = training and not isinstance(child, _BatchNorm)
    try:
        with torch.no_grad(), torch.random.fork_rng([]), without_compiling():
            yield
    finally:
        for child, mode in before.items():
            child.training = mode


def reason(error: Exception) -> str:
    """An error of torch in words that don't ask to know what a trace does."""
    text = first_line(error)
    if "TorchScript interpreter" in text:
        return "operations of TorchScript cannot be followed"
    if "nonzero" in text:
        return "what a mask keeps depends on the values of a tensor, which shapes alone don't tell"
    if "meta tensor" in text or "Meta" in text or "register_meta" in text or "'meta'" in text:
        return f"the values of a tensor are asked for, which shapes alone don't tell ({text[:80]})"
    return text
