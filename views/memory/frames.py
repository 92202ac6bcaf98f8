"""The frames that the Memory view draws, shows and exports."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from analysis.devices import get_device, list_devices
from analysis.findings import join
from analysis.measuring.design_run import DesignRun
from analysis.memory.along_depth import alive_at_each, kept_by_kind, live_by_kind
from analysis.memory.footprints import Footprint
from analysis.memory.inference import InferenceMemory
from analysis.memory.training import TrainingMemory
from analysis.optimize.report import Report
from analysis.optimize.saving import COUNTED, Saving
from analysis.units import format_si

#: So many of the tensors that are alive are named.
NAMED = 4


def timeline(memory: InferenceMemory) -> pd.DataFrame:
    """One row a layer as it runs: live bytes, in all and in columns by kind of tensor, and the largest tensors."""
    frame = pd.DataFrame(memory.rows())
    frame.insert(0, "number", range(1, len(frame) + 1))
    alive = list(alive_at_each(memory, NAMED))
    return frame.assign(
        **live_by_kind(memory),
        tensors=[one.tensors for one in alive],
        largest=[
            ", ".join(f"{tensor.name} ({format_si(tensor.nbytes, 'B')})" for tensor in one.largest) for one in alive
        ],
    )


def kept(memory: TrainingMemory) -> pd.DataFrame:
    """One row a layer of training: bytes kept once it has run, in all and in columns by kind, and by itself."""
    by_kind = kept_by_kind(memory)
    frame = pd.DataFrame(
        {
            "number": range(1, len(memory.layers) + 1),
            "name": [layer.name for layer in memory.layers],
            "stage": [layer.stage for layer in memory.layers],
            "kept_here": list(memory.by_layer().values()),
        }
    )
    return frame.assign(kept_bytes=frame["kept_here"].cumsum(), **by_kind)


def kinds(modes: Mapping[str, TrainingMemory]) -> pd.DataFrame:
    """One row a kind of saved memory that any mode keeps, one column a mode."""
    frame = pd.DataFrame({mode: memory.by_kind() for mode, memory in modes.items()})
    return frame[frame.any(axis="columns")].rename_axis("kind").reset_index()


def devices(footprints: list[Footprint]) -> pd.DataFrame:
    """One row a size of memory that devices have: the largest batch in each mode."""
    by_size: dict[float, list[str]] = {}
    for device in map(get_device, list_devices()):
        if device.memory_bytes:
            by_size.setdefault(device.memory_bytes, []).append(device.name)
    rows = [
        {"memory_bytes": size, "devices": join(names)} | {one.mode: one.largest_batch(size) for one in footprints}
        for size, names in sorted(by_size.items())
    ]
    return pd.DataFrame(rows)


def saving(found: Saving) -> pd.DataFrame:
    """One row a quantity, before and after optimising."""
    rows = [
        {"quantity": quantity.label, "before": found.before[key], "after": found.after[key], "left": found.share(key)}
        for key, quantity in COUNTED.items()
    ]
    return pd.DataFrame(rows)


def norms(report: Report) -> pd.DataFrame:
    """One row a batch norm: the convolution that took it in, or why none did."""
    folded = [{"norm": norm, "folded": True, "why": f"into {conv}"} for norm, conv in report.folded.items()]
    kept = [{"norm": norm, "folded": False, "why": reason} for norm, reason in report.kept.items()]
    return pd.DataFrame([*folded, *kept], columns=["norm", "folded", "why"])


def designs(run: DesignRun) -> pd.DataFrame:
    """One row a measured design."""
    return pd.DataFrame(
        [
            {
                "design": design.name,
                "kept_bytes": design.kept_bytes,
                "saving": run.saving(design),
                "seconds": design.seconds,
                "slowdown": run.slowdown(design),
                "seconds_low": design.seconds_low,
                "seconds_high": design.seconds_high,
                "steps": len(design.times),
            }
            for design in run.designs
        ]
    )
