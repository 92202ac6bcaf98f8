"""What the layers of an architecture cost, on paper and on hardware.

Importing this package imports neither torch nor pandas nor numpy; each is loaded where it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.benchmark import benchmark, benchmark_layers, benchmark_sweep
from analysis.compare import compare
from analysis.costs import LayerCost, cost_layer, cost_layers
from analysis.crosscheck import cross_check
from analysis.depth import Depth, count_depth
from analysis.devices import Device, get_device, list_devices, read_device
from analysis.measuring.layer_time import LayerTime
from analysis.measuring.record import Measurement
from analysis.measuring.workload import Workload
from analysis.memory import InferenceMemory, TrainingMemory, memory
from analysis.published import published
from analysis.search import search
from analysis.summary import Summary, summarize

if TYPE_CHECKING:
    from analysis.optimize.optimize import optimize_for_inference
    from analysis.prediction.own_runs import calibrate_by
    from analysis.prediction.predict import Prediction, predict
    from analysis.prediction.validation import Validation, validate_predictions
    from analysis.search.presets import get_space, list_spaces
    from analysis.search.result import SearchResult
    from analysis.search.space import Space

#: Loaded when first asked for, since they need numpy.
_ON_DEMAND = {
    "SearchResult": "analysis.search.result",
    "Space": "analysis.search.space",
    "get_space": "analysis.search.presets",
    "list_spaces": "analysis.search.presets",
    "calibrate_by": "analysis.prediction.own_runs",
    "optimize_for_inference": "analysis.optimize.optimize",
    "Prediction": "analysis.prediction.predict",
    "predict": "analysis.prediction.predict",
    "Validation": "analysis.prediction.validation",
    "validate_predictions": "analysis.prediction.validation",
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
    "Summary",
    "TrainingMemory",
    "Validation",
    "Workload",
    "benchmark",
    "benchmark_layers",
    "benchmark_sweep",
    "calibrate_by",
    "compare",
    "cost_layer",
    "cost_layers",
    "count_depth",
    "cross_check",
    "get_device",
    "get_space",
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
