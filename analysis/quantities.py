"""Every quantity of DenseScope: key, label, unit, definition and how it is written. One table for app, CLI and docs.

No two have the same key or label: what differs in what it counts differs in its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from analysis.costs import OpCost


class Quantity(NamedTuple):
    """One column of a table or one axis of a chart."""

    key: str
    label: str
    #: Unit of the raw value: "" for counts, "B" for bytes, "FLOP/B" …
    unit: str
    definition: str
    #: How `analysis.units.format_quantity` writes it: "si" for three digits with a prefix, "share" for percent,
    #: "integer" for every digit, "decimal" for two decimals, "points" for percent with one.
    form: str = "si"
    #: What it is of whatever has a cost, in proportion to that: it adds up over layers.
    of: Callable[[Counted], int] | None = None
    #: What follows from quantities that add up.
    derived: Callable[[Counted], float] | None = None


class Counted:
    """Whatever has a cost, a layer or several together: its attributes are the quantities that the meter counts."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def cost(self) -> OpCost: ...
        @property
        def element_bytes(self) -> int: ...

        params: int
        macs: int
        flops: int
        elementwise_ops: int
        memory_access_cost: int
        bytes_read: int
        bytes_written: int
        activations: int
        bytes_moved: int
        arithmetic_intensity: float

    def quantities(self) -> dict[str, Any]:
        """All that the meter counts, in the order of every table."""
        return {key: getattr(self, key) for key in (*ADDITIVE_QUANTITIES, *DERIVED_QUANTITIES)}


#: What is counted of a network: the rows of the README's glossary, the axes of the Compare view.
_COUNTED = (
    Quantity(
        "params",
        "Parameters",
        "",
        "Learnable scalars: weights, biases, batch-norm affine; no running statistics.",
        of=lambda counted: counted.cost.params,
    ),
    Quantity(
        "macs",
        "MACs",
        "",
        "Multiply-accumulates of convolution and linear layers and of matrix products, bias additions excluded: "
        "N·ho·wo·co·(ci/groups)·k². Half of what PyTorch's FlopCounterMode counts.",
        of=lambda counted: counted.cost.macs,
    ),
    Quantity(
        "flops",
        "FLOPs",
        "FLOP",
        "2 × MACs: no elementwise operation is counted, as in papers and FlopCounterMode.",
        of=lambda counted: 2 * counted.cost.macs,
    ),
    Quantity(
        "elementwise_ops",
        "Elementwise ops",
        "",
        "The remaining arithmetic: batch norm, activation, pooling, addition, multiplication, bias; never in FLOPs.",
        of=lambda counted: counted.cost.elementwise_ops,
    ),
    Quantity(
        "memory_access_cost",
        "Memory access cost",
        "",
        "Elements that layers with multiply-accumulates touch: input + output + weights, weights once a batch "
        "(ShuffleNetV2 G1; VoVNet section 2.1). At equal MACs it is lowest where input and output channels are equal.",
        of=lambda counted: counted.cost.memory_access_cost,
    ),
    Quantity(
        "bytes_read",
        "Bytes read",
        "B",
        "What the ops load when each runs as its own kernel: every input tensor and weight once.",
        of=lambda counted: counted.element_bytes * counted.cost.elements_read,
    ),
    Quantity(
        "bytes_written",
        "Bytes written",
        "B",
        "What the ops store when each runs as its own kernel: every output once.",
        of=lambda counted: counted.element_bytes * counted.cost.elements_written,
    ),
    Quantity(
        "bytes_moved",
        "Memory traffic",
        "B",
        "Bytes read + bytes written by all ops, concatenation and batch norm included: why DenseNet is slow.",
        derived=lambda counted: counted.bytes_read + counted.bytes_written,
    ),
    Quantity(
        "activations",
        "Activations",
        "",
        "Output elements of convolution layers (pycls' acts, timm's macts).",
        of=lambda counted: counted.cost.activations,
    ),
    Quantity(
        "arithmetic_intensity",
        "Arithmetic intensity",
        "FLOP/B",
        "FLOPs per byte moved: low means that memory, not arithmetic, sets the pace.",
        derived=lambda counted: counted.flops / counted.bytes_moved if counted.bytes_moved else 0.0,
    ),
    Quantity(
        "traffic_outside_conv",
        "Traffic outside convolution",
        "%",
        "Share of the memory traffic that concatenation, normalisation, activation, pooling and linear layers cause.",
        "share",
    ),
    Quantity("depth", "Depth", "", "Weighted layers as the family's papers count them.", "integer"),
)

