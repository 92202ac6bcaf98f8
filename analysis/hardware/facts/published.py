"""What others have published: throughput, latency, accuracy and stated costs, one fact a row, each with its source.

None of it is counted, measured or predicted here. `note` says where sources contradict each other.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archs import checks
from archs.errors import ConfigError, DenseScopeError, nearest_names

if TYPE_CHECKING:
    import pandas as pd


DATA = Path(__file__).parents[2] / "data"
TABLES = ("throughput", "accuracy", "latency", "costs")
#: The columns of every table: what it is about, the fact, the circumstances, where it comes from.
COLUMNS = [
    *("arch", "network", "metric", "value", "unit"),
    *("dataset", "recipe", "evaluation", "image_size"),
    *("device", "precision", "layout", "execution", "software", "batch_size", "scope"),
    *("source", "note"),
]


class UnknownFactError(DenseScopeError, KeyError):
    """Nothing is published under that name."""

    def __init__(self, column: str, value: object, known: list[str]) -> None:
        super().__init__(
            f"Nothing is published under {column} {value!r}; the nearest names are {nearest_names(value, known)}."
        )


def published(
    table: str = "throughput",
    *,
    arch: str | None = None,
    device: str | None = None,
    metric: str | None = None,
    dataset: str | None = None,
    execution: str | None = None,
    layout: str | None = None,
) -> pd.DataFrame:
    """The published facts of a table that fit all filters, with the columns `COLUMNS`.

    Args:
        table: one of `TABLES`.
        arch: a registered name, or the name that the source uses ("timm/resnet50", "VoVNet-39").
        device: as the source names it: "RTX 4090".
        metric: "images_per_s", "seconds", "joules_per_image", "top1_error" …
        dataset: "ImageNet", "CIFAR-10+" …
        execution: "eager" or "compiled".
        layout: "nchw" or "nhwc".

    Raises:
        ConfigError: there is no such table.
        UnknownFactError: the table has nothing under a name; it names the nearest three.
    """
    frame = _read(checks.choice("table", table, TABLES))
    wanted = {"device": device, "metric": metric, "dataset": dataset, "execution": execution, "layout": layout}
    if arch is not None:
        frame = _matching(frame, ("arch", "network"), "arch", arch)
    for column, value in wanted.items():
        if value is not None:
            frame = _matching(frame, (column,), column, value)
    return frame.reset_index(drop=True)


def _matching(frame: pd.DataFrame, columns: tuple[str, ...], label: str, value: Any) -> pd.DataFrame:
    fits = frame[list(columns)].isin([str(value)]).any(axis="columns")
    if not fits.any():
        known = sorted({name for column in columns for name in frame[column] if name})
        if not known:
            raise ConfigError(label, value, "left out: what is asked for has none")
        raise UnknownFactError(label, value, known)
    return frame[fits]


@cache
def _read(table: str) -> pd.DataFrame:
    import pandas as pd

    types = dict.fromkeys(set(COLUMNS) - {"value"}, "str") | {"image_size": "Int64", "batch_size": "Int64"}
    frame = pd.read_csv(DATA / f"published_{table}.csv", dtype=types).reindex(columns=COLUMNS)
    numbers = ["value", "image_size", "batch_size"]
    words = [column for column in COLUMNS if column not in numbers]
    return frame.assign(**{column: frame[column].astype(object).fillna("").astype("str") for column in words})
