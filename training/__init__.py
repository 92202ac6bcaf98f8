"""What do networks learn? Recipes, data sets, and runs that survive anything (docs/training.md).

Importing this package imports no torch; opening data and training do.
"""

from training.data import get_data, list_data
from training.recipes import Recipe, get_recipe, list_recipes
from training.runs import Run, TrainingError, delete_run, get_run, list_runs, rename_run
from training.train import prepare, resume, train

__all__ = [
    "Recipe",
    "Run",
    "TrainingError",
    "delete_run",
    "get_data",
    "get_recipe",
    "get_run",
    "list_data",
    "list_recipes",
    "list_runs",
    "prepare",
    "rename_run",
    "resume",
    "train",
]