#: What else follows from the layers.
_DERIVED = (
    Quantity("trainable_params", "Trainable parameters", "", "Parameters that learn: `requires_grad`.", "integer"),
    Quantity("operations", "Operations", "", "Layers that run, each as its own kernel."),
    Quantity(
        "receptive_field",
        "Receptive field",
        "px",
        "Side of the square that one element of the last map sees.",
        "integer",
    ),
    Quantity(
        "capacity_proxy",
        "Capacity proxy",
        "",
        "log10(parameters × MACs): a guess at accuracy, not accuracy.",
        "decimal",
    ),
    Quantity(
        "synflow",
        "Synflow",
        "",
        "log10 of Σ |weight · gradient| of an untrained network whose weights are made positive: a guess at accuracy.",
        "decimal",
    ),
    Quantity(
        "naswot",
        "NASWOT",
        "",
        "Log-determinant of how alike an untrained network's ReLUs treat the images of a batch: a guess at accuracy.",
        "decimal",
    ),
    Quantity(
        "grad_norm",
        "Untrained gradient norm",
        "",
        "Sum of the norms of the weights' gradients in the first step of a training: a guess at accuracy.",
        "decimal",
    ),
)

#: What memory holds (`analysis.memory`), counted tensor by tensor.
_MEMORY = (
    Quantity("weight_bytes", "Weights", "B", "The parameters."),
    Quantity("buffer_bytes", "Running statistics", "B", "The buffers: what batch norms gather, and stored indices."),
    Quantity("gradient_bytes", "Gradients", "B", "Of the parameters that learn, one number each."),
    Quantity("optimizer_bytes", "Optimizer state", "B", "What the optimizer keeps beside weights and gradients."),
    Quantity("step_bytes", "Tensors at the peak", "B", "Activations and their gradients where a step holds most."),
    Quantity("saved_bytes", "Saved for backward", "B", "What autograd saves in the forward pass, parameters excluded."),
    Quantity("live_bytes", "Alive", "B", "All tensors that are alive as a layer runs."),
    Quantity("allocated_bytes", "Allocates", "B", "What a layer allocates; 0 where it overwrites its input."),
    Quantity("peak_bytes", "Peak of the tensors", "B", "Most bytes of tensors alive at once at inference; no weights."),
    Quantity("inference_bytes", "Inference memory", "B", "Weights, running statistics and the peak of the tensors."),
    Quantity(
        "training_bytes",
        "Training memory",
        "B",
        "All that is there at the peak of a step: weights, running statistics, optimizer state and every tensor.",
    ),
)

#: What people decide by, beside costs and speeds.
_DECIDING = (
    Quantity(
        "top1", "ImageNet top-1", "%", "Published share of ImageNet's validation images, one crop each.", "points"
    ),
    Quantity(
        "accuracy_here",
        "Trained accuracy",
        "%",
        "Share of a data set's test images that the network classifies right after a training here.",
        "points",
    ),
    Quantity(
        "training_bytes_per_image",
        "Training memory of an image",
        "B",
        "What each image adds to the peak of a training step; weights, gradients and optimizer state come on top.",
    ),
)

_SIZES = {"small": "below 32² pixels", "medium": "from 32² to 96² pixels", "large": "above 96² pixels"}


def _average_precisions(kind: str, title: str, overlap: str) -> tuple[Quantity, ...]:
    """COCO's figures for boxes or masks."""
    told = {
        kind: (
            f"{title} AP",
            "COCO's average precision over 80 classes",
            "from 0.5 to 0.95 in steps of 0.05, averaged",
        ),
        f"{kind}_50": (f"{title} AP50", "Average precision on COCO", "of 0.5"),
        f"{kind}_75": (f"{title} AP75", "Average precision on COCO", "of 0.75"),
        **{
            f"{kind}_{size}": (
                f"{title} AP, {size}",
                f"COCO's average precision of objects {pixels}",
                "from 0.5 to 0.95",
            )
            for size, pixels in _SIZES.items()
        },
    }
    return tuple(
        Quantity(key, label, "%", f"{what}: detections count as right at an overlap of {overlap} {at}.", "points")
        for key, (label, what, at) in told.items()
    )


#: How well detectors find objects, as published.
_DETECTING = (
    *_average_precisions("box_ap", "Box", "boxes (IoU)"),
    *_average_precisions("mask_ap", "Mask", "masks (IoU)"),
    Quantity(
        "voc_map",
        "VOC mAP",
        "%",
        "Pascal VOC's average precision, mean of 20 classes: boxes count as right at an IoU of 0.5. Whether over 11 "
        "points of recall or all is the source's choice.",
        "points",
    ),
    Quantity(
        "panoptic_quality",
        "Panoptic quality",
        "%",
        "Of things and stuff on COCO: mean overlap of matched segments × their F1 score, averaged over classes.",
        "points",
    ),
)
#: How tables and sentences call them.
PRECISIONS = {quantity.key: quantity.label for quantity in _DETECTING}

