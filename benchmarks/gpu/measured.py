"""How is each check carried out? Functions of one case; they run in the process that has the GPU."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from analysis.hardware.measure.benchmark import benchmark_layers, benchmark_workload
from analysis.hardware.measure.record import Measurement, Workload
from analysis.summary import Summary, summarize
from analysis.targets import resolve_target
from archs import get_config

DEVICE = "cuda"
PRECISION = "amp float16"
#: Timed runs, by the batch: small ones vary more and take less.
REPEATS = {1: 40, 64: 10, 256: 10}
#: The tests that run on whatever device PyTorch finds, and those of what is written for CUDA.
TESTS = (
    "tests/analysis/hardware/test_on_devices.py",
    "tests/analysis/hardware/test_gpu.py",
    "tests/analysis/hardware/test_allocator.py",
)
TEST_SECONDS = 120

Row = dict[str, Any]


class Found(NamedTuple):
    """What one case gave, in plain values."""

    #: Of whole networks at inference, as `analysis.hardware.measure.results` keeps them.
    measurements: list[dict[str, Any]]
    #: Everything else.
    rows: list[Row]


def machine() -> Row:
    """The machine in general terms. Raises: DeviceError: there is no GPU."""
    from analysis.hardware.measure.processors import find_processor

    processor = find_processor(DEVICE, PRECISION)
    import torch

    properties = torch.cuda.get_device_properties(processor.torch_device)
    return {
        **asdict(processor.machine()),
        "memory_bytes": properties.total_memory,
        "multiprocessors": properties.multi_processor_count,
        "capability": f"{properties.major}.{properties.minor}",
        "host": f"{os.cpu_count()} {platform.machine()} cores, Python {platform.python_version()}, {platform.system()}",
    }


def time_network(name: str, batch_size: int, execution: str, layout: str) -> Found:
    return _found(_time(name, batch_size, execution, layout))


def measure_energy(name: str, batch_size: int, execution: str, layout: str) -> Found:
    return _found(_time(name, batch_size, execution, layout, energy=True))


def _time(name: str, batch_size: int, execution: str, layout: str, *, energy: bool = False) -> Measurement:
    return benchmark_workload(name, _workload(batch_size, execution, layout), energy=energy)


def _workload(batch_size: int, execution: str = "eager", layout: str = "nchw", precision: str = PRECISION) -> Workload:
    return Workload(
        device=DEVICE,
        batch_size=batch_size,
        precision=precision,
        channels_last=layout == "nhwc",
        compile=execution == "compiled",
        repeats=REPEATS.get(batch_size, 10),
    )


def _found(*measurements: Measurement) -> Found:
    return Found([one.to_json() for one in measurements], [])


def time_layers(name: str, batch_size: int) -> Found:
    """The workload is that of `time_network`, eager."""
    layers = benchmark_layers(name, _workload(batch_size))
    return Found([], [{key: value for key, value in one.row().items() if value is not None} for one in layers])


def _summary(name: str, batch_size: int, *, recomputed: bool) -> Summary:
    config = get_config(name)
    return summarize(replace(config, memory_efficient=True) if recomputed else config, None, batch_size)


def read_memory(name: str, batch_size: int, mode: str, recomputed: bool) -> Found:
    """What is counted, beside the allocator's figures; of a whole "step" with SGD, what it told was most."""
    if mode == "step":
        return Found([], [_step_memory(name, batch_size, recomputed=recomputed)])
    from analysis.hardware.measure.allocator import memory_on_device

    found = memory_on_device(_summary(name, batch_size, recomputed=recomputed), mode, DEVICE)
    return Found([], [{"counted_bytes": found.counted_bytes, **found.measured._asdict()}])


def _step_memory(name: str, batch_size: int, *, recomputed: bool) -> Row:
    from analysis.hardware.measure.steps import measure_step
    from analysis.memory.training import training_memory

    summary = _summary(name, batch_size, recomputed=recomputed)
    workload = replace(_workload(batch_size, precision="float32"), repeats=3)
    step = measure_step(summary.target, workload, "sgd")
    if not step.times:
        raise MemoryError
    counted = training_memory(summary).total_bytes("sgd")
    return {"counted_bytes": counted, "allocated": step.peak_memory_bytes, "step_seconds": step.seconds}


def time_step(name: str, batch_size: int, optimizer: str) -> Found:
    from analysis.hardware.measure.steps import measure_step

    step = measure_step(name, _workload(batch_size), optimizer)
    if not step.times:
        raise MemoryError
    return Found([], [asdict(step)])


def time_optimised(name: str, batch_size: int) -> Found:
    """The same network as it is, with its channels last, and as `optimize_for_inference` leaves it."""
    from analysis import optimize_for_inference
    from archs import create_model

    optimised = resolve_target(optimize_for_inference(create_model(name).eval())).stating(verify=False)
    versions = {"original": (name, "nchw"), "channels last": (name, "nhwc"), "optimised": (optimised, "nhwc")}
    rows = []
    for version, (target, layout) in versions.items():
        one = benchmark_workload(target, _workload(batch_size, "eager", layout, "float16"), energy=False)
        if one.out_of_memory:
            raise MemoryError
        rows.append({"version": version, "seconds": one.seconds, "peak_memory_bytes": one.peak_memory_bytes})
    return Found([], rows)


def run_tests() -> Found:
    """The tests that concern CUDA, without what the whole suite needs beside pytest."""
    command = [sys.executable, "-m", "pytest", "--noconftest", "-p", "no:cacheprovider", *TESTS]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=TEST_SECONDS, check=False)
    lines = done.stdout.strip().splitlines() or done.stderr.strip().splitlines() or ["no output"]
    failed = [line for line in lines if re.match(r"(FAILED|ERROR) ", line)]
    return Found([], [{"passed": done.returncode == 0, "summary": lines[-1], "failed": failed}])
