"""What a search can ask of training: the accuracy that a config has after a short training of its own.

Importing this file makes `trained_accuracy` known to `analysis.search`; torch waits for the first training.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from analysis.quantities import Quantity
from analysis.search.quantities import EvaluationError, register_evaluator
from archs import checks
from archs.config import NetworkConfig
from archs.design import Design
from archs.errors import require
from training.data.registry import get_data
from training.errors import DivergedError, TrainingError
from training.recipes import Recipe, get_recipe
from training.runs import create_run
from training.train import fitted

if TYPE_CHECKING:
    from training.data.images import Split

#: So many of the training images are held out, and a fifth of them at most.
HELD_OUT = 3000


@dataclass(frozen=True)
class TrainedAccuracy:
    """Share of held-out images that a config classifies right after a training of its own, on one thread of the CPU.

    It learns from the first `images` training images of a data set and is tested on the last ones (`HELD_OUT`), so that
    a choice by it doesn't use up the data set's own test images. Classes, channels and image side of the config are
    fitted to the data. On one machine and software the same settings give the same value, however many run at once.
    NaN where the training diverges.

    Raises: UnknownNameError, ConfigError: a data set, a recipe or a number that is not there, or not allowed.
    """

    data: str = "digits"
    #: A name, kept as the recipe itself, at these epochs and this seed.
    recipe: str | Recipe = "digits"
    #: None: the recipe's.
    epochs: int | None = None
    #: None: all that are not held out.
    images: int | None = None
    seed: int = 0
    #: How many images it is tested on.
    held_out: int = field(init=False)

    def __post_init__(self) -> None:
        recipe = get_recipe(self.recipe) if isinstance(self.recipe, str) else self.recipe
        epochs = recipe.epochs if self.epochs is None else self.epochs
        recipe = recipe.varied(data=self.data, epochs=epochs, seed=self.seed, validation=0)
        known = get_data(self.data).train_images
        held_out = min(HELD_OUT, known // 5)
        learned = known - held_out if self.images is None else self.images
        images = checks.integer("images", learned, 2, known - held_out)
        checks.keep(self, recipe=recipe, epochs=recipe.epochs, images=images, seed=recipe.seed, held_out=held_out)

    def __call__(self, config: NetworkConfig) -> float:
        torch = require("torch", "Training")
        require("accelerate", "Training")
        threads = torch.get_num_threads()
        with torch.random.fork_rng(devices=[]), TemporaryDirectory(prefix="densescope-") as place:
            torch.set_num_threads(1)
            try:
                return self._train(config, Path(place))
            except DivergedError:
                return nan
            except TrainingError as error:
                raise EvaluationError(str(error)) from None
            finally:
                torch.set_num_threads(threads)

    def _train(self, config: NetworkConfig, place: Path) -> float:
        """Train it in a run that nobody keeps."""
        from training.engine.loop import fit

        assert isinstance(self.recipe, Recipe)
        design = Design("searched", fitted(config, get_data(self.data), self.recipe))
        run = create_run("searched", design, self.data, self.recipe, place=place)
        fit(run, cpu=True, save_seconds=inf, images=self._split())
        accuracy = run.accuracy
        assert accuracy is not None
        return accuracy

    def _split(self) -> Split:
        """What it learns from, and what was held out, shown as the recipe shows test images."""
        from training.data.images import Shown, Split, open_data

        assert isinstance(self.recipe, Recipe)
        train, test, _ = open_data(get_data(self.data), self.recipe)
        last = range(len(train) - self.held_out, len(train))
        return Split(train.part(range(self.images or 0)), Shown(train.source, test.sizes).part(last))


register_evaluator(
    Quantity(
        "trained_accuracy",
        "Held-out accuracy",
        "%",
        "Share of held-out training images that a config classifies right after a short training of its own.",
        "points",
    ),
    TrainedAccuracy(),
)
