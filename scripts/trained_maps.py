"""The maps of feature reuse that are shipped: trains two small networks, and writes what they weigh after each epoch.

`python -m scripts.trained_maps` trains both in a folder of its own and prints what came out; with `--write` it puts the
maps in place (`training/shipped/reuse/`). A name chooses one of them.
"""

from __future__ import annotations

import os
import sys
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

import torch

from analysis.structure import reuse
from archs.kept import FOLDER_VARIABLE
from training.engine.loop import fit
from training.reuse import FOLDER, TrainedReuse, Watched
from training.train import prepare

#: By network, what the recipe "digits" is changed in: learning rate × weight decay × steps, by which weights shrink
#: that nothing needs, comes to 0.9. It is 1.2 in the DenseNet paper's training on CIFAR, and 0.001 in the recipe's.
MAPS: dict[str, dict[str, Any]] = {
    "densenetbc40_k12": {"epochs": 40, "weight_decay": 0.02},
    "osa40_5x43": {"epochs": 40, "weight_decay": 0.02},
}


def trained(name: str) -> TrainedReuse:
    """Train a network, looking at it after each epoch."""
    run = prepare(name, "digits", "digits", name=name, **MAPS[name])
    maps = []
    fit(run, watch=lambda network, epochs: maps.append(reuse(network)), cpu=True)
    accuracies = [None, *(row["test_accuracy"] for row in run.epochs())]
    watched = [Watched(*each) for each in zip(range(len(maps)), accuracies, maps, strict=True)]
    return TrainedReuse(run.design, run.data, run.recipe, f"PyTorch {torch.__version__}, CPU", tuple(watched))


def main() -> None:
    names = [name for name in sys.argv[1:] if not name.startswith("--")] or list(MAPS)
    with TemporaryDirectory() as folder:
        os.environ[FOLDER_VARIABLE] = folder
        for name in names:
            begun = process_time()
            found = trained(name)
            print(f"{name}: {found.accuracy:.2%} of the test images, {process_time() - begun:.0f} CPU seconds")
            if "--write" in sys.argv:
                FOLDER.mkdir(exist_ok=True)
                (FOLDER / f"{name}.json").write_text(found.to_json(), encoding="utf-8")


if __name__ == "__main__":
    main()
