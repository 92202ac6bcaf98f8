"""What do networks learn? Recipes, data sets, and runs that survive anything (docs/training.md).

Importing this package imports no torch; opening data and training do.

>>> import training
>>> recipe = training.get_recipe("digits", epochs=2)
>>> asked = training.settle("densenetbc40_k12", "digits", recipe)
>>> training.forecast(asked, steps=0).steps  # batches of an epoch; with steps, how long they take on this machine
23
>>> run = training.train("densenetbc40_k12", "digits", recipe)  # doctest: +SKIP
>>> run.accuracy, run.to_frame(), run.weights  # doctest: +SKIP
"""

from typing import TYPE_CHECKING

from training.data import DataSet, get_data, list_data
from training.errors import TrainingError
from training.forecast import Forecast
from training.recipes import Recipe, get_recipe, list_recipes
from training.runs import Run, delete_run, get_run, list_runs, rename_run
from training.train import Settings, prepare, resume, settle

if TYPE_CHECKING:
    from training.forecast import forecast
    from training.train import train
else:
    from training import forecast, train  # modules that are called (archs.called)

__all__ = [
    "DataSet",
    "Forecast",
    "Recipe",
    "Run",
    "Settings",
    "TrainingError",
    "delete_run",
    "forecast",
    "get_data",
    "get_recipe",
    "get_run",
    "list_data",
    "list_recipes",
    "list_runs",
    "prepare",
    "rename_run",
    "resume",
    "settle",
    "train",
]
