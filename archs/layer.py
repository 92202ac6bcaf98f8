"""The `Layer` record: what a layer is, never what it costs. Plans and traces both hand these over."""

from __future__ import annotations

from typing import NamedTuple

Shape = tuple[int, ...]
Pair = tuple[int, int]
#: Kernel sizes, strides, paddings, dilations: one number per spatial axis.
Sides = tuple[int, ...]

#: Name under which a layer's `inputs` refer to the network's input image.
INPUT = "input"
#: The same for a tensor that a module holds or makes itself, without the image.
CONSTANT = "constant"


class Layer(NamedTuple):
    """One operation of a network, with the tensors that it reads and the tensor that it makes.

    `name` is the dotted path as in `named_modules()` for module layers, and the path of the enclosing module
    plus the operation for functional ones (`features.denseblock1.denselayer2.concat`).
    """

    name: str
    op: str
    stage: str
    #: Names of the layers whose outputs are read, `INPUT` for the image: the edges of the data flow.
    inputs: tuple[str, ...]
    #: One shape (N, C, H, W) per entry of `inputs`; (N, C) in front of a linear layer.
    input_shapes: tuple[Shape, ...]
    output_shape: Shape
    kernel: Sides | None = None
    stride: Sides | None = None
    padding: Sides | None = None
    dilation: Sides | None = None
    groups: int = 1
    bias: bool = False
    #: Learnable scalars beyond what op and shapes imply: a scale, a positional embedding. Negative where a layer's
    #: weights are shared with an earlier layer, or are not learnable.
    extra_params: int = 0
    #: Elements of weights and constants that are read beyond what op and shapes imply.
    extra_reads: int = 0
    #: Scalars among its weights that are frozen (`requires_grad` is False).
    frozen_params: int = 0
    #: The first channel that it reads of each input, where one is a part of a tensor: a split is a view, not a layer.
    offsets: tuple[int, ...] = ()


def conv_size(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Output length of a convolution, or of a pooling without ceil mode, along one axis (may be ≤ 0)."""
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


def ceil_pool_size(size: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """Output length of a pooling in ceil mode; the last window must start inside the (left-padded) input.

    Source: torch.nn.MaxPool2d, note on `ceil_mode`.
    """
    length = -((size + 2 * padding - dilation * (kernel - 1) - 1) // -stride) + 1
    return length - 1 if (length - 1) * stride >= size + padding else length
