"""Every recipe by name: what its source says, and in `notes` what it doesn't say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from archs import checks
from archs.errors import UnknownNameError
from training.recipes.detectors import DETECTORS
from training.recipes.recipe import Recipe

_DENSENET = "Huang et al., arXiv:1608.06993, section 4.2; liuzhuang13/DenseNet@e3d24fb4"

#: Of what a plain DenseNet drops in training.
_DROPS = "The source drops outputs of every convolution but the first; networks here those of each dense layer's last."

_CIFAR = Recipe(
    data="cifar10",
    source=f"{_DENSENET} train.lua, datasets/cifar10.lua, README",
    notes="CIFAR-100 is trained alike. As the paper says, the rate falls after half and three quarters of the epochs; "
    "the released code, which counts epochs from 1, lets it fall one epoch earlier.",
    epochs=300,
    batch_size=64,
    lr=0.1,
    schedule="steps",
    milestones=(0.5, 0.75),
    factor=0.1,
    optimizer="sgd",
    momentum=0.9,
    dampening=0.0,
    nesterov=True,
    weight_decay=1e-4,
    decay_all=True,
    flip=0.5,
    shift=4,
)

#: As fb.resnet.torch cuts and colours the images of ImageNet.
_IMAGENET: dict[str, Any] = {
    "data": "imagenet",
    "image_size": 224,
    "test_resize": 256,
    "crop_area": (0.08, 1.0),
    "flip": 0.5,
    "shift": 0,
}

RECIPES: dict[str, Recipe] = {
    "densenet-cifar": _CIFAR,
    "densenet-cifar-plain": replace(
        _CIFAR,
        source=f"{_DENSENET} README",
        notes=f"Without augmentation, as the paper's columns without “+”. CIFAR-100 is trained alike. {_DROPS}",
        flip=0.0,
        shift=0,
        drop_rate=0.2,
    ),
    "densenet-svhn": replace(
        _CIFAR,
        data="svhn-extra",
        source="Huang et al., arXiv:1608.06993, sections 4.1 and 4.2",
        notes=f"The released code reads no SVHN. Drawing the 6,000 from train and extra alike is ours. {_DROPS}",
        epochs=40,
        normalise="bytes",
        flip=0.0,
        shift=0,
        drop_rate=0.2,
        validation=6000,
    ),
    "densenet-imagenet": replace(
        _CIFAR,
        **_IMAGENET,
        source=f"{_DENSENET} train.lua, datasets/imagenet.lua, README",
        notes="Trained on 4 GPUs. The source resizes bicubically, networks here see images resized bilinearly.",
        epochs=90,
        batch_size=256,
        milestones=(30 / 90, 60 / 90),
        jitter=0.4,
        lighting=0.1,
    ),
    "peleenet-imagenet": Recipe(
        **_IMAGENET,
        source="Robert-JunWang/PeleeNet@520391a8 main.py",
        notes="Without warm-up. Another version of the file (@3483689c) has a batch of 256 at a rate of 0.1.",
        epochs=120,
        batch_size=512,
        lr=0.18,
        schedule="cosine",
        momentum=0.9,
        weight_decay=1e-4,
    ),
    "vovnet-imagenet": Recipe(
        **_IMAGENET,
        source="stigma0617/VoVNet.pytorch@7130533c main.py",
        notes="The README also says a batch of 128 in one sentence; in main.py that is the batch of the tests.",
        epochs=90,
        batch_size=256,
        lr=0.1,
        schedule="steps",
        milestones=(30 / 90, 60 / 90),
        factor=0.1,
        momentum=0.9,
        weight_decay=1e-4,
    ),
    "d2l-fashion": Recipe(
        data="fashion",
        source="Zhang et al., Dive into Deep Learning, section 8.7; d2l.train_ch6",
        notes="For its own network, densenet_d2l: 0.885 of the test images right, 0.948 of those that it learns from.",
        epochs=10,
        batch_size=256,
        lr=0.1,
        schedule="constant",
        optimizer="sgd",
        momentum=0.0,
        weight_decay=0.0,
        initial="xavier",
        image_size=96,
        normalise="bytes",
    ),
    "tutorial-cifar": replace(
        _CIFAR,
        source="the tutorial “Pytorch Note 32” on DenseNet-121 with a 3×3 stem, its log",
        notes="Given are epochs and learning rate alone: batch, optimiser, augmentation and normalisation are not, "
        "and stand here as in densenet-cifar.",
        epochs=20,
        milestones=(10 / 20, 15 / 20),
    ),
    "fast": Recipe(
        data="cifar10",
        source="DenseScope, after KellerJordan/cifar10-airbench@f1c599c4 and "
        "WeihaoZhuang/cifar10-100-fast-training@ce594ad4",
        notes="Proposed: nobody has measured what it reaches. Beyond a batch of 512 the rate was meant to stay.",
        epochs=20,
        batch_size=512,
        lr=0.8,
        schedule="triangle",
        milestones=(0.25,),
        nesterov=True,
        weight_decay=5e-4,
        decay_all=False,
        label_smoothing=0.1,
        flip=0.5,
        alternate_flip=True,
        shift=4,
        cutout=8,
        ema_decay=0.999,
        precision="bfloat16",
    ),
    **DETECTORS,
    "digits": Recipe(
        data="digits",
        source="DenseScope: a network in seconds",
        epochs=8,
        schedule="triangle",
        milestones=(0.25,),
        nesterov=True,
        shift=1,
        decay_all=False,
    ),
}


def list_recipes(boxes: bool | None = None) -> list[str]:
    """The names of the recipes: papers, then tutorials, then the quick ones; of those for detectors, or for others."""
    return [name for name, recipe in RECIPES.items() if boxes in (None, recipe.boxes)]


def recipe_for(data: str) -> str:
    """The name of the recipe that suits a data set where none is given: the first made for it, or for its kind.

    >>> [recipe_for(data) for data in ("digits", "cifar100", "svhn", "folder:images", "voc", "coco:images")]
    ['digits', 'densenet-cifar', 'densenet-svhn', 'densenet-imagenet', 'pelee-voc', 'boxes']
    """
    data = checks.text("data", data)
    if data.startswith(("coco:", "voc:")):
        return "boxes"
    kind = {"cifar100": "cifar10", "svhn": "svhn-extra"}.get(data, "imagenet" if data.startswith("folder:") else data)
    return next((name for name, recipe in RECIPES.items() if recipe.data == kind), next(iter(RECIPES)))


def get_recipe(name: str, **overrides: Any) -> Recipe:
    """A recipe by its name, with some fields changed.

    Raises:
        UnknownNameError: no such name; it names the nearest three.
        UnknownFieldError, ConfigError: an override that is not allowed.
    """
    found = RECIPES.get(checks.word(name) or "")
    if found is None:
        raise UnknownNameError("recipe", name, RECIPES)
    return found.varied(**overrides)
