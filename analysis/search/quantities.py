"""What a search can bound and optimise: quantities counted of all configs at once, and those that each config takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy.typing as npt

from analysis.columns import Column
from analysis.facts import DEFAULT_DEVICE, Device, get_device
from analysis.hardware.measure.benchmark import benchmark
from analysis.hardware.measure.record import Workload
from analysis.hardware.predict.calibrated import cpu_factors, factors_for
from analysis.hardware.predict.kernels import EXECUTIONS
from analysis.hardware.predict.predict import LAYOUTS, predict
from analysis.hardware.predict.step_calibrated import device_slowdown, step_factors
from analysis.hardware.predict.step_prediction import OPTIMIZERS as STEP_OPTIMIZERS
from analysis.hardware.predict.step_prediction import predict_step, training_device
from analysis.memory import OPTIMIZERS, memory
from analysis.memory.training import TRAINING_DTYPES
from analysis.precision import parse_arithmetic, parse_dtype
from analysis.quantities import QUANTITIES, Quantity, label_of, register_quantity
from analysis.search.evidence import capacity_proxy
from analysis.search.walks import WALKED
from analysis.structure.receptive_field import receptive_field
from analysis.units import format_quantity, format_si
from archs import checks
from archs.config import NetworkConfig
from archs.errors import DenseScopeError, abbreviate, nearest_names, require
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
        checks.keep(self, batch_size=checks.batch_size(self.batch_size), dtype=parse_dtype(self.dtype))

    def __call__(self, config: NetworkConfig) -> float:
        return memory(config, None, self.batch_size, self.dtype, "inference").total_bytes


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes at the peak of a training step, the optimizer's state included (`analysis.memory`)."""

    batch_size: int = 32
    dtype: str = "float32"
    optimizer: str = "sgd"

    def __post_init__(self) -> None:
        checks.keep(
            self,
            batch_size=checks.batch_size(self.batch_size),
            dtype=parse_dtype(self.dtype, TRAINING_DTYPES),
            optimizer=checks.choice("optimizer", self.optimizer, tuple(OPTIMIZERS)),
        )

    def __call__(self, config: NetworkConfig) -> float:
        return memory(config, None, self.batch_size, self.dtype, mode="training").total_bytes(self.optimizer)


@dataclass(frozen=True)
class _OnDevice:
    """What is predicted of a batch on a device, each config at its own image size."""

    device: str | Device = DEFAULT_DEVICE
    batch_size: int = 256
    precision: str = "float16"
    layout: str = "nchw"

    def __post_init__(self) -> None:
        checks.keep(
            self,
            precision=parse_arithmetic(self.precision),
            batch_size=checks.batch_size(self.batch_size),
            layout=checks.choice("layout", self.layout, LAYOUTS),
        )
        get_device(self.device).peak_flops_per_s(self.precision)


@dataclass(frozen=True)
class PredictedSeconds(_OnDevice):
    """Predicted seconds of a batch on a device (`analysis.predict`), each config at its own image size."""

    execution: str = "eager"

    def __post_init__(self) -> None:
        checks.keep(self, execution=checks.choice("execution", self.execution, EXECUTIONS))
        super().__post_init__()

    def __call__(self, config: NetworkConfig) -> float:
        conditions = (self.batch_size, None, self.precision, self.layout, self.execution)
        return predict(config, self.device, *conditions).seconds


@dataclass(frozen=True)
class TrainingSeconds(_OnDevice):
    """Predicted seconds of a training step on a device, in eager mode, each config at its own image size."""

    optimizer: str = "sgd"

    def __post_init__(self) -> None:
        checks.keep(self, optimizer=checks.choice("optimizer", self.optimizer, STEP_OPTIMIZERS))
        training_device(self.device)
        super().__post_init__()

    def __call__(self, config: NetworkConfig) -> float:
        conditions = (self.batch_size, None, self.precision, self.layout, "eager", self.optimizer)
        return predict_step(config, self.device, *conditions).seconds


@dataclass(frozen=True)
class MeasuredSeconds:
    """Median measured seconds of a batch (`analysis.benchmark`), on the machine that evaluates the config."""

    device: str = "cpu"
    batch_size: int = 1
    precision: str = "float32"
    repeats: int = 5

    def __post_init__(self) -> None:
        asked = Workload(self.device, self.batch_size, precision=self.precision, repeats=self.repeats)
        checks.keep(self, batch_size=asked.batch_size, precision=asked.precision, repeats=asked.repeats)

    def __call__(self, config: NetworkConfig) -> float:
        found = benchmark(config, self.device, self.batch_size, None, self.precision, repeats=self.repeats)
        return float("nan") if found.seconds is None else found.seconds


