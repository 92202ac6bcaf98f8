"""What a trace knows about torch's operations: what they are called, their geometry, and what they are made of.

Operations are looked up by name, so that `torch.add`, `Tensor.add_`, `+` and `+=` are one. A rule takes the arguments
of torch's function under torch's names. What has no rule runs on meta tensors and tells its output shape itself;
whether it can be counted is for the meter to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import FunctionType, MappingProxyType
from typing import Any, NamedTuple

from torch import Tensor
from torch.nn import functional as F

from archs.layer import Shape, Sides, ceil_pool_size, conv_size


class Call(NamedTuple):
    """One operation about to become a `Layer`."""

    op: str
    inputs: Sequence[Tensor]
    #: None for that of the meta tensor that torch makes.
    output_shape: Shape | None = None
    #: The fields of `Layer` after its shapes.
    geometry: Mapping[str, Any] = MappingProxyType({})
    #: Whether the first input is overwritten, beyond what the name of torch's function says.
    in_place: bool = False

    @property
    def tells_output(self) -> bool:
        """Whether it says what shape and type the output has, which is torch's to tell of integers and mixed types."""
        types = {tensor.dtype for tensor in self.inputs}
        is_float = len(types) == 1 and types.pop().is_floating_point
        return self.output_shape is not None and (is_float or self.op in ("write", "setitem"))


#: What a rule says: a layer, other operations that stand for this one, or None for what does nothing.
Rule = Callable[..., "Call | Callable[[], Any] | None"]

RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    """Register the rule of some operations."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(names, function))
        return function

    return register


_STATISTICS, _AFFINE = ("running_mean", "running_var"), ("weight", "bias")


@rule("batch_norm")
def batch_norm(input: Tensor, *args: Any, **kwargs: Any) -> Call:
    """`torch.batch_norm`, which takes all of its nine arguments, has another order than that of `functional`."""
    names = _AFFINE + _STATISTICS if len(args) + len(kwargs) == 8 else _STATISTICS + _AFFINE
    given = dict(zip(names, args, strict=False)) | kwargs
    for learned in map(given.get, names):
        if learned is not None and learned.shape != input.shape[1:2]:
            raise ValueError(f"{learned.numel()} channels expected, {tuple(input.shape)} given")
    shape = None if given["running_mean"] is None else tuple(input.shape)
    return Call("batch_norm", (input,), shape, {"bias": given.get("weight") is not None})


def _norm(op: str, place: int) -> Rule:
    """Of a norm whose weight is in this place behind the input."""

    def norm(input: Tensor, *args: Any, weight: Tensor | None = None, **_: Any) -> Call:
        weight = args[place] if len(args) > place else weight
        return Call(op, (input,), None, {"bias": weight is not None})

    return norm


for _name in ("layer_norm", "rms_norm"):
    RULES[_name] = _norm(_name, 1)


@rule("group_norm")
def group_norm(input: Tensor, num_groups: int, weight: Tensor | None = None, *_: Any, **__: Any) -> Call:
    return Call("group_norm", (input,), None, {"groups": num_groups, "bias": weight is not None})


RULES["instance_norm"] = _norm("instance_norm", 2)


def _along_axis(op: str) -> Rule:
    def along_axis(input: Tensor, dim: int | None = None, *_: Any, **__: Any) -> Call:
        if dim is not None and not -max(1, input.ndim) <= dim < max(1, input.ndim):  # meta tensors don't mind
            raise ValueError(f"there is no axis {dim} in {tuple(input.shape)}")
        return Call(op, (input,))

    return along_axis


for _name in ("softmax", "log_softmax", "softmin"):
    RULES[_name] = _along_axis(_name.replace("min", "max"))


def _max_pool(axes: int) -> Rule:
    def max_pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Call:
        return _pool("max_pool", axes, input, kernel_size, stride, padding, per_axis(dilation, axes), ceil_mode)

    return max_pool


def _avg_pool(axes: int) -> Rule:
    def avg_pool(
        input: Tensor,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        *_: Any,
        **__: Any,
    ) -> Call:
        return _pool("avg_pool", axes, input, kernel_size, stride, padding, None, ceil_mode)

    return avg_pool


def _pool(
    op: str, axes: int, input: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Sides | None, ceil_mode: bool
) -> Call:
    kernel, padding = per_axis(kernel, axes), per_axis(padding, axes)
    stride = per_axis(stride, axes) if stride else kernel
    sides = input.shape[-axes:]
    size = ceil_pool_size if ceil_mode else conv_size
    if min(map(size, sides, kernel, stride, padding, dilation or (1,) * axes)) < 1:
        raise ValueError(f"nothing left to pool in maps of {by(sides)}")
    return Call(f"{op}{axes}d", (input,), None, windows(kernel, stride, padding, dilation))


def made_of_others(function: Any) -> Rule:
    """The rule of a function of torch that is made of others: a version of it that lets a trace see those."""
    unseen = dict.fromkeys(("has_torch_function", "has_torch_function_unary"), lambda _: False)
    seen = FunctionType(function.__code__, vars(F) | unseen, function.__name__)
    seen.__defaults__, seen.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return lambda *args, **kwargs: lambda: seen(*args, **kwargs)


for _function in (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d):
    RULES[_function.__name__] = made_of_others(_function)


def _adaptive_avg_pool(axes: int) -> Rule:
    def adaptive_avg_pool(input: Tensor, output_size: Any) -> Call:
        one = set(per_axis(output_size, axes)) == {1}  # torch itself takes a mean then
        if not one:
            return Call(f"adaptive_avg_pool{axes}d", (input,))
        is_usual = input.ndim in (axes + 1, axes + 2) and 0 not in input.shape
        return Call("global_avg_pool", (input,), (*input.shape[:-axes], *(1,) * axes) if is_usual else None)

    return adaptive_avg_pool


for _axes in (1, 2, 3):
    RULES[f"max_pool{_axes}d"] = RULES[f"max_pool{_axes}d_with_indices"] = _max_pool(_axes)
    RULES[f"avg_pool{_axes}d"] = _avg_pool(_axes)
    RULES[f"adaptive_avg_pool{_axes}d"] = _adaptive_avg_pool(_axes)


@rule("mean")
def mean(input: Tensor, dim: Any = None, keepdim: bool = False, **more: Any) -> Call:
    """Averages over height and width are the same operation as a global pooling."""
    over_maps = input.ndim == 4 and not isinstance(dim, int) and {axis % 4 for axis in dim or ()} == {2, 3}
    if not over_maps:
        return Call("mean", (input,))
    is_usual = tuple(dim) in ((2, 3), (-2, -1)) and not more and 0 not in input.shape
    shape = (*input.shape[:2], 1, 1) if keepdim else tuple(input.shape[:2])
    return Call("global_avg_pool", (input,), shape if is_usual else None)


@rule("concat")
def concat(tensors: Sequence[Tensor], dim: int = 0) -> Call:
    tensors = [tensor for tensor in tensors if tensor.shape != (0,)] or tensors
    shape = list(tensors[0].shape)
    shape[dim] = 0
    for tensor in tensors:
        if tensor.ndim != len(shape):
            raise ValueError(f"tensors of {len(shape)} and {tensor.ndim} axes cannot be joined")
        for axis, side in enumerate(tensor.shape):
            if axis == dim % len(shape):
                shape[dim] += side
            elif side != shape[axis]:
                raise ValueError(f"tensors of {tuple(tensors[0].shape)} and {tuple(tensor.shape)} cannot be joined")
    return Call("concat", tensors, tuple(shape))


@rule("pad")
def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None) -> Call:
    return Call("pad" if mode == "constant" else f"{mode}_pad", (input,))


@rule("interpolate")
def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Call:
    """Upsampling by nearest neighbours copies; antialiasing has as many taps as the scale asks for."""
    if mode == "area":  # torch itself pools then
        return Call(f"adaptive_avg_pool{input.ndim - 2}d", (input,))
    if antialias:
        return Call(f"{mode}_resampling", (input,))
    return Call("interpolate" if mode == "bilinear" else f"{mode.replace('-', '_')}_upsampling", (input,))


@rule("roi_align")
def roi_align(input: Tensor, rois: Tensor, scale: float, height: int, width: int, samples: int, *_: Any) -> Call:
    """Torchvision's; it may also take as many samples as the size of each box asks for."""
    if input.ndim < 4:
        raise ValueError(f"maps of a batch expected, {tuple(input.shape)} given")
    if samples < 1:
        return Call("adaptive_roi_align", (input,))
    return Call("roi_align", (input,), None, {"kernel": (samples, samples)})


