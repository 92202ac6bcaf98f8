"""What a search can bound and optimise: quantities counted of all configs at once, and those that each config takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from analysis.benchmark import benchmark
from analysis.costs import element_bytes
from analysis.devices import PRECISION_BYTES, Device, get_device
from analysis.memory import OPTIMIZERS, memory
from analysis.memory.training import TRAINING_DTYPES
from analysis.prediction.calibrated import factors_for
from analysis.prediction.kernels import EXECUTIONS
from analysis.prediction.predict import LAYOUTS, predict
from analysis.quantities import QUANTITIES, Quantity
from analysis.search.proxy import capacity_proxy
from analysis.search.receptive_field import receptive_field
from analysis.search.walks import WALKED
from analysis.units import format_quantity, format_si
from archs import checks
from archs.config import NetworkConfig
from archs.errors import DenseScopeError, nearest_names
from archs.planning import plan_layers

#: A quantity of one config; NaN where it has none.
Evaluator = Callable[[Any], float]

#: What is counted of all configs at once: the meter's quantities and what follows from them.
COUNTED = (*WALKED, "bytes_moved", "arithmetic_intensity", "capacity_proxy")


def counted_columns(walked: Mapping[str, npt.NDArray[Any]], batch_size: int) -> dict[str, npt.NDArray[Any]]:
    """Every quantity of `COUNTED`, from those of `WALKED`."""
    moved = walked["bytes_read"] + walked["bytes_written"]
    return {
        **walked,
        "bytes_moved": moved,
        "arithmetic_intensity": walked["flops"].astype(float) / moved.astype(float),
        "capacity_proxy": capacity_proxy(walked["params"], walked["macs"].astype(float) / batch_size),
    }


@dataclass(frozen=True)
class PeakMemory:
    """Bytes at inference: weights, buffers, and the tensors where most are alive (`analysis.memory`)."""

    batch_size: int = 1
    dtype: str = "float32"

    def __post_init__(self) -> None:
        checks.batch_size(self.batch_size)
        element_bytes(self.dtype)

    def __call__(self, config: NetworkConfig) -> float:
        return memory(config, None, self.batch_size, self.dtype, "inference").total_bytes


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes in training: weights, gradients, optimizer, and what is kept for the backward pass (`analysis.memory`)."""

    batch_size: int = 32
    dtype: str = "float32"
    optimizer: str = "sgd"

    def __post_init__(self) -> None:
        checks.batch_size(self.batch_size)
        checks.choice("dtype", self.dtype, TRAINING_DTYPES)
        checks.choice("optimizer", self.optimizer, tuple(OPTIMIZERS))

    def __call__(self, config: NetworkConfig) -> float:
        return memory(config, None, self.batch_size, self.dtype, "training").total_bytes(self.optimizer)


@dataclass(frozen=True)
class PredictedSeconds:
    """Predicted seconds of a batch on a device (`analysis.predict`), each config at its own image size."""

    device: str | Device = "RTX 4090"
    batch_size: int = 256
    precision: str = "fp16"
    layout: str = "nchw"
    execution: str = "eager"

    def __post_init__(self) -> None:
        checks.choice("precision", self.precision, tuple(PRECISION_BYTES))
        get_device(self.device).peak_flops_per_s(self.precision)
        checks.batch_size(self.batch_size)
        checks.choice("layout", self.layout, LAYOUTS)
        checks.choice("execution", self.execution, EXECUTIONS)

    def __call__(self, config: NetworkConfig) -> float:
        conditions = (self.batch_size, None, self.precision, self.layout, self.execution)
        return predict(config, self.device, *conditions).seconds


@dataclass(frozen=True)
class MeasuredSeconds:
    """Median measured seconds of a batch (`analysis.benchmark`), on the machine that evaluates the config."""

    device: str = "cpu"
    batch_size: int = 1
    precision: str = "float32"
    repeats: int = 5

    def __call__(self, config: NetworkConfig) -> float:
        found = benchmark(config, self.device, self.batch_size, None, self.precision, repeats=self.repeats)
        return float("nan") if found.seconds is None else found.seconds


@dataclass(frozen=True)
class ReceptiveField:
    """Side of the square of the image, in pixels, that one element of the last map sees."""

    def __call__(self, config: NetworkConfig) -> float:
        return receptive_field(plan_layers(config, None))


#: What is evaluated config by config, as it is unless the caller gives another under the same name.
EVALUATORS: dict[str, Evaluator] = {
    "peak_memory_bytes": PeakMemory(),
    "training_bytes": TrainingMemory(),
    "predicted_seconds": PredictedSeconds(),
    "measured_seconds": MeasuredSeconds(),
    "receptive_field": ReceptiveField(),
}

_OWN = (
    Quantity("capacity_proxy", "Capacity proxy", "", "log10(parameters × MACs): a guess at accuracy, not accuracy."),
    Quantity("peak_memory_bytes", "Peak memory", "B", "Weights, buffers and tensors at the peak of inference."),
    Quantity("training_bytes", "Training memory", "B", "Weights, gradients, optimizer state and what is kept."),
    Quantity("predicted_seconds", "Predicted time", "s", "Of a batch on a device, by the model of docs/prediction.md."),
    Quantity("measured_seconds", "Measured time", "s", "Of a batch, on the machine that evaluates the config."),
    Quantity("receptive_field", "Receptive field", "px", "Side of the square that one element of the last map sees."),
)
#: Label, unit and definition of every quantity of a search, by name.
SEARCH_QUANTITIES: dict[str, Quantity] = {
    key: {**QUANTITIES, **{one.key: one for one in _OWN}}[key] for key in (*COUNTED, *EVALUATORS)
}


class UnknownQuantityError(DenseScopeError, KeyError):
    """A search has no such quantity."""

    def __init__(self, name: object, known: Collection[str]) -> None:
        super().__init__(f"There is no quantity {name!r}; the nearest names are {nearest_names(name, known)}.")


def evaluation_key(name: str, evaluator: Evaluator) -> str:
    """What a store calls an evaluation: of ours, everything that the value depends on beside config and machine."""
    if isinstance(evaluator, PredictedSeconds):
        return f"{name} {evaluator!r} {factors_for(get_device(evaluator.device).name)!r}"
    return f"{name} {evaluator!r}" if type(evaluator) in _OURS else name


_OURS = tuple(type(evaluator) for evaluator in EVALUATORS.values())


def label_of(name: str) -> str:
    """What a table calls a quantity."""
    return SEARCH_QUANTITIES[name].label if name in SEARCH_QUANTITIES else name


def format_value(name: str, value: float) -> str:
    """A quantity of a search for people.

    >>> format_value("receptive_field", 2071)
    '2071\u2009px'
    """
    if name in QUANTITIES:
        return format_quantity(name, int(value) if float(value).is_integer() else float(value))
    if name == "capacity_proxy":
        return f"{value:.2f}"
    if name == "receptive_field":
        return f"{value:.0f}\u2009px"
    return format_si(float(value), SEARCH_QUANTITIES[name].unit if name in SEARCH_QUANTITIES else "")
