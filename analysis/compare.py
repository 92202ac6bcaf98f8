"""Networks side by side: one row each, every quantity of the meter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from analysis.quantities import LAYER_QUANTITIES
from analysis.summary import Summary, summarize
from archs.layer import Pair

if TYPE_CHECKING:
    import pandas as pd


def compare(
    targets: Iterable[Any],
    image_size: int | Pair | None = 224,
    batch_size: int = 1,
    dtype: str = "float32",
    route: str = "auto",
) -> pd.DataFrame:
    """One row a network, in the order given; the columns are those of `comparison_row`.

    Args and errors: as `analysis.summarize`.
    """
    import pandas as pd

    summaries = [summarize(target, image_size, batch_size, dtype, route) for target in targets]
    return pd.DataFrame([comparison_row(summary) for summary in summaries])


def comparison_row(summary: Summary) -> dict[str, Any]:
    """What a table of networks shows of one; raw values."""
    depth = summary.depth
    return {
        "name": summary.name,
        "family": summary.family,
        "image_size": summary.image_size,
        "batch_size": summary.batch_size,
        "dtype": summary.dtype,
        "depth": depth.total,
        "conv_layers": depth.conv,
        "fc_layers": depth.fully_connected,
        **{key: getattr(summary, key) for key in LAYER_QUANTITIES},
        "traffic_outside_conv": summary.traffic_outside_conv,
    }