@rule("relu")
def relu(input: Tensor, inplace: bool = False) -> Call:
    return Call("relu", (input,), tuple(input.shape), in_place=inplace)


@rule("hardtanh")
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, *_: Any, **__: Any) -> Call:
    """Between 0 and 6 it is ReLU6, whose module runs it."""
    return Call("relu6" if (min_val, max_val) == (0, 6) else "hardtanh", (input,))


@rule("rdiv")
def reversed_division(input: Tensor, other: Any) -> Callable[[], Any]:
    return lambda: input.reciprocal() * other


def _dropout(op: str) -> Rule:
    def dropout(input: Tensor, p: float = 0.5, train: bool = True, *_: Any, training: bool = True, **__: Any) -> Any:
        return Call(op, (input,)) if p and train and training else None

    return dropout


RULES["dropout"] = _dropout("dropout")
for _name in ("dropout1d", "dropout2d", "dropout3d"):
    RULES[_name] = _dropout("feature_dropout")
for _name in ("alpha_dropout", "feature_alpha_dropout"):
    RULES[_name] = _dropout("alpha_dropout")


def _pairwise(op: str) -> Rule:
    def pairwise(input: Any, other: Any, *_: Any, **__: Any) -> Call:
        return Call(op, [operand for operand in (input, other) if isinstance(operand, Tensor)])

    return pairwise


for _name in ("add", "sub", "mul", "div", "maximum", "minimum"):
    RULES[_name] = _pairwise(_name)


def per_axis(value: Any, axes: int) -> Sides:
    """One int, or one per axis, as torch takes kernel sizes and strides, as one per axis."""
    if isinstance(value, int):
        return (value,) * axes
    if len(value) not in (1, axes):
        raise ValueError(f"{axes} numbers expected, {tuple(value)} given")
    return tuple(value) * (axes if len(value) == 1 else 1)


def windows(kernel: Any, stride: Sides, padding: Sides, dilation: Sides | None) -> dict[str, Any]:
    if min(*stride, *(dilation or (1,))) < 1 or min(padding) < 0:
        raise ValueError("strides and dilations must be positive, and paddings not negative")
    return {"kernel": tuple(kernel), "stride": stride, "padding": padding, "dilation": dilation}


def by(sides: Sequence[int]) -> str:
    return "×".join(map(str, sides))
