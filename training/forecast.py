"""What a training will take, before it begins: time by a few steps that are measured here, memory by counting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from analysis.memory import TrainingMemory, memory
from analysis.units import format_duration, format_si, without_zeros
from archs.called import as_its_module
from archs.errors import require
from training.data.registry import get_data
from training.recipes import Recipe, steps_of_epoch
from training.runs import Run

if TYPE_CHECKING:
    from analysis.facts import Device
    from analysis.hardware.predict.step_prediction import StepPrediction
    from training.train import Settings

#: A training that takes longer begins only if that is wanted: seconds.
LONG_SECONDS = 600.0
#: The optimizers of recipes, as memory is counted with them.
_COUNTED = {"sgd": "sgd", "adamw": "adamw"}


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a training will take: times as they were measured here, memory as it is counted."""

    epochs: int
    #: Of an epoch.
    steps: int
    batch_size: int
    #: What the steps were made on; empty where none were.
    device: str = ""
    #: Of a step: median of some; None where none were made.
    step_seconds: float | None = None
    measured_steps: int = 0
    #: Images of the steps that were made, where they were fewer than a batch.
    measured_images: int | None = None
    #: Of the tests after each epoch, by a batch of images.
    test_seconds: float | None = None
    #: What a step holds at its peak, in float32; None where the recipe's optimizer, or a detector, is not counted.
    step_bytes: int | None = None
    #: What the device can still hold; None where nobody tells.
    free_bytes: int | None = None
    #: Images at once that fit there, counted.
    largest_batch: int | None = None

    @property
    def epoch_seconds(self) -> float | None:
        """Of the steps and the tests; reading images from files is not in it."""
        if self.step_seconds is None:
            return None
        return self.steps * self.step_seconds + (self.test_seconds or 0.0)

    @property
    def total_seconds(self) -> float | None:
        """Of all epochs."""
        return None if self.epoch_seconds is None else self.epochs * self.epoch_seconds

    @property
    def is_long(self) -> bool:
        """Whether it takes so long that one should be asked."""
        return (self.total_seconds or 0.0) > LONG_SECONDS

    @property
    def fits(self) -> bool:
        """Whether a step is not known to need more memory than there is."""
        return None in (self.step_bytes, self.free_bytes) or self.step_bytes <= self.free_bytes  # type: ignore[operator]

    def sentence(self) -> str:
        """What it will take, and how that is known.

        >>> found = Forecast(epochs=20, steps=782, batch_size=64, device="this CPU", step_seconds=2.8, measured_steps=3)
        >>> print(found.sentence().replace("\\u2009", " "))
        About 36 min an epoch, 12 h for all 20, by the median of 3 steps measured on this CPU: 2.8 s for 64 images.
        """
        return " ".join(filter(None, (self._time(), self._memory())))

    def _time(self) -> str:
        if self.epoch_seconds is None or self.step_seconds is None or self.total_seconds is None:
            return ""
        steps = f"the median of {self.measured_steps} steps" if self.measured_steps > 1 else "a step"
        if self.measured_images and self.measured_images < self.batch_size:
            steps += f" of {self.measured_images} images, in proportion,"
        total = f", {format_duration(self.total_seconds)} for all {self.epochs}" if self.epochs > 1 else ""
        return (
            f"About {format_duration(self.epoch_seconds)} an epoch{total}, by {steps} measured on {self.device}: "
            f"{format_duration(self.step_seconds)} for {self.batch_size} images."
        )

    def _memory(self) -> str:
        if self.step_bytes is None:
            return ""
        held = f"A step holds {_bytes(self.step_bytes)} (counted, in float32)"
        if self.free_bytes is None:
            return f"{held}."
        free = f"the {_bytes(self.free_bytes)} that are free"
        most = f"batch {self.largest_batch:,} is the most that fits" if self.largest_batch else "not one image fits"
        return f"{held} of {free}; {most}." if self.fits else f"{held}, more than {free}: {most}."

    def row(self) -> dict[str, Any]:
        """What a table shows of it: plain values."""
        return self.to_json() | {"epoch_seconds": self.epoch_seconds, "total_seconds": self.total_seconds}

    def to_json(self) -> dict[str, Any]:
        """As a run's record keeps it."""
        return asdict(self)