@dataclass(frozen=True)
class ReceptiveField:
    """Side of the square of the image, in pixels, that one element of the last map sees."""

    def __call__(self, config: NetworkConfig) -> float:
        return receptive_field(plan_layers(config, None))


#: Zero-cost proxies: what an untrained network tells.
PROXIES = ("synflow", "naswot", "grad_norm")


@dataclass(frozen=True)
class ZeroCost:
    """A guess at accuracy by a look at the untrained network (`analysis.search.proxies`).

    Weights, standard-normal images and labels are drawn anew for each config, all from the seed: no data set is needed.
    """

    proxy: str
    batch_size: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        checks.keep(
            self,
            proxy=checks.choice("proxy", self.proxy, PROXIES),
            batch_size=checks.integer("batch_size", self.batch_size, 2, checks.MAX_BATCH_SIZE),
            seed=checks.integer("seed", self.seed, 0, 2**63 - 1),
        )

    def __call__(self, config: NetworkConfig) -> float:
        require("torch", "A zero-cost proxy")
        from analysis.search.proxies import judge

        return judge(config, self.proxy, self.batch_size, self.seed)


#: What is evaluated config by config, as it is unless the caller gives another under the same name.
EVALUATORS: dict[str, Evaluator] = {
    "inference_bytes": PeakMemory(),
    "training_bytes": TrainingMemory(),
    "predicted_seconds": PredictedSeconds(),
    "training_seconds": TrainingSeconds(),
    "measured_seconds": MeasuredSeconds(),
    "receptive_field": ReceptiveField(),
    **{name: ZeroCost(name) for name in PROXIES},
}
#: What takes a machine for seconds a config, and torch: the browser leaves it to the command line.
SLOW = {"measured_seconds", *PROXIES}

#: What a search can bound and optimise, by name.
SEARCH_QUANTITIES: dict[str, Quantity] = {key: QUANTITIES[key] for key in (*COUNTED, *EVALUATORS)}
#: Names of older versions, each with its own now.
RENAMED = {"peak_memory_bytes": "inference_bytes"}


class UnknownQuantityError(DenseScopeError, KeyError):
    """A search has no such quantity."""

    def __init__(self, name: object, known: Collection[str]) -> None:
        renamed = RENAMED.get(checks.word(name) or "")
        now = f"it is called {renamed!r} now" if renamed else ""
        nearest = now or f"the nearest names are {nearest_names(name, known)}"
        super().__init__(f"There is no quantity {abbreviate(name)}; {nearest}.")


class EvaluationError(DenseScopeError):
    """An evaluator cannot work, whatever the config: the search ends, and no value is kept."""


def evaluation_key(name: str, evaluator: Evaluator) -> str:
    """What a store calls an evaluation: of ours, everything that the value depends on beside config and machine."""
    if isinstance(evaluator, PredictedSeconds):
        device = get_device(evaluator.device)
        factors = cpu_factors(device) if device.is_cpu else factors_for(device.name)
        return f"{name} {evaluator!r} {factors!r}"
    if isinstance(evaluator, TrainingSeconds):
        device = get_device(evaluator.device)
        slowdown = device_slowdown(device, evaluator.precision)
        return f"{name} {evaluator!r} {factors_for(device.name)!r} {step_factors()!r} {slowdown!r}"
    return f"{name} {evaluator!r}" if type(evaluator) in map(type, EVALUATORS.values()) else name


def register_evaluator(quantity: Quantity, evaluator: Evaluator) -> None:
    """Let searches bound and optimise a new quantity that takes seconds a config and depends on what its repr tells.

    Raises: ValueError: there is a quantity of that key.
    """
    register_quantity(quantity)
    EVALUATORS[quantity.key] = evaluator
    SEARCH_QUANTITIES[quantity.key] = quantity
    SLOW.add(quantity.key)


def format_value(name: str, value: float) -> str:
    """A quantity of a search for people; one of the caller's own has no unit.

    >>> format_value("receptive_field", 2071)
    '2,071\u2009px'
    """
    if name not in SEARCH_QUANTITIES:
        return format_si(float(value))
    whole = name in COUNTED and float(value).is_integer()
    return format_quantity(name, int(value) if whole else float(value))


def quantity_column(name: str) -> Column:
    """A column of a quantity of a search, or of the caller's own."""
    known = SEARCH_QUANTITIES.get(name)
    help = known.definition if known else "By the caller's own function."
    return Column(name, label_of(name), help, partial(format_value, name))
