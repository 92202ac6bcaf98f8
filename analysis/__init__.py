"""What the layers of an architecture cost, on paper and on hardware.

Importing this package imports neither torch nor pandas nor numpy; each is loaded where it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.crosscheck import cross_check
from analysis.depth import Depth, count_depth
from analysis.facts import Device, get_device, list_devices, published, read_device
from analysis.hardware.measure.benchmark import benchmark, benchmark_layers, benchmark_sweep
from analysis.hardware.measure.record import LayerTime, Measurement, Workload
from analysis.memory import InferenceMemory, TrainingMemory
from analysis.meter import LayerCost, cost_layer, cost_layers
from analysis.summary import Summary, compare, summarize

if TYPE_CHECKING:
    from analysis.chains import chain, list_chains
    from analysis.hardware.predict.calibrated import calibrate_by
    from analysis.hardware.predict.predict import Prediction, predict
    from analysis.hardware.predict.step_prediction import StepPrediction
    from analysis.hardware.predict.validation import Validation, validate_predictions
    from analysis.memory import memory
    from analysis.optimize.optimize import optimize_for_inference
    from analysis.search import search
    from analysis.search.result import SearchResult
    from analysis.search.space import Space, get_space, list_spaces
else:
    from analysis import memory, search  # packages that are called (archs.called)

#: Loaded when first asked for, since they need numpy, or much that most need not.
_ON_DEMAND = {
    "chain": "analysis.chains",
    "list_chains": "analysis.chains",
    "SearchResult": "analysis.search.result",
    "Space": "analysis.search.space",
    "get_space": "analysis.search.space",
    "list_spaces": "analysis.search.space",
    "calibrate_by": "analysis.hardware.predict.calibrated",
    "optimize_for_inference": "analysis.optimize.optimize",
    "Prediction": "analysis.hardware.predict.predict",
    "predict": "analysis.hardware.predict.predict",
    "StepPrediction": "analysis.hardware.predict.step_prediction",
    "Validation": "analysis.hardware.predict.validation",
    "validate_predictions": "analysis.hardware.predict.validation",
}

__all__ = [
    "Depth",
    "Device",
    "InferenceMemory",
    "LayerCost",
    "LayerTime",
    "Measurement",
    "Prediction",
    "SearchResult",
    "Space",
    "StepPrediction",
    "Summary",
    "TrainingMemory",
    "Validation",
    "Workload",
    "benchmark",
    "benchmark_layers",
    "benchmark_sweep",
    "calibrate_by",
    "chain",
    "compare",
    "cost_layer",
    "cost_layers",
    "count_depth",
    "cross_check",
    "get_device",
    "get_space",
    "list_chains",
    "list_devices",
    "list_spaces",
    "memory",
    "optimize_for_inference",
    "predict",
    "published",
    "read_device",
    "search",
    "summarize",
    "validate_predictions",
]


def __getattr__(name: str) -> Any:
    if name not in _ON_DEMAND:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ON_DEMAND[name]), name)
