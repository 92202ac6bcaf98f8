"""What the layers of an architecture cost, on paper and on hardware.

Importing this package imports neither torch nor pandas; each is loaded where it is used.
"""

from analysis.benchmark import benchmark, benchmark_layers, benchmark_sweep
from analysis.compare import compare
from analysis.costs import LayerCost, cost_layer, cost_layers
from analysis.crosscheck import cross_check
from analysis.depth import Depth, count_depth
from analysis.measuring.layer_time import LayerTime
from analysis.measuring.record import Measurement
from analysis.measuring.workload import Workload
from analysis.summary import Summary, summarize

__all__ = [
    "Depth",
    "LayerCost",
    "LayerTime",
    "Measurement",
    "Summary",
    "Workload",
    "benchmark",
    "benchmark_layers",
    "benchmark_sweep",
    "compare",
    "cost_layer",
    "cost_layers",
    "count_depth",
    "cross_check",
    "summarize",
]
