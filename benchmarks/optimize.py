"""Claim: `analysis.optimize_for_inference` makes networks faster than folding alone, and than channels last alone.

Run `python -m benchmarks.optimize [BATCH [SIZE [TURNS]]]`; all versions of a network take turns in one process, on the
same images and one thread. Medians of CPU time are compared, which other work on the machine disturbs least. The peer
is torch.fx.experimental.optimization.fuse. Bytes are the meter's.
"""

from __future__ import annotations

import sys
from copy import deepcopy
from functools import partial
from time import process_time

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

import analysis
import archs
from benchmarks.timing import describe_machine, median_seconds

NAMES = ("densenet121", "peleenet", "vovnet39", "ese_vovnet19b_dw")
CHANNELS_LAST = {"memory_format": torch.channels_last}


def versions(model: nn.Module) -> dict[str, nn.Module]:
    """The same network in several versions, the original first."""
    return {
        "original": model,
        "torch.fx fuse": fuse(model),
        "folded": analysis.optimize_for_inference(model, channels_last=False),
        "channels last": deepcopy(model).to(**CHANNELS_LAST),
        "torch.fx fuse, channels last": fuse(model).to(**CHANNELS_LAST),
        "optimised": analysis.optimize_for_inference(model),
    }


def run(model: nn.Module, image: Tensor) -> Tensor:
    with torch.inference_mode():
        output: Tensor = model(image)
    return output


def main() -> None:
    batch_size, size, turns = (int(value) for value in (sys.argv[1:] + ["1", "224", "9"][len(sys.argv) - 1 :]))
    torch.set_num_threads(1)
    print(f"{describe_machine('torch')}, one thread")
    image = torch.randn(batch_size, 3, size, size)
    for name in NAMES:
        contenders = versions(archs.create_model(name).eval())
        seconds = median_seconds(
            {key: partial(run, model, image) for key, model in contenders.items()}, turns, process_time
        )
        print(f"\n{name}, batch {batch_size}, {size}×{size}, CPU time, median of {turns} turns")
        expected = run(contenders["original"], image)
        for key, value in seconds.items():
            ratio = seconds["original"] / value
            moved = analysis.summarize(contenders[key], size, batch_size).bytes_moved
            difference = (run(contenders[key], image) - expected).abs().max() / expected.abs().max()
            print(
                f"  {key:<30}{1000 * value:>9.1f} ms  ×{ratio:.2f}  {moved / 1e6:>9.1f} MB moved"
                f"  off by {difference:.0e}",
                flush=True,
            )


if __name__ == "__main__":
    main()
