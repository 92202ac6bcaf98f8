"""How strongly a network's layers weigh the features that they read, epoch by epoch, while it is trained.

Two such records are shipped, of a DenseNet-BC and of a network of one-shot aggregation: `scripts.trained_maps` makes
them. Reading one imports no torch: the wiring follows from the config, as everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from analysis.structure.connectivity import Block, blocks
from analysis.structure.feature_reuse import BlockReuse, training_finding
from analysis.units import format_percent
from archs.design import Design, parse_design
from archs.planning import plan_layers
from training.data.registry import get_data
from training.errors import TrainingError
from training.recipes import Recipe, recipe_from_json

SCHEMA = 1
FOLDER = Path(__file__).parent / "shipped" / "reuse"
#: Digits of a strength that are kept.
DIGITS = 4


class Watched(NamedTuple):
    """A network after some epochs of its training; after none, as it was initialised."""

    epoch: int
    #: Share of the test images that it classifies right; None before training.
    accuracy: float | None
    maps: tuple[BlockReuse, ...]


@dataclass(frozen=True)
class TrainedReuse:
    """What training made of a network's connections."""

    design: Design
    data: str
    recipe: Recipe
    #: What trained it, such as "PyTorch 2.9, CPU".
    software: str
    #: The first as it was initialised.
    epochs: tuple[Watched, ...]

    @property
    def name(self) -> str:
        return self.design.name

    @property
    def accuracy(self) -> float:
        """Share of the test images that it classifies right in the end."""
        return self.epochs[-1].accuracy or 0.0

    def at(self, epoch: int) -> Watched:
        """The network after so many epochs. Raises: TrainingError: nobody looked at it then."""
        for watched in self.epochs:
            if watched.epoch == epoch:
                return watched
        raise TrainingError(f"There is no map of {self.name} after {epoch} epochs.")

    def finding(self) -> str:
        """What training made of the connections."""
        return training_finding(self.name, self.epochs[0].maps, self.epochs[-1].maps)

    def describe(self) -> str:
        """Who trained it, on what, how, and how well it does."""
        data, recipe = get_data(self.data), self.recipe
        return (
            f"Trained by DenseScope: {self.name} on {data.train_images:,} images of {data.title} "
            f"({data.image_size}×{data.image_size}), {recipe.epochs} epochs, batch {recipe.batch_size}, learning rate "
            f"{recipe.lr:g}, weight decay {recipe.weight_decay:g}: {format_percent(self.accuracy)} of "
            f"{data.test_images:,} test images right. {self.software}."
        )

    def to_json(self) -> str:
        """The text of its file: a line an epoch."""
        head = {
            "schema": SCHEMA,
            "network": json.loads(self.design.to_json()),
            "data": self.data,
            "recipe": self.recipe.to_json(),
            "software": self.software,
        }
        lines = [json.dumps(_written(watched), separators=(",", ":")) for watched in self.epochs]
        epochs = ",\n".join(lines)
        return f'{json.dumps(head, indent=1)[:-2]},\n "epochs": [\n{epochs}\n]\n}}\n'


def _written(watched: Watched) -> dict[str, Any]:
    strengths = [
        [float(f"{one.strengths[connection]:.{DIGITS}g}") for connection in weighed(one.block)] for one in watched.maps
    ]
    return {"epoch": watched.epoch, "test_accuracy": watched.accuracy, "strengths": strengths}


def parse_trained_reuse(text: str) -> TrainedReuse:
    """The reverse of `TrainedReuse.to_json`. Raises: TrainingError: it does not fit the wiring of its network."""
    values = json.loads(text)
    design = parse_design(json.dumps(values["network"]), "the network of a map")
    own = [block for block in blocks(plan_layers(design.config)) if weighed(block)]
    epochs = tuple(_watched(design.name, own, row) for row in values["epochs"])
    return TrainedReuse(design, values["data"], recipe_from_json(values["recipe"]), values["software"], epochs)


def _watched(name: str, own: Sequence[Block], row: dict[str, Any]) -> Watched:
    try:
        maps = tuple(
            BlockReuse(block, dict(zip(weighed(block), strengths, strict=True)))
            for block, strengths in zip(own, row["strengths"], strict=True)
        )
    except ValueError:
        raise TrainingError(f"The map of {name} does not fit its wiring.") from None
    return Watched(row["epoch"], row["test_accuracy"], maps)


def weighed(block: Block) -> list[tuple[int, int]]:
    """The connections of a block that end in weights, by (feature, reader): the order of a file's strengths."""
    return [
        (source, number) for number, reader in enumerate(block.readers) if reader.entries for source in reader.sources
    ]


def list_trained_reuse() -> list[str]:
    """The networks whose maps are shipped."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


@lru_cache
def get_trained_reuse(name: str) -> TrainedReuse:
    """A shipped map."""
    return parse_trained_reuse((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
