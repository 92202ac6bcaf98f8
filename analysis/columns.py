"""Every column of a table: key, title, help and how a cell is written. The command line, the app and the docs read it.

A column goes by its key in the rows; where a key has several meanings, by `meaning.key`: "layer.name", "network.name".
Every quantity of `analysis.quantities` is a column too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from analysis.quantities import QUANTITIES, in_a_sentence
from analysis.units import (
    THIN_SPACE,
    format_change,
    format_duration,
    format_quantity,
    format_ratio,
    format_share,
    format_si,
    format_side,
    format_signed,
    format_size,
)

Writer = Callable[[Any], str]


class Column(NamedTuple):
    """One column, whatever it is shown in."""

    #: Of a record or a frame.
    key: str
    title: str
    help: str
    #: None for words, which are shown as they are.
    write: Writer | None = None

    def cell(self, row: dict[str, Any]) -> str:
        """What a person reads; nothing where the row has nothing."""
        value = row.get(self.key)
        if value is None or value != value:
            return ""
        return self.write(value) if self.write else str(value)


def column(name: str) -> Column:
    """A column by its name.

    >>> column("layer.name").key, column("macs").title
    ('name', 'MACs')
    """
    if name in COLUMNS:
        return COLUMNS[name]
    key = name.rpartition(".")[2]
    return Column(key, QUANTITIES[key].label, QUANTITIES[key].definition, partial(format_quantity, key))


def columns(*names: str) -> tuple[Column, ...]:
    """Some columns by their names."""
    return tuple(map(column, names))


def by_evidence(evidence: str, *names: str) -> tuple[Column, ...]:
    """Columns of quantities whose titles say where their values come from.

    >>> [each.title for each in by_evidence("Predicted", "flops_per_s", "images_per_s")]
    ['Predicted FLOP/s', 'Predicted images/s']
    """
    return tuple(each._replace(title=f"{evidence} {in_a_sentence(each.title)}") for each in columns(*names))


def changes_of(key: str) -> tuple[Column, Column]:
    """What a quantity changes by: absolute, and as a share of what it was."""
    absolute = column(key)._replace(write=partial(format_signed, key))
    return absolute, Column(f"{key}_share", f"{absolute.title}, %", "Of what it was before.", format_change)


def count(value: float) -> str:
    """An integer, to the last digit; nothing where there is none.

    >>> count(1920.0)
    '1,920'
    """
    return f"{int(value):,}"


def _bytes(value: float) -> str:
    return format_si(int(value), "B")


def _signed_count(value: float) -> str:
    return f"{int(value):+,}".replace("-", "−") if value else "0"


def _signed_percent(value: float) -> str:
    return f"{100 * value:+.1f}{THIN_SPACE}%"


def _seconds(value: float) -> str:
    return format_si(value, "s")


def _rate(value: float) -> str:
    return format_si(value, "FLOP/s")


_WORDS = {
    "network.name": ("Name", "In the registry, or as the network was given."),
    "design.name": ("Design", "The design at hand stands first, its baseline second, then the shelf."),
    "neighbour.name": ("Name", "The design, then all registered networks that can take the input."),
    "layer.name": ("Layer", "Dotted path, as in PyTorch's named_modules()."),
    "layer": ("Layer", "Dotted path, as in PyTorch's named_modules()."),
    "tensor.name": ("Tensor", "The layer that makes it."),
    "device_class": ("Class", "Predictions are as good as what was checked nearby."),
    "room": ("Fits", "Into the device's memory. Perhaps: between the least and the most that it takes."),
    "need.verdict": (
        "Verdict",
        "Enough: even at its slowest. Perhaps: only at its fastest. No room: the batch doesn't fit.",
    ),
    "checked": ("Interval", "Checked by published figures of its kind, or widened by rule."),
    "sheet.name": ("Device", "By its data sheet."),
    "field": ("Field", "Of the config."),
    "field.value": ("Value", "As `--set` takes it."),
    "allowed": ("Allowed", "What the field may hold."),
    "field.help": ("Meaning", "What the field is."),
    "family": ("Family", "In the registry; of other networks, the library."),
    "source": ("Source", "Who says so, or what ran."),
    "note": ("Doubts", "Where sources contradict each other."),
    "dtype": ("Data type", "Of every tensor."),
    # of layers
    "op": ("Op", "The operation."),
    "kind": ("Kind", "Kind of operation: convolutions by kernel; the rest by purpose."),
    "stage": ("Stage", "Row of the paper's table."),
    "output": ("Output", "Channels × height × width."),
    "line.text": ("Layers", "Neighbouring layers, in the notation of the family's paper."),
    "status": ("Change", "Added, removed, resized (another shape, kernel, stride or the like) or the same."),
    "before": ("Before", "The layer, and the channels × height × width that it reads and makes."),
    "after": ("After", "The layer, and the channels × height × width that it reads and makes."),
    "term": ("Term", "A summand of the depth."),
    "term.first": ("From", "The first of its layers, by name."),
    "term.last": ("To", "The last of its layers, by name."),
    "box": ("Box", "What the picture says."),
    "box.reads": ("Reads", "The boxes that it reads."),
    "box.sees": ("Sees", "What one element sees of the part's own input."),
    "box.size": ("Size", "Height × width of its output."),
    "box.layers": ("Layers", "Dotted paths."),
    # of blocks
    "block": ("Block", "Row of the paper's table; its module."),
    "connection.source": ("Source", "The block's input, or the number of the layer."),
    "reader": ("Read by", "The number of the layer, or what reads all features at the end."),
    "connection.kind": ("How", "Concatenated, or added as an identity."),
    "connection.tensors": ("Tensors", "What is read, by the layers that make it."),
    "names": ("Reading layers", "The first weighted layers of the reader; the addition of an identity."),
    "wiring": ("Wiring", "Dense, or aggregated once."),
    "actual": ("As it is", "Whether the network has this wiring."),
    "weights": ("Weights", "The parameters that connect them."),
    # of memory
    "largest": ("Largest", "The largest of them."),
    "saved.kind": ("Kind", "Why it is saved: by the layer that made it, or by the layer that needs it."),
    "maker.kind": ("Made by", "Kind of the layer that makes it."),
    "maker.stage": ("Stage", "Of the layer that makes it."),
    "devices": ("Devices", "That have it."),
    "scheme": ("Scheme", "How the step is computed; all give the same gradients."),
    "quantity": ("Quantity", "Of the whole network, at this batch."),
    "norm": ("Batch norm", "Dotted path, as in PyTorch's named_modules()."),
    "why": ("Where, or why not", "The convolution that took it in, or what stands between."),
    # of trainings
    "trained_how": ("Trained here", "Data set, image size, recipe, epochs and run of the trained accuracy."),
    # of chains
    "step.title": ("Step", "A network of the chain."),
    "change": ("Change", "What sets the network apart from the one before it."),
    # of runs
    "id": ("ID", "By which it can be deleted."),
    "date": ("Date", "UTC."),
    "device": ("Device", "By its data sheet; of a measurement, as the machine calls it."),
    "precision": ("Precision", "Of the multiplications; amp is PyTorch's autocast."),
    "layout": ("Layout", "Order of a tensor's axes in memory."),
    "execution": ("Execution", "eager, or compiled by torch.compile."),
    "outcome": ("Outcome", "measured, or out of memory."),
    "disturbance": ("Disturbed", "What says that others disturbed it: measure again when the machine is quiet."),
    "software": ("Software", "Versions."),
    "evidence": ("Evidence", "measured or trained here, published by others, or predicted by DenseScope's model."),
    "calibration": ("Calibrated by", "What the factors of the prediction come from."),
    "bound": ("Held back by", "By the prediction."),
    "network": ("Network", "As the source names it."),
    "arch": ("Ours", "Its name in the registry."),
    "dataset": ("Data", "What was classified."),
    "metric": ("Metric", "What the value is."),
    "scope": ("Of", "What was timed or counted."),
    "group": ("Trained by", "Who trained it."),
    "recipe": ("Recipe", "As the source states it."),
    "evaluation": ("Evaluation", "As the source states it."),
    "speed_evidence": ("Speed is", "measured, published, or predicted by DenseScope's model."),
    "cost_evidence": ("Cost is", "The kind of evidence of the cost."),
    "left_out": ("Left out", "What the calibration did not know."),
    "of": ("Of", "Which of them."),
    # of detectors
    "part": ("Part", "Of the detector: backbone, neck, RPN or head."),
    "detector": ("Detector", "As the source names it."),
    "backbone": ("Backbone", "As the source names it."),
    "detector.dataset": ("Data", "Images on which the objects were to be found."),
    "schedule": ("Schedule", "How long it was trained, and of VOC on which images, as the source states it."),
    "detector.device": ("Device", "On which the source timed it."),
    "detector.group": ("Told by", "Authors of detector or backbone, authors who set it beside their own, or others."),
    # of counters
    "counter": ("Counter", "The public tool that counts."),
    "version": ("Version", "The version that ran here, just now."),
    "reported_as": ("Calls it", "The counter's own word for its figure."),
    "unit": ("In units of", "What one unit of the figure really is: a multiply-accumulate, or half of one."),
    "verdict": ("Verdict", "What the counter counts beside multiply-accumulates, and what it gets wrong here."),
    # of searches
    "bound.bound": ("Budget", "One end of a budget."),
}
_WRITTEN: dict[str, tuple[str, str, Writer]] = {
    "image_size": ("Image", "Height × width of the input in pixels.", format_size),
    "side.image_size": ("Image", "Side of the image in pixels.", lambda side: format_size((int(side), int(side)))),
    "batch_size": ("Batch", "Images at once.", count),
    "conv_layers": ("Convolutions", "How many layers convolve.", count),
    "fc_layers": ("Linear layers", "How many layers are linear.", count),
    # of layers
    "number": ("No.", "Position in execution order.", count),
    "layers": ("Layers", "How many operations.", count),
    "in_channels": ("In", "Input channels; of a concatenation, all its inputs together.", count),
    "out_channels": ("Out", "Output channels.", count),
    "layer.output": ("Out", "Channels × height × width of the output.", str),
    "output_size": ("Size", "Height × width of the output in pixels.", format_size),
    "line.output_size": ("Output", "Height × width of the output in pixels.", format_size),
    "line.depth": ("Depth", "How many of its layers the depth counts.", lambda value: count(value) if value else ""),
    "resolution": ("Resolution", "Height of the output in pixels.", count),
    "layer.receptive_field": ("Sees", "Side of the square of the image that one element sees.", format_side),
    "jump": ("Apart", "Pixels of the image between the squares of neighbouring elements.", count),
    "kernel": ("Kernel", "Height × width of the window.", format_size),
    "stride": ("Stride", "Step of the window.", format_size),
    "macs_share": ("Share of MACs", "Of the network's MACs.", format_share),
    "params_share": ("Share of parameters", "Of the network's parameters.", format_share),
    "bytes_moved_share": ("Share of traffic", "Of the network's memory traffic.", format_share),
    "macs_sum": ("MACs so far", "Share of the network's MACs up to this layer.", format_share),
    "bytes_moved_sum": ("Traffic so far", "Share of the network's memory traffic up to this layer.", format_share),
    "ratio": ("In ÷ out", "Input channels over output channels.", format_ratio),
    "least_access": ("Least possible", "The least memory access cost at the same MACs, kernel and maps.", format_si),
    "penalty": ("Access ÷ least", "Memory access cost over the least possible: 1 at the optimum.", format_ratio),
    "added": ("Added", "Layers that only the second network has.", lambda value: count(value) if value else ""),
    "removed": ("Removed", "Layers that only the first network has.", lambda value: count(value) if value else ""),
    "resized": ("Resized", "Layers that both have, in another form.", lambda value: count(value) if value else ""),
    "term.layers": ("Layers", "How many weighted layers the term counts in this stage.", count),
    # of blocks
    "channels": ("Channels", "Channels that the source passes.", count),
    "box.out_channels": ("Channels", "Output channels.", count),
    "block.layers": ("Layers", "L: layers that add features.", count),
    "connections": ("Connections", "Features read, over all readers.", count),
    "strength": ("Mean |weight|", "Over output channels, the source's channels and the kernel.", "{:.4g}".format),
    "relative": ("Relative", "To the strongest connection of the block.", "{:.2f}".format),
    # of memory
    "tensors": ("Tensors", "How many are alive.", count),
    "nbytes": ("Bytes", "For the whole batch.", _bytes),
    "first": ("From", "The layer that makes it, counted from 1; 0 for the image.", count),
    "last": ("To", "The last layer as which it is held.", count),
    "held": ("Held", "Layers that run while it is held, its maker aside.", count),
    "scheme.saved_bytes": ("Saved", "Distinct storages that autograd saves, without parameters and buffers.", _bytes),
    "memory_bytes": ("Memory", "By the data sheets.", _bytes),
    "saving": ("Less", "Than the plain scheme saves.", format_share),
    "scheme.seconds": ("Step", "Median time of a forward and a backward pass.", _seconds),
    "slowdown": ("Longer", "Than the plain scheme takes.", format_change),
    "steps": ("Steps", "Timed steps.", count),
    "saving.before": ("Before", "Of the network as it is; bytes in B.", count),
    "saving.after": ("After", "Of the optimised copy; bytes in B.", count),
    "left": ("Left", "After as a share of before.", format_share),
    "folded": ("Folded", "Whether a convolution took it in.", lambda value: "yes" if value else "no"),
    # of runs
    "repeats": ("Runs", "Timed runs.", count),
    "threads": ("Threads", "Of the processor.", count),
    "least_images_per_s": ("At least", "Images/s by the slow end of the interval.", format_si),
    "most_images_per_s": ("At most", "Images/s by the fast end of the interval.", format_si),
    "devices_needed": ("Needed", "So many are enough at their slowest, if the work is shared out.", count),
    "joules_at_most": (
        "Energy, upper bound",
        "Of an image: the board's design power times the longest time. A bound: neither measured nor published.",
        lambda value: f"< {format_si(value, 'J')}",
    ),
    "at_least_seconds": ("At least", "Nine in ten such predictions are meant to hold the truth above.", _seconds),
    "at_most_seconds": ("At most", "Nine in ten such predictions are meant to hold the truth below.", _seconds),
    "least_bytes": ("Memory, at least", "Counted peak of a step; of 16 bits, were all of it in 16 bits.", _bytes),
    "most_bytes": ("Memory, at most", "Of 16 bits, were all of it in float32, beside a copy of the weights.", _bytes),
    "step.seconds": (
        "Step",
        "Forward pass, gradients and update: as predicted, or as published of its batch.",
        _seconds,
    ),
    "prediction.seconds": ("Predicted time", QUANTITIES["predicted_seconds"].definition, _seconds),
    "forward_share": ("Forward", "Share of the predicted step: the forward pass.", format_share),
    "again_share": ("Made again", "Share of the predicted step: what the backward pass runs again.", format_share),
    "backward_share": ("Backward", "Share of the predicted step: the gradients.", format_share),
    "update_share": ("Update", "Share of the predicted step: the optimizer.", format_share),
    "forward_seconds": ("Forward", "Predicted time of the forward pass.", _seconds),
    "again_seconds": ("Made again", "Predicted time of what the backward pass runs again.", _seconds),
    "backward_seconds": ("Backward", "Predicted time of the gradients.", _seconds),
    "update_seconds": ("Update", "Predicted time of the optimizer.", _seconds),
    "epoch_seconds": ("Epoch", "Predicted time of the steps; loading images is not in it.", format_duration),
    "float32_bytes": ("Memory in float32", "The peak of a step, counted; under autocast maps take half.", _bytes),
    "published.value": ("Value", "In base units.", str),
    "published_seconds": ("Published time", "Of a batch, as the source says.", _seconds),
    "memory_share": ("Held back by memory", "Share of the predicted time.", format_share),
    "compute_share": ("by compute", "Share of the predicted time.", format_share),
    "launch_share": ("by launch overhead", "Share of the predicted time.", format_share),
    "intensity": ("Intensity", "FLOPs per byte moved.", lambda value: format_si(value, "FLOP/B")),
    "error_below": (
        "Less by up to",
        "In nine of ten such predictions; quartiles if measured.",
        format_share,
    ),
    "error_above": (
        "More by up to",
        "In nine of ten such predictions; quartiles if measured.",
        format_share,
    ),
    "median_error": ("Median error", "Half of such predictions were closer.", format_share),
    "worst_error": ("Worst error", "Of such predictions.", format_share),
    "coverage": (
        "Coverage",
        "Share of the published figures that lie in the interval, which means to hold 90 %.",
        format_share,
    ),
    "half_width": ("Interval", "By how much its end is longer than the predicted time, in the median.", format_share),
    "bias": ("Bias", "Median of the errors with their signs.", _signed_percent),
    "trial.error": ("Error", "Predicted over published time, less one.", _signed_percent),
    "figures": ("Figures", "How many published figures were predicted.", count),
    "rank_correlation": ("Rank correlation", "Spearman's, of predicted and published times.", "{:.3f}".format),
    "accuracy.error": ("Top-1 error", "Published, single crop.", lambda value: f"{value:.2f}{THIN_SPACE}%"),
    # of detectors
    "detector.image_size": (
        "Image",
        "A square's side, or a photo's shorter side, in pixels as the source has it.",
        str,
    ),
    "params_as_stated": ("Stated parameters", "As the source states them: of some, the backbone alone.", format_si),
    "macs_as_stated": ("Stated MACs", "As the source states them, whatever it calls them.", format_si),
    "detector.seconds": (
        "Time",
        "Of an image on the device, as the source says, or 1 / its images per second; its batch is seldom told.",
        _seconds,
    ),
    "detector.joules_per_image": ("Energy", "Of an image, as the source says.", lambda value: format_si(value, "J")),
    "detector.memory_bytes": ("Stated memory", "As the source states it, at inference.", _bytes),
    # of data sheets
    "year": ("Year", "Of release.", str),
    "fp32_flops_per_s": ("float32", "Peak of dense arithmetic.", _rate),
    "tf32_flops_per_s": ("tf32", "Peak of dense arithmetic.", _rate),
    "fp16_flops_per_s": ("float16", "Peak of dense arithmetic that accumulates in float32.", _rate),
    "bandwidth_bytes_per_s": ("Bandwidth", "Of the device's memory.", lambda value: format_si(value, "B/s")),
    "l2_bytes": ("L2 cache", "The last cache before memory.", _bytes),
    "tdp_watts": ("Power", "Design power.", lambda value: format_si(value, "W")),
    # of counters
    "reported": ("Reports", "The counter's figure.", count),
    "ours": ("Ours", "Our MACs, in the counter's unit.", count),
    "difference": ("Difference", "What the counter reports beyond our figure.", _signed_count),
    "difference.share": ("of ours", "The difference as a share of our figure.", format_change),
    "residual": ("Unexplained", "What the counter's own rules, applied to every layer, leave over.", count),
    # of searches
    "alone": ("Excludes alone", "Networks that do not keep to it, whatever the others are.", count),
    "bound.first": ("Excludes first", "Networks that keep to all budgets above it, but not to it.", count),
}
COLUMNS: dict[str, Column] = {
    name: Column(name.rpartition(".")[2], title, help, *write)
    for name, (title, help, *write) in (_WORDS | _WRITTEN).items()
}
