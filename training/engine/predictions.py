"""What a finished run says of the test images: which class, how surely, and where it errs.

They are computed once, as a training ends, and kept beside its weights; reading them takes numpy alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from zipfile import BadZipFile, ZipFile

from archs import files

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from training.data.images import Opened
    from training.data.registry import DataSet

FILE = "predictions.npz"
#: More than labels, confidences and the worst images of any data set take.
MAX_BYTES = 1024**3
#: So many of the worst mistakes are kept with their pixels, as long as they take no more than so many bytes.
MISTAKES, MOST_BYTES = 48, 2_000_000


@dataclass(frozen=True)
class Predictions:
    """Of each test image, in the data set's order, arrays (n,); and the worst mistakes, the worst first."""

    labels: np.ndarray[Any, Any]
    predicted: np.ndarray[Any, Any]
    #: Probabilities of the predicted class, and of the true one, as float16.
    confidence: np.ndarray[Any, Any]
    of_truth: np.ndarray[Any, Any]
    #: Numbers (m,) of wrongly classified images, and their bytes (m, C, H, W).
    worst: np.ndarray[Any, Any]
    pixels: np.ndarray[Any, Any]

    @property
    def right(self) -> int:
        """How many are classified right."""
        return int((self.labels == self.predicted).sum())


class Mistake(NamedTuple):
    """A test image that is taken for another class."""

    #: In the order of the test images.
    number: int
    true: int
    predicted: int
    #: Probabilities.
    confidence: float
    of_truth: float
    #: Bytes (C, H, W).
    pixels: np.ndarray[Any, Any]


class ClassScore(NamedTuple):
    """How well one class is recognised."""

    label: int
    images: int
    right: int
    #: The class that its images are most often taken for, and how many of them; None where all are right.
    taken_for: int | None
    taken: int

    @property
    def accuracy(self) -> float:
        return self.right / self.images


def confusion(predictions: Predictions, classes: int) -> np.ndarray[Any, Any]:
    """How many images of each class (rows) are taken for each class (columns): (classes, classes)."""
    import numpy as np

    cells = predictions.labels.astype(np.int64) * classes + predictions.predicted
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_scores(predictions: Predictions, classes: int) -> list[ClassScore]:
    """One for each class that has test images, in the order of the labels."""
    found = []
    for label, row in enumerate(confusion(predictions, classes)):
        images, right = int(row.sum()), int(row[label])
        row[label] = 0
        most = int(row.argmax())
        if images:
            found.append(ClassScore(label, images, right, most if row[most] else None, int(row[most])))
    return found


def worst_mistakes(predictions: Predictions) -> list[Mistake]:
    """The wrongly classified images that have the highest loss, the worst first."""
    one = predictions
    return [
        Mistake(
            int(number),
            int(one.labels[number]),
            int(one.predicted[number]),
            float(one.confidence[number]),
            float(one.of_truth[number]),
            pixels,
        )
        for number, pixels in zip(one.worst, one.pixels, strict=True)
    ]


def read_predictions(folder: Path) -> Predictions | None:
    """What a run's folder holds of them; None where there are none, or damaged ones."""
    import numpy as np

    try:
        content = BytesIO(files.read(folder / FILE, MAX_BYTES))
        if sum(part.file_size for part in ZipFile(content).infolist()) > MAX_BYTES:
            return None
        with np.load(content, allow_pickle=False) as kept:
            return Predictions(**{name: kept[name] for name in Predictions.__annotations__})
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def save_predictions(folder: Path, network: nn.Module, images: Opened, data: DataSet, accelerator: Any) -> None:
    """Classify all test images by a network and keep what it says in a run's folder; one process does so."""
    import numpy as np
    import torch

    from training.engine.evaluate import classified

    said, truths = [], []
    with torch.no_grad():
        for logits, truth in classified(network, images, torch.arange(len(images)), data, accelerator):
            said.append(logits.softmax(1).cpu())
            truths.append(truth.cpu())
    probabilities, labels = torch.cat(said), torch.cat(truths)
    confidence, predicted = probabilities.max(1)
    of_truth = probabilities.gather(1, labels.view(-1, 1)).squeeze(1)
    wrong = (predicted != labels).nonzero().squeeze(1)
    worst = wrong[of_truth[wrong].argsort()][:MISTAKES]
    pixels, _ = images.batch(worst)
    worst = worst[: max(1, MOST_BYTES // max(1, pixels[0].numel()))] if len(worst) else worst
    integers = np.int16 if len(data.classes) < 2**15 else np.int32
    content = BytesIO()
    np.savez_compressed(
        content,
        labels=labels.numpy().astype(integers),
        predicted=predicted.numpy().astype(integers),
        confidence=confidence.numpy().astype(np.float16),
        of_truth=of_truth.numpy().astype(np.float16),
        worst=worst.numpy().astype(np.int32),
        pixels=pixels[: len(worst)].numpy(),
    )
    files.write(folder / FILE, content.getbuffer())
