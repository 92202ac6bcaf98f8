"""Claim: with 20,000 measurements in the store, every section of Hardware opens, and answers, within 2 seconds of CPU.

Run `python -m benchmarks.measurements`. Each section is opened in a process of its own, which reads the store first,
and run again there; without a browser. CPU seconds do not say what else the machine does, but depend on the machine.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time

from analysis.hardware.measure.record import Machine, Measurement, Workload
from analysis.hardware.measure.results import FILE_NAME, encode
from archs.kept import FOLDER_VARIABLE
from archs.registry import list_archs
from benchmarks.timing import describe_machine

COUNT, RERUNS = 20_000, 3
#: Of the sections, each with what makes it read the measurements most.
SECTIONS = {
    "Speed": {"evidence": "All kinds"},
    "Speed, calibrated": {"section": "Speed", "calibrate": "true"},
    "Which device?": {},
    "Training steps": {},
    "Accuracy and cost": {"cost": "Energy of an image"},
    "Roofline": {},
    "FLOPs and time": {},
    "Benchmark here": {},
}
#: What was measured, and of what: the networks that are chosen at first, and some more.
DEVICES = ("NVIDIA GeForce RTX 5090", "NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3090", "Some processor")


def measurements(count: int) -> Iterator[Measurement]:
    """Valid ones, drawn at random, always the same but for their names and dates."""
    draw = random.Random(0)
    names = list_archs()[:12]
    for _ in range(count):
        batch = draw.choice((1, 8, 32, 64, 128, 256, 512))
        seconds = draw.uniform(0.001, 0.05) * batch / 16
        half = draw.random() < 0.5
        yield Measurement(
            name=draw.choice(names),
            family="densenet",
            workload=Workload(
                device="cuda",
                batch_size=batch,
                image_size=draw.choice((192, 224, 256)),
                precision="amp float16" if half else "float32",
                channels_last=draw.random() < 0.3,
                compile=draw.random() < 0.3,
            ),
            machine=Machine(draw.choice(DEVICES), "PyTorch 2", threads=2),
            flops=10**9 * batch,
            times=tuple(seconds * draw.uniform(1, 1.1) for _ in range(20)),
            joules_per_image=draw.random(),
        )


def cpu_seconds(title: str) -> list[float]:
    """Of opening a section, the store read anew, and of some reruns; the page's modules are there before."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_file(str(Path(__file__).parent.parent / "router.py"), default_timeout=600)
    app.query_params.update({"section": title, **SECTIONS[title]})
    folder = os.environ.pop(FOLDER_VARIABLE)
    with tempfile.TemporaryDirectory() as empty:
        os.environ[FOLDER_VARIABLE] = empty
        app.switch_page("views/hardware/hardware.py").run()
    os.environ[FOLDER_VARIABLE] = folder
    found = []
    for _ in range(1 + RERUNS):
        began = process_time()
        app.run()
        found.append(process_time() - began)
    if app.exception or app.toast:
        raise SystemExit(f"{title}: {[*app.exception, *app.toast]}")
    return found


def main() -> None:
    print(describe_machine("streamlit", "plotly"))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE_NAME).write_text(encode(measurements(COUNT)), encoding="utf-8")
        print(f"\nCPU seconds with {COUNT:,} measurements: of the first sight, and of the slowest of {RERUNS} reruns")
        for title in SECTIONS:
            command = [sys.executable, "-m", "benchmarks.measurements", title]
            done = subprocess.run(
                command, env=os.environ | {FOLDER_VARIABLE: folder}, stdout=subprocess.PIPE, text=True, check=True
            )
            first, *again = map(float, done.stdout.split())
            print(f"  {title:<36} {first:.2f} s {max(again):.2f} s", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(*cpu_seconds(sys.argv[1]))
    else:
        main()
