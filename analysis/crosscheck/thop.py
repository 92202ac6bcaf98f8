"""thop: hooks modules whose very class is in its table; functions and subclasses count nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

from torch import Tensor, nn

from analysis.crosscheck.counter import (
    MACS,
    RECURRENT,
    Counter,
    Parts,
    Reading,
    Use,
    input_elements,
    macs_alone,
    missed,
    output_elements,
    overlooked,
    recurrent,
    words,
)


def run(module: nn.Module, image: Tensor) -> Reading:
    from thop import profile

    before = set(module.state_dict())
    macs, _ = profile(module, (image,), verbose=False)
    debris = len(set(module.state_dict()) - before)
    return Reading(int(macs), f"It leaves {debris} buffers behind in the module." if debris else "")


def _norm(use: Use) -> Parts:
    """Two operations an element, four with learnable scale and shift: subtract, divide, scale, shift."""
    affine = getattr(use.module, "affine", False) or getattr(use.module, "elementwise_affine", False)
    return {words(use.layer.op): prod(use.layer.input_shapes[0]) * (4 if affine else 2)}


def _adaptive_pool(use: Use) -> Parts:
    """A window's elements and one division for each output element; windows may be fractions."""
    source, target = use.layer.input_shapes[0], use.layer.output_shape
    window = 1.0
    for side, out in zip(source[2:], target[2:], strict=True):
        window *= side / out
    return {words(use.layer.op): int((window + 1) * prod(target))}


def _softmax(use: Use) -> Parts:
    """Exponentials, additions and divisions: 3n − 1 for each row of n."""
    shape = use.layer.input_shapes[0]
    features = shape[use.module.dim]  # type: ignore[index]
    return {words(use.layer.op): prod(shape) // features * (3 * features - 1)}


#: Operations for each element that an upsampling makes, by its mode; others are free.
UPSAMPLING = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 259}


def _upsampling(use: Use) -> Parts:
    module: Any = use.module
    return {words(use.layer.op): prod(use.layer.output_shape) * UPSAMPLING.get(module.mode, 0)}


def _transposed(use: Use) -> Parts:
    """As a convolution: the whole kernel at each position of the output, and not of the input."""
    conv: Any = use.module
    return {MACS: prod(use.layer.output_shape) * (conv.in_channels // conv.groups) * prod(conv.kernel_size)}


RULES: dict[type[nn.Module], Callable[[Use], Parts]] = {
    **dict.fromkeys((nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear), macs_alone),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm, nn.LayerNorm), _norm),
    **dict.fromkeys((nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d), _norm),
    **dict.fromkeys((nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d), output_elements),
    **dict.fromkeys((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), _adaptive_pool),
    **dict.fromkeys((nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d), _transposed),
    **dict.fromkeys((nn.Upsample, nn.UpsamplingNearest2d, nn.UpsamplingBilinear2d), _upsampling),
    **dict.fromkeys(RECURRENT, partial(recurrent, others={"RNN": 1, "GRU": 7, "LSTM": 8})),
    nn.Softmax: _softmax,
    nn.PReLU: input_elements,
}


def count(use: Use) -> Parts:
    """What the hook of the module's class adds, nothing for all else: activations, max pooling, functions."""
    rule = RULES.get(type(use.module))
    return rule(use) if rule and use.ends_call else {}


def find_faults(uses: list[Use]) -> list[str]:
    return [*overlooked(uses, RULES, lambda module: type(module) in RULES), *missed(uses, count)]


COUNTER = Counter(
    name="thop",
    package="thop",
    reported_as="MACs",
    unit="MACs",
    quote_when=(
        "Quote it to compare with a paper that used it (many detection and segmentation papers did), and say so: it "
        "adds four operations per element of every batch norm, which inference engines fold away, as if each were a "
        "multiply-accumulate. Only networks made of torch.nn's own classes are counted in full."
    ),
    run=run,
    count=count,
    find_faults=find_faults,
)
