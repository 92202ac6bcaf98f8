"""One layer in the words of the papers' tables: `3×3 conv, 64, stride 2`."""

from __future__ import annotations

from collections.abc import Callable

from analysis.kinds import op_kind
from analysis.units import format_size
from archs.layer import Layer


def layer_text(layer: Layer, *, channels: bool = True) -> str:
    """One layer in words; empty for those that tables leave out: normalisation, activation and the like."""
    write = _TEXTS.get(layer.op)
    return write(layer, channels) if write else ""


def is_separable(depthwise: Layer, pointwise: Layer) -> bool:
    """Whether two layers make one depthwise-separable convolution, with nothing in between."""
    return (
        op_kind(depthwise) == "depthwise"
        and op_kind(pointwise) == "convolution 1×1"
        and pointwise.inputs == (depthwise.name,)
    )


def separable_text(depthwise: Layer, pointwise: Layer, *, channels: bool = True) -> str:
    """A depthwise-separable convolution in words."""
    return _conv_text(depthwise, " separable conv", pointwise.output_shape[1] if channels else None)


def _conv(layer: Layer, channels: bool) -> str:
    depthwise = op_kind(layer) == "depthwise"
    text = _conv_text(layer, f"{' depthwise' if depthwise else ''} conv", layer.output_shape[1] if channels else None)
    return text if depthwise or layer.groups == 1 else f"{text}, {layer.groups} groups"


def _conv_text(layer: Layer, noun: str, channels: int | None) -> str:
    return ", ".join([f"{_window(layer)}{noun}", *([] if channels is None else [str(channels)]), *_stride(layer)])


def _pool(layer: Layer, _: bool) -> str:
    kind = {"max_pool2d": "max", "avg_pool2d": "average"}[layer.op]
    return ", ".join([f"{_window(layer)} {kind} pool", *_stride(layer)])


def _window(layer: Layer) -> str:
    return "×".join(map(str, layer.kernel or ()))


def _stride(layer: Layer) -> list[str]:
    strides = tuple(dict.fromkeys(layer.stride or (1,)))
    return [] if strides == (1,) else [f"stride {'×'.join(map(str, strides))}"]


def _global_pool(layer: Layer, _: bool) -> str:
    height, width = layer.input_shapes[0][-2:]
    return f"{format_size((height, width))} global average pool"


def _linear(layer: Layer, _: bool) -> str:
    return f"{layer.output_shape[-1]}-way fully connected"


_TEXTS: dict[str, Callable[[Layer, bool], str]] = {
    "conv2d": _conv,
    "max_pool2d": _pool,
    "avg_pool2d": _pool,
    "global_avg_pool": _global_pool,
    "linear": _linear,
    "attention": lambda *_: "attention",
}