#: What a clock, an allocator or an energy meter tells, or a prediction of it, or a publication.
_TIMED = (
    Quantity("seconds", "Median", "s", "Time of one batch: half of the timed runs took less."),
    Quantity("seconds_low", "Lower quartile", "s", "A quarter of the timed runs took less."),
    Quantity("seconds_high", "Upper quartile", "s", "A quarter of the timed runs took more."),
    Quantity("images_per_s", "Images/s", "", "Batch size / time of one batch."),
    Quantity(
        "flops_per_s",
        "FLOP/s",
        "FLOP/s",
        "FLOPs / time: 2 × MACs of convolution and linear layers, whatever the device really computes.",
    ),
    Quantity(
        "share_of_peak",
        "Share of peak",
        "%",
        "FLOP/s / what the device's data sheet promises in the precision of the multiplications.",
        "share",
    ),
    Quantity("bytes_per_s", "Bandwidth", "B/s", "Memory traffic / time: traffic by the meter, which knows no caches."),
    Quantity("seconds_per_image", "Time of an image", "s", "1 / images per second, in batches."),
    Quantity("share_of_time", "Share of time", "%", "A layer's part of the time of its network.", "share"),
    Quantity(
        "peak_memory_bytes",
        "Measured peak memory",
        "B",
        "Largest sum of PyTorch's tensors on the GPU, weights included; not known on a CPU.",
    ),
    Quantity(
        "joules_per_image",
        "Energy of an image",
        "J",
        "What the GPU's own energy counter gains over a stretch of runs / images; not known on a CPU.",
    ),
    Quantity(
        "training_seconds",
        "Predicted training step",
        "s",
        "Of a batch on a device: forward pass, gradients and update, by the model of docs/prediction.md.",
    ),
    Quantity("predicted_seconds", "Predicted time", "s", "Of a batch on a device, by the model of docs/prediction.md."),
    Quantity(
        "eager_seconds",
        "Predicted eager time",
        "s",
        "Of an image in batches of 256 in float16, each layer as its own kernel; by the model of docs/prediction.md.",
    ),
    Quantity(
        "compiled_seconds",
        "Predicted compiled time",
        "s",
        "Of an image in batches of 256 in float16, by torch.compile; by the model of docs/prediction.md.",
    ),
    Quantity("measured_seconds", "Measured time", "s", "Of a batch, on the machine that evaluates the config."),
)

#: By key.
QUANTITIES: dict[str, Quantity] = {}
#: What the meter counts of one layer: integers that add up over layers.
ADDITIVE_QUANTITIES: dict[str, Quantity] = {}
#: What follows from those.
DERIVED_QUANTITIES: dict[str, Quantity] = {}


def register_quantity(quantity: Quantity) -> None:
    """Add a quantity to the table, and to whatever has a cost if the meter counts it.

    Raises: ValueError: there is one of that key.
    """
    if quantity.key in QUANTITIES:
        raise ValueError(f"the quantity {quantity.key!r} is registered twice")
    QUANTITIES[quantity.key] = quantity
    if rule := quantity.of or quantity.derived:
        setattr(Counted, quantity.key, property(rule))
        (ADDITIVE_QUANTITIES if quantity.of else DERIVED_QUANTITIES)[quantity.key] = quantity


for _quantity in (*_COUNTED, *_DERIVED, *_MEMORY, *_DECIDING, *_DETECTING, *_TIMED):
    register_quantity(_quantity)


def label_of(key: str) -> str:
    """What a table, an axis or a selection calls a quantity; a key that is none stands for itself."""
    return QUANTITIES[key].label if key in QUANTITIES else key


def in_a_sentence(label: str) -> str:
    """A label where a sentence has begun: its first letter is small unless it begins an abbreviation or a name.

    >>> in_a_sentence("Memory access cost"), in_a_sentence("MACs"), in_a_sentence("ImageNet top-1")
    ('memory access cost', 'MACs', 'ImageNet top-1')
    """
    first = label.partition(" ")[0]
    return label if first[1:] != first[1:].lower() else label[:1].lower() + label[1:]


#: Everything that is counted of a network.
NETWORK_QUANTITIES = tuple(quantity.key for quantity in _COUNTED)
#: What a measurement tells.
MEASURED_QUANTITIES = (
    "seconds",
    "seconds_low",
    "seconds_high",
    "images_per_s",
    "flops",
    "flops_per_s",
    "share_of_peak",
    "peak_memory_bytes",
    "joules_per_image",
)
