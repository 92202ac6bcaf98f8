"""Every quantity that DenseScope shows: its label, unit and definition. One table for the app, the CLI and the docs."""

from __future__ import annotations

from typing import NamedTuple


class Quantity(NamedTuple):
    """One column of a table or one axis of a chart."""

    key: str
    label: str
    #: Unit of the raw value: "" for counts, "B" for bytes, "FLOP/B" …
    unit: str
    definition: str


_TABLE = (
    Quantity(
        "params", "Parameters", "", "Learnable scalars: weights, biases, batch-norm affine; no running statistics."
    ),
    Quantity(
        "macs",
        "MACs",
        "",
        "Multiply-accumulates of convolution and linear layers and of matrix products, bias additions excluded: "
        "N·ho·wo·co·(ci/groups)·k². Half of what PyTorch's FlopCounterMode counts.",
    ),
    Quantity(
        "flops", "FLOPs", "FLOP", "2 × MACs: no elementwise operation is counted, as in papers and FlopCounterMode."
    ),
    Quantity(
        "elementwise_ops",
        "Elementwise ops",
        "",
        "The remaining arithmetic: batch norm, activation, pooling, addition, multiplication, bias; never in FLOPs.",
    ),
    Quantity(
        "memory_access_cost",
        "Memory access cost",
        "",
        "Elements that layers with multiply-accumulates touch: input + output + weights, weights once a batch "
        "(ShuffleNetV2 G1; VoVNet section 2.1). At equal MACs it is lowest where input and output channels are equal.",
    ),
    Quantity(
        "bytes_read",
        "Bytes read",
        "B",
        "What the ops load when each runs as its own kernel: every input tensor and weight once.",
    ),
    Quantity(
        "bytes_written",
        "Bytes written",
        "B",
        "What the ops store when each runs as its own kernel: every output once.",
    ),
    Quantity(
        "bytes_moved",
        "Memory traffic",
        "B",
        "Bytes read + bytes written by all ops, concatenation and batch norm included: why DenseNet is slow.",
    ),
    Quantity("activations", "Activations", "", "Output elements of convolution layers (pycls' acts, timm's macts)."),
    Quantity(
        "arithmetic_intensity",
        "Arithmetic intensity",
        "FLOP/B",
        "FLOPs per byte moved: low means that memory, not arithmetic, sets the pace.",
    ),
    Quantity(
        "traffic_outside_conv",
        "Traffic outside convolution",
        "%",
        "Share of the memory traffic that concatenation, normalisation, activation, pooling and linear layers cause.",
    ),
    Quantity("depth", "Depth", "", "Weighted layers as the family's papers count them."),
)

QUANTITIES: dict[str, Quantity] = {quantity.key: quantity for quantity in _TABLE}


def label_of(key: str) -> str:
    """What a table, an axis or a selection calls a quantity."""
    return QUANTITIES[key].label


#: What the meter counts of one layer, in its order; integers that add up over layers.
ADDITIVE_QUANTITIES = (
    "params",
    "macs",
    "flops",
    "elementwise_ops",
    "memory_access_cost",
    "bytes_read",
    "bytes_written",
    "activations",
)
#: Everything that one layer has, in the order of every table.
LAYER_QUANTITIES = (*ADDITIVE_QUANTITIES, "bytes_moved", "arithmetic_intensity")