@as_its_module
def forecast(
    asked: Settings | Run, *, cpu: bool = False, steps: int = 3, processes: int = 1, free_bytes: int | None = None
) -> Forecast:
    """What a training will take.

    Args:
        asked: a run, or what one would be made of (`training.settle`).
        cpu: not to use a GPU that is there.
        steps: to make on a copy that is thrown away; 0 to count alone, which imports no torch.
        processes: that share each batch; steps are made by this one alone.
        free_bytes: memory to fit into; None for what the device can still hold.
    """
    recipe, data = asked.recipe, get_data(asked.data)
    parts = processes * recipe.accumulate
    at_once = -(-recipe.batch_size // parts)
    optimizer = None if data.boxes else counted_optimizer(recipe)
    held = None
    if optimizer:
        found = memory(asked.design.config, asked.design.config.image_size, at_once, mode="training")
        held = found.total_bytes(optimizer) + _average_bytes(found, recipe)
    told: dict[str, Any] = {}
    if steps:
        require("torch", "Training")
        from training.engine.pace import measure

        pace = measure(asked, held or 0, cpu=cpu, steps=steps)
        free_bytes = pace.free_bytes if free_bytes is None else free_bytes
        told = {"device": pace.device, "step_seconds": pace.step_seconds, "measured_steps": pace.steps}
        told["measured_images"] = pace.images or None
        if pace.test_seconds is not None:
            told["test_seconds"] = pace.test_seconds * data.test_images * (2 if recipe.ema_decay else 1)
    if optimizer and free_bytes:
        room = free_bytes - _average_bytes(found, recipe)
        told["largest_batch"] = found.largest_batch(room, optimizer) * parts if room > 0 else 0
    return Forecast(
        epochs=recipe.epochs,
        steps=steps_of_epoch(data.learned_from(recipe), recipe.batch_size, processes),
        batch_size=recipe.batch_size,
        step_bytes=held,
        free_bytes=free_bytes,
        **told,
    )


def predicted_step(asked: Settings | Run, device: Device) -> StepPrediction | None:
    """A step of the recipe, or of a part where gradients accumulate, on a device that is not here.

    None of what the prediction does not know: detectors, compiled steps, other optimizers, a precision that is not in
    the data sheet. In float32 convolutions are taken for TF32 where the device has it, which is PyTorch's default.
    """
    from analysis.hardware.predict.step_prediction import predict_step

    recipe, optimizer = asked.recipe, counted_optimizer(asked.recipe)
    precision = "tf32" if recipe.precision == "float32" and "tf32" in device.precisions else recipe.precision
    if optimizer is None or recipe.compile or get_data(asked.data).boxes or precision not in device.precisions:
        return None
    batch, layout = -(-recipe.batch_size // recipe.accumulate), "nhwc" if recipe.channels_last else "nchw"
    config = asked.design.config
    return predict_step(config, device, batch, config.image_size, precision, layout, optimizer=optimizer)


def predicted_sentence(asked: Settings | Run, device: Device) -> str:
    """How long steps, epochs and all of a training would take on a device that is not here, loading images aside."""
    step = predicted_step(asked, device)
    if step is None or step.interval is None:
        return "How long a step takes there is not predicted: only classifiers, uncompiled, with SGD or AdamW are."
    recipe = asked.recipe
    parts = recipe.accumulate * steps_of_epoch(get_data(asked.data).learned_from(recipe), recipe.batch_size, 1)
    low, high = (without_zeros(format_si(value, "s")) for value in (step.interval.low, step.interval.high))
    epoch, whole = (format_duration(count * parts * step.seconds) for count in (1, recipe.epochs))
    return (
        f"A step of {step.batch_size} images is predicted to take {without_zeros(format_si(step.seconds, 's'))} there "
        f"({low} to {high} in nine of ten cases, {step.precision}): {epoch} an epoch, {whole} for all {recipe.epochs}, "
        "without loading images and tests."
    )


def counted_optimizer(recipe: Recipe) -> str | None:
    """The recipe's optimizer as `analysis.memory` counts it; None where that is not known."""
    if recipe.optimizer == "sgd" and not recipe.momentum:
        return "none"
    return _COUNTED.get(recipe.optimizer)


def _average_bytes(found: TrainingMemory, recipe: Recipe) -> int:
    """Of the running average beside the weights."""
    return (found.weight_bytes + found.buffer_bytes) if recipe.ema_decay else 0


def forecast_of(run: Run) -> Forecast | None:
    """What was forecast before a run began, if anything was."""
    said = run.record.get("forecast")
    if not isinstance(said, Mapping):
        return None
    known = {each.name for each in fields(Forecast)}
    return Forecast(**{name: value for name, value in said.items() if name in known})


def _bytes(value: float) -> str:
    return without_zeros(format_si(value, "B"))
