"""The columns of runs and of their epochs; the command line and the app read them."""

from __future__ import annotations

from functools import partial
from typing import Any

from analysis.columns import Column, count
from analysis.units import format_duration, format_moment, format_percent, format_si
from archs.design import changes
from training.recipes import RECIPES, Recipe, get_recipe
from training.runs import Run

#: A share of images to a hundredth of a point.
percent = partial(format_percent, decimals=2)


def _four_digits(value: float) -> str:
    return f"{value:.4g}"


#: A row a run: `run_row`.
RUNS = (
    Column("name", "Run", "By which it is resumed; its weights are `run:NAME`."),
    Column("network", "Network", "What is trained."),
    Column("data", "Data", "The data set."),
    Column("recipe", "Recipe", "The nearest of the recipes, and what is different."),
    Column("weights", "From", "The weights that it began with."),
    Column("state", "State", "new, running, finished, stopped, failed or killed."),
    Column("epochs", "Epochs", "Done, of all.", str),
    Column("accuracy", "Trained accuracy", "Share of the test images that are classified right.", percent),
    Column("averaged_accuracy", "of averaged weights", "The same of the running average of its weights.", percent),
    Column("best_accuracy", "Best", "The highest of any epoch, of either.", percent),
    Column("ap", "Trained AP", "Of a detector, on the test images, as COCO counts it.", percent),
    Column("ap50", "Trained AP50", "The same, where boxes need to overlap by half only.", percent),
    Column("seconds", "Time", "From its first report to its last, while it was trained.", format_duration),
    Column("created", "Created, UTC", "To the minute; exports have the second.", format_moment),
)

#: A row an epoch: of `Run.epochs`.
EPOCHS = (
    Column("epoch", "Epoch", "The training images were seen so often.", count),
    Column("lr", "Learning rate", "Of the last step.", _four_digits),
    Column("train_loss", "Training loss", "Mean over the epoch, as the weights changed.", _four_digits),
    Column("train_accuracy", "Training accuracy", "The same of the share classified right.", percent),
    Column("test_loss", "Test loss", "Mean over the test images.", _four_digits),
    Column("test_accuracy", "Test accuracy", "Share of the test images that are classified right.", percent),
    Column("averaged_loss", "Averaged: test loss", "Of the running average of the weights.", _four_digits),
    Column("averaged_accuracy", "Averaged: accuracy", "Of the running average of the weights.", percent),
    Column("test_ap", "AP", "Of a detector, on the test images, as COCO counts it.", percent),
    Column("test_ap50", "AP50", "The same, where boxes need to overlap by half only.", percent),
    Column("averaged_ap", "Averaged: AP", "Of the running average of the weights.", percent),
    Column("averaged_ap50", "Averaged: AP50", "Of the running average of the weights.", percent),
    Column("images_per_s", "Images/s", "Of training.", format_si),
    Column("seconds", "Time", "Of the epoch.", format_duration),
)


def run_row(run: Run) -> dict[str, Any]:
    """What a table shows of a run: plain values."""
    epochs = run.epochs()
    scores = [row[key] for row in epochs for key in ("test_accuracy", "averaged_accuracy") if row.get(key) is not None]
    return {
        "name": run.name,
        "network": run.design.name,
        "data": run.data,
        "recipe": described(run.recipe),
        "weights": run.weights_from,
        "state": run.state,
        "epochs": f"{len(epochs)}/{run.recipe.epochs}",
        "accuracy": run.accuracy,
        "averaged_accuracy": epochs[-1].get("averaged_accuracy") if epochs else None,
        "best_accuracy": max(scores, default=None),
        **(found._asdict() if (found := run.average_precision) else {"ap": None, "ap50": None}),
        "seconds": sum(row.get("seconds") or 0 for row in epochs) or None,
        "created": run.record.get("created"),
        "message": run.record.get("message", ""),
    }


def described(recipe: Recipe) -> str:
    """The recipe that one is nearest to, and the fields in which it differs.

    >>> described(get_recipe("digits", epochs=4))
    'digits (epochs=4)'
    """
    found = {name: changes(get_recipe(name, source=recipe.source, notes=recipe.notes), recipe) for name in RECIPES}
    name, fields = min(found.items(), key=lambda item: len(item[1]))
    said = ", ".join(f"{field}={value}" for field, value in fields.items())
    return f"{name} ({said})" if said else name
