"""Claim: DenseScope summarises DenseNet-121 many times faster than torchinfo, by either route.

Run `python -m benchmarks.summary`; all contenders take turns in one process, each from the network's name, and the
medians are compared. Ratios travel between machines, seconds do not.
"""

from __future__ import annotations

from functools import partial

import torchinfo
import torchvision

import analysis
from benchmarks.timing import describe_machine, median_seconds, print_ratios

NAME = "densenet121"


def run_torchinfo(batch_size: int) -> None:
    model = torchvision.models.get_model(NAME)
    torchinfo.summary(model, input_size=(batch_size, 3, 224, 224), verbose=0)


def main() -> None:
    print(describe_machine("torch", "torchinfo"))
    for batch_size, repeats in ((1, 9), (64, 3)):
        contenders = {
            "torchinfo": partial(run_torchinfo, batch_size),
            "plan": partial(analysis.summarize, NAME, batch_size=batch_size, route="plan"),
            "trace": partial(analysis.summarize, NAME, batch_size=batch_size, route="trace"),
        }
        seconds = median_seconds(contenders, repeats)
        print_ratios(f"{NAME}, batch {batch_size}, building included", seconds, peer="torchinfo")


if __name__ == "__main__":
    main()
