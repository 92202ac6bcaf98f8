"""Training steps on devices: how long one takes, how long an epoch, and what the step's phases take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.facts import Device
from analysis.hardware.predict.step_prediction import OPTIMIZERS, StepPrediction, predict_step
from analysis.hardware.speeds import BY_RULE, CHECKED, Conditions, Speed
from analysis.hardware.step_memory import NO_ROOM, PERHAPS_FITS, StepBytes
from analysis.targets import resolve_target
from analysis.units import format_duration, format_si
from archs import checks

#: Images of ImageNet that are trained on.
IMAGENET = 1_281_167


def predict_steps(
    target: Any, devices: Sequence[Device], conditions: Conditions, optimizer: str = "sgd"
) -> list[StepPrediction]:
    """The training steps of a network on the GPUs that have the precision; eager, as nothing checks compiled ones.

    Raises: DenseScopeError: as `predict_step`.
    """
    checks.choice("optimizer", optimizer, OPTIMIZERS)
    network = resolve_target(target)
    given = (conditions.batch_size, conditions.image_size, conditions.precision, conditions.layout, "eager", optimizer)
    able = [device for device in devices if conditions.precision in device.precisions and not device.is_cpu]
    return [predict_step(network, device, *given, host_seconds=conditions.host_seconds) for device in able]


def step_row(step: StepPrediction, images: int, held: StepBytes | None = None) -> dict[str, Any]:
    """What a table shows of it: plain values, with an epoch of so many images, and what memory it takes."""
    names = ("forward_share", "again_share", "backward_share", "update_share")
    shares = (spent / step.seconds for spent in step.seconds_by_phase().values())
    told = step.interval
    return step.row() | {
        **dict(zip(names, shares, strict=True)),
        "evidence": "predicted",
        "checked": CHECKED if told and told.is_checked else BY_RULE,
        "least_bytes": held and held.least,
        "most_bytes": held and held.most,
        "room": held.room(step.device) if held else "",
        "source": "DenseScope's model, docs/prediction.md",
        "note": "",
        "epoch_images": images,
        "epoch_seconds": step.epoch_seconds(images),
    }


def published_row(speed: Speed, images: int) -> dict[str, Any]:
    """The same of a published step."""
    seconds = speed.batch_size / speed.images_per_s
    return speed.row() | {"seconds": seconds, "epoch_images": images, "epoch_seconds": images / speed.images_per_s}


def room_finding(steps: Sequence[StepPrediction], held: Mapping[str, StepBytes | None]) -> str:
    """How many steps don't fit into the memory of their devices, or may not, each with an example; "" where all fit.

    Args:
        held: by network.
    """
    sentences = []
    for room, words in {NO_ROOM: "don't fit into the memory of their device", PERHAPS_FITS: "perhaps don't"}.items():
        found = [(step, one) for step in steps if (one := held.get(step.name)) and one.room(step.device) == room]
        if found:
            sentences.append(f"{len(found)} of {len(steps)} {words}, such as {_taken(*found[0])}")
    return f"Of these steps, {'; '.join(sentences)}." if sentences else ""


def has_no_room(step: StepPrediction, held: Mapping[str, StepBytes | None]) -> bool:
    """Whether it takes more memory than its device has, for certain."""
    one = held.get(step.name)
    return one is not None and one.room(step.device) == NO_ROOM


def _taken(step: StepPrediction, held: StepBytes) -> str:
    least, most = format_si(held.least, "B"), format_si(held.most, "B")
    taken = least if held.least == held.most else f"{least} to {most}"
    return f"{step.name} on {step.device.name} ({taken} of {format_si(step.device.memory_bytes or 0, 'B')})"


def training_finding(steps: Sequence[StepPrediction], images: int) -> str:
    """On each device the network whose epoch is shortest, with the interval that nine of ten are meant to lie in.

    Args:
        steps: at one batch size and with one optimizer.
        images: of an epoch.
    """
    if not steps:
        return "No training step is predicted of these networks on these devices in these conditions."
    best: dict[str, StepPrediction] = {}
    for step in steps:
        best[step.device.name] = min(
            step, best.get(step.device.name, step), key=lambda one: one.seconds / one.batch_size
        )
    told = [f"{one.name} on {device}, {_epoch(one, images)}" for device, one in best.items()]
    return f"Shortest epoch of {images:,} images, predicted: {'; '.join(told)}. Loading images is not in it."


def _epoch(step: StepPrediction, images: int) -> str:
    epoch = step.epoch_seconds(images)
    if step.interval is None:
        return format_duration(epoch)
    low, high = (format_duration(epoch * end / step.seconds) for end in (step.interval.low, step.interval.high))
    return f"{format_duration(epoch)} ({low} to {high}, nine in ten)"
