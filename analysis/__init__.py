"""What the layers of an architecture cost, on paper and on hardware.

Importing this package imports neither torch nor pandas; each is loaded where it is used.
"""

from analysis.compare import compare
from analysis.costs import LayerCost, cost_layer, cost_layers
from analysis.crosscheck import cross_check
from analysis.depth import Depth, count_depth
from analysis.summary import Summary, summarize

__all__ = [
    "Depth",
    "LayerCost",
    "Summary",
    "compare",
    "cost_layer",
    "cost_layers",
    "count_depth",
    "cross_check",
    "summarize",
]
