"""Runs that were never trained: a folder as `training` leaves it, with a log and real weights of a tiny network."""

from __future__ import annotations

import json
from typing import Any

import archs
from archs.described import described_weights
from training import Run, get_recipe, prepare

#: A network that is built in no time.
TINY = archs.get_config("densenet40_k12", block_config=(1, 1), growth_rate=4, num_init_features=8)


def write_run(
    name: str,
    network: Any = TINY,
    data: str = "digits",
    recipe: str = "digits",
    *,
    accuracy: float = 0.9,
    epochs: int = 3,
    state: str = "finished",
    weights: bool = True,
    **fields: Any,
) -> Run:
    """A run whose epochs end at an accuracy on the test images; it lies where `DENSESCOPE_DATA` says.

    Args:
        network: as `training.train` takes it.
        accuracy: share of the test images that it classifies right in the end; of a detector its AP50, half is its AP.
        epochs: of its recipe, all of them done unless it is "new".
        state: what its record says.
        weights: whether it has any, freshly drawn; a detector has none.
        fields: of the recipe to change.
    """
    run = prepare(network, data, get_recipe(recipe), name=name, epochs=epochs, **fields)
    for epoch in range(1, epochs + 1) if state != "new" else ():
        share = accuracy * (epoch / epochs)
        run.append({"kind": "step", "step": 10 * epoch - 5, "loss": 1 - share, "lr": 0.1, "images_per_s": 1000.0})
        if run.recipe.boxes:
            scores = {"train_loss": 1 - share, "test_ap": share / 2, "test_ap50": share}
            run.append({"kind": "epoch", "step": 10 * epoch, "epoch": epoch, **scores})
            continue
        scores = {"train_loss": 1 - share, "train_accuracy": share, "test_loss": 1 - share, "test_accuracy": share}
        run.append({"kind": "epoch", "step": 10 * epoch, "epoch": epoch, **scores})
    run.update(state=state)
    if weights and not run.recipe.boxes:
        tensors = archs.create_model(run.design.config).state_dict()
        told = {"data": run.data, "recipe": json.dumps(run.recipe.to_json())}
        run.weights.write_bytes(described_weights(tensors, run.design.config, run.design.name, **told))
    return run
