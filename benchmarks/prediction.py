"""Claims: predicting a planned network takes less than 5 ms, and on another device a tenth of that.

Run `python -m benchmarks.prediction`; nothing is kept from one turn to the next but the devices and the factors. Times
are those of the processor, whatever else the machine does. The ratio is against counting the same network, which a
prediction does along the way.
"""

from __future__ import annotations

from functools import partial
from time import process_time

import analysis
from analysis.hardware.predict.kernels import planned_costs, planned_program
from analysis.hardware.predict.predict import predict
from archs import list_archs
from benchmarks.timing import describe_machine, median_seconds, print_ratios

NAME, DEVICE = "densenet121", "RTX 4090"


def forget() -> None:
    for kept in (planned_costs, planned_program):
        kept.cache_clear()


def predict_afresh(name: str, execution: str) -> None:
    forget()
    predict(name, DEVICE, execution=execution)


def predict_everything() -> None:
    forget()
    for device in map(analysis.get_device, analysis.list_devices()):
        for name in list_archs():
            predict(name, device, precision=device.precisions[-1])


def main() -> None:
    print(describe_machine())
    one = {
        "count": partial(analysis.summarize, NAME),
        "predict, eager": partial(predict_afresh, NAME, "eager"),
        "predict, compiled": partial(predict_afresh, NAME, "compiled"),
    }
    print_ratios(f"{NAME} on {DEVICE}, processor time", median_seconds(one, turns=7, clock=process_time), peer="count")
    every = {"count all": partial(analysis.compare, list_archs()), "predict all": predict_everything}
    title = f"{len(list_archs())} networks, {len(analysis.list_devices())} devices, processor time"
    print_ratios(title, median_seconds(every, turns=3, clock=process_time), peer="count all")


if __name__ == "__main__":
    main()
