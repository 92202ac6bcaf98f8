"""Recipes say what their sources say, hold what they may hold, and survive JSON."""

from __future__ import annotations

import json
from dataclasses import fields
from itertools import pairwise
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archs.config import declared
from archs.errors import ConfigError, UnknownFieldError, UnknownNameError
from training.recipes import GROUPS, RECIPES, Recipe, batch_note, get_recipe, list_recipes, recipe_from_json

LUA = "liuzhuang13/DenseNet@e3d24fb4"
PAPER = "arXiv:1608.06993 §4"
PELEE = "Robert-JunWang/PeleeNet@520391a8 main.py"
VOV = "stigma0617/VoVNet.pytorch@7130533c main.py"
D2L = "Dive into Deep Learning 8.7"
NOTE = "Pytorch Note 32"
PELEE_VOC = "Robert-JunWang/Pelee@033dfd61 train_voc.py"
PELEE_COCO = "Robert-JunWang/Pelee@033dfd61 train_coco.py"
VOV_FRCNN = "youngwanLEE/vovnet-detectron2@e486bbb1 configs, vovnet/config.py"
REFERENCES = "pytorch/vision@04ec56a3 references/detection"
PROPOSED = "training.md, proposed `fast`"

_DENSENET_SGD = [
    ("optimizer", "sgd", f"{LUA} train.lua: optim.sgd"),
    ("lr", 0.1, f"{PAPER}.2: the initial learning rate is set to 0.1"),
    ("momentum", 0.9, f"{LUA} train.lua: momentum 0.9"),
    ("nesterov", True, f"{LUA} train.lua: nesterov = true"),
    ("dampening", 0.0, f"{LUA} train.lua: dampening = 0.0"),
    ("weight_decay", 1e-4, f"{PAPER}.2: a weight decay of 10⁻⁴"),
    ("decay_all", True, f"{LUA} train.lua: one vector of all parameters"),
    ("schedule", "steps", f"{PAPER}.2: divided by 10"),
    ("factor", 0.1, f"{PAPER}.2: divided by 10"),
    ("initial", "network", f"{LUA}: He normal, biases 0"),
]
_DENSENET_CIFAR = [
    *_DENSENET_SGD,
    ("epochs", 300, f"{PAPER}.2: 300 epochs"),
    ("batch_size", 64, f"{PAPER}.2: batch size 64"),
    ("milestones", (0.5, 0.75), f"{PAPER}.2: at 50 % and 75 % of the total number of training epochs"),
    ("normalise", "channels", f"{PAPER}.1: channel means and standard deviations"),
    ("data", "cifar10", f"{PAPER}.1"),
]
_IMAGENET = [
    ("data", "imagenet", "its name"),
    ("image_size", 224, "crops of 224"),
    ("crop_area", (0.08, 1.0), "fb.resnet.torch RandomSizedCrop; torchvision RandomResizedCrop"),
    ("crop_ratio", (3 / 4, 4 / 3), "fb.resnet.torch RandomSizedCrop; torchvision RandomResizedCrop"),
    ("flip", 0.5, "horizontal flip 0.5"),
    ("shift", 0, "no padding"),
    ("test_resize", 256, "Resize 256, CenterCrop 224"),
    ("normalise", "channels", "mean and std of ImageNet"),
    ("weight_decay", 1e-4, "wd 1e-4"),
    ("momentum", 0.9, "momentum 0.9"),
]
_PELEE_DETECTOR = [
    ("boxes", True, "a detector"),
    ("optimizer", "sgd", "solver_param: type SGD"),
    ("momentum", 0.9, "solver_param: momentum"),
    ("nesterov", False, "type SGD"),
    ("weight_decay", 5e-4, "--weight-decay"),
    ("schedule", "steps", "lr_policy: multistep"),
    ("factor", 0.1, "solver_param: gamma"),
    ("image_size", 304, "--image-size"),
    ("flip", 0.5, "train_transform_param: mirror"),
    ("box_crop", True, "batch_sampler: overlaps of 0.1 to 0.9"),
]
_TORCHVISION_DETECTOR = [
    ("boxes", True, "a detector"),
    ("data", "coco", f"{REFERENCES} README.md: --dataset coco"),
    ("optimizer", "sgd", f"{REFERENCES} train.py"),
    ("momentum", 0.9, f"{REFERENCES} train.py: --momentum"),
    ("nesterov", False, f"{REFERENCES} train.py: torch.optim.SGD without it"),
    ("warmup", 1000, f"{REFERENCES} engine.py: warmup_iters, warmup_factor 1 / 1000"),
    ("flip", 0.5, f"{REFERENCES} train.py, presets.py: hflip_prob"),
    ("factor", 0.1, f"{REFERENCES} train.py: --lr-gamma"),
]
_TORCHVISION_PYRAMID = [
    *_TORCHVISION_DETECTOR,
    ("epochs", 26, f"{REFERENCES} README.md: --epochs 26"),
    ("batch_size", 8 * 2, f"{REFERENCES} README.md: 8 GPUs, train.py: --batch-size 2"),
    ("milestones", (16 / 26, 22 / 26), f"{REFERENCES} README.md: --lr-steps 16 22"),
    ("weight_decay", 1e-4, f"{REFERENCES} train.py: --weight-decay"),
    ("sides", (800,), "torchvision: min_size 800"),
    ("longest", 1333, "torchvision: max_size 1333"),
    ("freeze", 2, "torchvision: trainable_backbone_layers 3 of 5"),
    ("frozen_norm", True, "torchvision: FrozenBatchNorm2d"),
    ("box_crop", False, f"{REFERENCES} README.md: --data-augmentation hflip"),
]
_TORCHVISION_SSD = [
    *_TORCHVISION_DETECTOR,
    ("box_crop", True, f"{REFERENCES} presets.py: RandomIoUCrop"),
    ("frozen_norm", False, "VGG16 has none, MobileNetV3 begins from nothing"),
]

#: Each field of a recipe whose source states it.
FACTS: dict[str, list[tuple[str, Any, str]]] = {
    "densenet-cifar": [
        *_DENSENET_CIFAR,
        ("flip", 0.5, f"{LUA} datasets/cifar10.lua: HorizontalFlip(0.5)"),
        ("shift", 4, f"{LUA} datasets/cifar10.lua: RandomCrop(32, 4)"),
        ("drop_rate", 0.0, f"{LUA} README: no dropout with augmentation"),
        ("validation", 0, f"{PAPER}.1: the final run is on all 50,000"),
    ],
    "densenet-cifar-plain": [
        *_DENSENET_CIFAR,
        ("flip", 0.0, f"{PAPER}.1: without data augmentation"),
        ("shift", 0, f"{PAPER}.1: without data augmentation"),
        ("drop_rate", 0.2, f"{PAPER}.2: dropout rate 0.2"),
    ],
    "densenet-svhn": [
        *_DENSENET_SGD,
        ("data", "svhn-extra", f"{PAPER}.1: 73,257 and 531,131 additional"),
        ("epochs", 40, f"{PAPER}.2: 40 epochs"),
        ("batch_size", 64, f"{PAPER}.2: batch size 64"),
        ("milestones", (0.5, 0.75), f"{PAPER}.2"),
        ("normalise", "bytes", f"{PAPER}.1: divided by 255"),
        ("flip", 0.0, f"{PAPER}.1: without any data augmentation"),
        ("shift", 0, f"{PAPER}.1: without any data augmentation"),
        ("drop_rate", 0.2, f"{PAPER}.2: dropout rate 0.2"),
        ("validation", 6000, f"{PAPER}.1: 6,000 images are split from the training set"),
    ],
    "densenet-imagenet": [
        *_DENSENET_SGD,
        *_IMAGENET,
        ("epochs", 90, f"{PAPER}.2: 90 epochs"),
        ("batch_size", 256, f"{PAPER}.2: batch size 256"),
        ("milestones", (30 / 90, 60 / 90), f"{PAPER}.2: lowered by 10 times at epochs 30 and 60"),
        ("jitter", 0.4, f"{LUA} datasets/imagenet.lua: ColorJitter 0.4 of each"),
        ("lighting", 0.1, f"{LUA} datasets/imagenet.lua: Lighting(0.1)"),
    ],
    "peleenet-imagenet": [
        *_IMAGENET,
        ("epochs", 120, PELEE),
        ("batch_size", 512, PELEE),
        ("lr", 0.18, PELEE),
        ("schedule", "cosine", f"{PELEE}: by iteration, no warm-up"),
        ("optimizer", "sgd", PELEE),
        ("nesterov", False, f"{PELEE}: torch.optim.SGD without it"),
        ("jitter", 0.0, f"{PELEE}: RandomResizedCrop and flip alone"),
        ("lighting", 0.0, f"{PELEE}: RandomResizedCrop and flip alone"),
    ],
    "vovnet-imagenet": [
        *_IMAGENET,
        ("epochs", 90, VOV),
        ("batch_size", 256, VOV),
        ("lr", 0.1, VOV),
        ("schedule", "steps", VOV),
        ("milestones", (30 / 90, 60 / 90), f"{VOV}: ÷10 every 30"),
        ("factor", 0.1, VOV),
        ("optimizer", "sgd", VOV),
        ("nesterov", False, VOV),
    ],
    "d2l-fashion": [
        ("data", "fashion", D2L),
        ("image_size", 96, f"{D2L}: resize=96"),
        ("epochs", 10, f"{D2L}: num_epochs 10"),
        ("batch_size", 256, f"{D2L}: batch_size 256"),
        ("lr", 0.1, f"{D2L}: lr 0.1"),
        ("schedule", "constant", "d2l.train_ch6"),
        ("optimizer", "sgd", "d2l.train_ch6: torch.optim.SGD(lr=lr)"),
        ("momentum", 0.0, "d2l.train_ch6: torch.optim.SGD(lr=lr)"),
        ("weight_decay", 0.0, "d2l.train_ch6: torch.optim.SGD(lr=lr)"),
        ("nesterov", False, "d2l.train_ch6: torch.optim.SGD(lr=lr)"),
        ("initial", "xavier", "d2l.train_ch6: xavier_uniform_"),
        ("normalise", "bytes", "d2l.load_data_fashion_mnist: ToTensor"),
        ("flip", 0.0, "d2l.load_data_fashion_mnist: none"),
        ("shift", 0, "d2l.load_data_fashion_mnist: none"),
    ],
    "tutorial-cifar": [
        ("data", "cifar10", NOTE),
        ("epochs", 20, NOTE),
        ("lr", 0.1, f"{NOTE}: 0.1 to epoch 10"),
        ("milestones", (0.5, 0.75), f"{NOTE}: 0.01 to 15, then 0.001"),
        ("factor", 0.1, NOTE),
    ],
    "fast": [
        ("data", "cifar10", PROPOSED),
        ("epochs", 20, PROPOSED),
        ("batch_size", 512, PROPOSED),
        ("lr", min(0.1 * 512 / 64, 0.8), f"{PROPOSED}: 0.1 × batch/64 capped at 0.8"),
        ("schedule", "triangle", PROPOSED),
        ("milestones", (0.25,), f"{PROPOSED}: up 25 %, down to 0"),
        ("momentum", 0.9, PROPOSED),
        ("nesterov", True, PROPOSED),
        ("weight_decay", 5e-4, PROPOSED),
        ("decay_all", False, f"{PROPOSED}: none on BN and biases"),
        ("label_smoothing", 0.1, PROPOSED),
        ("flip", 0.5, PROPOSED),
        ("alternate_flip", True, PROPOSED),
        ("shift", 4, PROPOSED),
        ("cutout", 8, PROPOSED),
        ("precision", "bfloat16", PROPOSED),
        ("channels_last", True, PROPOSED),
        ("ema_decay", 0.999, PROPOSED),
    ],
    "pelee-voc": [
        *_PELEE_DETECTOR,
        ("data", "voc", f"{PELEE_VOC}: VOC0712_trainval_lmdb"),
        ("epochs", round(120_000 * 32 / 16_551), f"{PELEE_VOC}: max_iter 120000"),
        ("batch_size", 32, f"{PELEE_VOC}: --batch-size"),
        ("lr", 0.005, f"{PELEE_VOC}: --lr"),
        ("milestones", (80 / 120, 100 / 120), f"{PELEE_VOC}: --step-value 80000 100000 120000"),
        ("distort", False, f"{PELEE_VOC}: no distort_param"),
        ("expand", 0.0, f"{PELEE_VOC}: no expand_param"),
    ],
    "pelee-coco": [
        *_PELEE_DETECTOR,
        ("data", "coco", f"{PELEE_COCO}: coco_train_lmdb"),
        ("epochs", round(100_000 * 128 / 118_287), f"{PELEE_COCO}: max_iter 100000"),
        ("batch_size", 128, f"{PELEE_COCO}: --batch-size"),
        ("lr", 0.01, f"{PELEE_COCO}: --lr"),
        ("milestones", (70 / 100, 90 / 100), f"{PELEE_COCO}: --step-value 70000 90000 100000"),
        ("distort", True, f"{PELEE_COCO}: distort_param"),
        ("expand", 4.0, f"{PELEE_COCO}: max_expand_ratio, prob 0.5"),
    ],
    "vovnet-frcnn": [
        ("boxes", True, "a detector"),
        ("data", "coco", f"{VOV_FRCNN}: coco_2017_train"),
        ("epochs", round(270_000 * 16 / 118_287), f"{VOV_FRCNN}: MAX_ITER 270000"),
        ("batch_size", 16, f"{VOV_FRCNN}: IMS_PER_BATCH"),
        ("lr", 0.02, f"{VOV_FRCNN}: BASE_LR"),
        ("milestones", (210 / 270, 250 / 270), f"{VOV_FRCNN}: STEPS (210000, 250000)"),
        ("sides", (640, 672, 704, 736, 768, 800), f"{VOV_FRCNN}: MIN_SIZE_TRAIN"),
        ("longest", 1333, "detectron2's defaults: MAX_SIZE_TRAIN"),
        ("freeze", 0, f"{VOV_FRCNN}: FREEZE_AT 0"),
        ("frozen_norm", True, f"{VOV_FRCNN}: NORM FrozenBN"),
        ("momentum", 0.9, "detectron2's defaults: MOMENTUM"),
        ("weight_decay", 1e-4, "detectron2's defaults: WEIGHT_DECAY"),
        ("factor", 0.1, "detectron2's defaults: GAMMA"),
        ("warmup", 1000, "detectron2's defaults: WARMUP_ITERS, WARMUP_FACTOR 1 / 1000"),
        ("flip", 0.5, "detectron2's defaults: RANDOM_FLIP"),
    ],
    "torchvision-rcnn": [*_TORCHVISION_PYRAMID, ("lr", 0.02, f"{REFERENCES} train.py: --lr")],
    "torchvision-retinanet": [*_TORCHVISION_PYRAMID, ("lr", 0.01, f"{REFERENCES} README.md: --lr 0.01")],
    "torchvision-fcos": [
        *_TORCHVISION_PYRAMID,
        ("lr", 0.01, "a later README.md: --lr 0.01"),
        ("precision", "float16", "a later README.md: --amp"),
    ],
    "torchvision-ssd": [
        *_TORCHVISION_SSD,
        ("epochs", 120, f"{REFERENCES} README.md: --epochs 120"),
        ("batch_size", 8 * 4, f"{REFERENCES} README.md: 8 GPUs, --batch-size 4"),
        ("lr", 0.002, f"{REFERENCES} README.md: --lr 0.002"),
        ("milestones", (80 / 120, 110 / 120), f"{REFERENCES} README.md: --lr-steps 80 110"),
        ("weight_decay", 5e-4, f"{REFERENCES} README.md: --weight-decay 0.0005"),
        ("expand", 4.0, f"{REFERENCES} presets.py: RandomZoomOut, up to 4"),
        ("distort", True, f"{REFERENCES} presets.py: RandomPhotometricDistort"),
        ("image_size", 300, "torchvision: ssd300_vgg16"),
        ("freeze", 1, "torchvision: trainable_backbone_layers 4 of 5"),
    ],
    "torchvision-ssdlite": [
        *_TORCHVISION_SSD,
        ("epochs", 660, f"{REFERENCES} README.md: --epochs 660"),
        ("batch_size", 8 * 24, f"{REFERENCES} README.md: 8 GPUs, --batch-size 24"),
        ("lr", 0.15, f"{REFERENCES} README.md: --lr 0.15"),
        ("schedule", "cosine", f"{REFERENCES} README.md: --lr-scheduler cosineannealinglr"),
        ("weight_decay", 4e-5, f"{REFERENCES} README.md: --weight-decay 0.00004"),
        ("expand", 0.0, f"{REFERENCES} presets.py: ssdlite"),
        ("distort", False, f"{REFERENCES} presets.py: ssdlite"),
        ("image_size", 320, "torchvision: ssdlite320_mobilenet_v3_large"),
        ("freeze", 0, "torchvision: trainable_backbone_layers 6 of 6"),
    ],
    "boxes": [
        ("boxes", True, "a detector"),
        ("batch_size", 8, "training.md §4"),
        ("optimizer", "adamw", "training.md §4"),
    ],
    "digits": [
        ("data", "digits", "training.md §4"),
        ("epochs", 8, "training.md §4"),
        ("batch_size", 64, "training.md §4"),
        ("lr", 0.1, "training.md §4: OneCycle 0.1"),
        ("schedule", "triangle", "training.md §4: OneCycle 0.1"),
        ("shift", 1, "training.md §4: shift ±1"),
    ],
}

#: What a source leaves open, and the recipe has to say so.
DOUBTS = {
    "densenet-cifar": "one epoch earlier",
    "densenet-imagenet": "bicubically",
    "peleenet-imagenet": "batch of 256",
    "densenet-cifar-plain": "drops",
    "densenet-svhn": "reads no SVHN",
    "vovnet-imagenet": "batch of 128",
    "tutorial-cifar": "batch, optimiser, augmentation and normalisation are not",
    "fast": "nobody has measured",
    "pelee-voc": "neither distorts colours nor expands",
    "pelee-coco": "here on those of 2017",
    "vovnet-frcnn": "detectron2's defaults",
    "torchvision-fcos": "read in a copy",
    "torchvision-retinanet": "without boxes are left out; here neither",
}


@pytest.mark.parametrize(
    ("recipe", "field", "value", "source"),
    [(recipe, *fact) for recipe, facts in FACTS.items() for fact in facts],
)
def test_a_field_is_what_its_source_states(recipe: str, field: str, value: Any, source: str) -> None:
    assert getattr(get_recipe(recipe), field) == value, source


def test_every_recipe_has_facts() -> None:
    assert FACTS.keys() == RECIPES.keys()


@pytest.mark.parametrize(("recipe", "doubt"), DOUBTS.items())
def test_what_a_source_leaves_open_is_said(recipe: str, doubt: str) -> None:
    assert doubt in get_recipe(recipe).notes


@pytest.mark.parametrize("name", list_recipes())
def test_a_recipe_survives_json(name: str) -> None:
    recipe = get_recipe(name)
    assert recipe_from_json(json.loads(json.dumps(recipe.to_json()))) == recipe


def test_every_declared_field_stands_in_one_group() -> None:
    grouped = [name for names in GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(declared(Recipe))
    assert {each.name for each in fields(Recipe)} - set(grouped) == {"data", "source", "notes", "boxes"}


@pytest.mark.parametrize("name", list_recipes())
def test_the_source_of_a_recipe_sets_no_idle_field(name: str) -> None:
    """Whatever differs from the default has an effect."""
    recipe, plain = get_recipe(name), Recipe(data="", source="")
    for field, each in declared(Recipe).items():
        assert getattr(recipe, field) == getattr(plain, field) or not each.idle(recipe), field


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"lr": nan}, "lr is nan, but must be a number in (0, 1000]"),
        ({"lr": inf}, "lr is inf"),
        ({"lr": 0}, "lr is 0"),
        ({"lr": "fast"}, "lr is 'fast'"),
        ({"epochs": 10**9}, "epochs is 1000000000, but must be an integer from 1 to 10000"),
        ({"epochs": 0}, "epochs is 0"),
        ({"epochs": True}, "epochs is True"),
        ({"epochs": 1.5}, "epochs is 1.5"),
        ({"schedule": "triangle", "milestones": ()}, "milestones is (), but must be the share of the training"),
        ({"schedule": "triangle", "milestones": (1.0,)}, "milestones is (1.0,)"),
        ({"schedule": "trapezoid"}, "milestones is (0.5, 0.75), but must be the share of the training"),
        ({"schedule": "triangle"}, "milestones is (0.5, 0.75)"),
        ({"milestones": (0.75, 0.5)}, "in ascending order"),
        ({"milestones": (30, 60)}, "milestones is 30, but must be a number in [0, 1]"),
        ({"schedule": "linear"}, "schedule is 'linear', but must be one of 'constant'"),
        ({"nesterov": True, "momentum": 0}, "nesterov is True"),
        ({"nesterov": True, "dampening": 0.5}, "nesterov is True"),
        ({"momentum": 1}, "momentum is 1"),
        ({"ema_decay": 1}, "ema_decay is 1"),
        ({"crop_area": (0.5,)}, "crop_area is (0.5,), but must be two shares, or none"),
        ({"crop_area": (1, 0.5)}, "crop_area is (1.0, 0.5), but must be the least before the greatest"),
        ({"crop_area": (0, 1)}, "crop_area is 0"),
        ({"crop_ratio": (2, 1)}, "crop_ratio is (2.0, 1.0)"),
        ({"seed": -1}, "seed is -1"),
        ({"box_crop": True}, "box_crop is True, but must be False: the recipe is for classifiers"),
        ({"boxes": True}, "shift is 4, but must be 0: the recipe is for detectors"),
        ({"data": 3}, "data is 3, but must be text"),
        ({"notes": None}, "notes is None, but must be text"),
        ({"source": "x" * 10, "batch_size": "9" * 10_000}, "batch_size is '999"),
    ],
)
def test_a_hostile_value_is_refused_in_a_sentence(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        get_recipe("densenet-cifar", **{"nesterov": False, **changes})
    sentence = str(refused.value)
    assert says in sentence
    assert sentence.endswith(".")
    assert len(sentence) < 250


def test_unknown_names_are_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"There is no recipe 'densenet-cifer'; the nearest .*'densenet-cifar'"):
        get_recipe("densenet-cifer")
    with pytest.raises(UnknownFieldError, match="Recipe has no field 'learning_rate'"):
        get_recipe("fast", learning_rate=1)
    with pytest.raises(UnknownFieldError, match="Recipe has no field 'epoch'"):
        recipe_from_json({"data": "digits", "source": "", "epoch": 3})


@given(st.sampled_from(list_recipes()), st.integers(1, 65536))
def test_another_batch_changes_the_learning_rate_in_proportion_and_is_said(name: str, batch_size: int) -> None:
    base = get_recipe(name)
    found = base.for_batch(batch_size)
    assert found.lr / found.batch_size == pytest.approx(base.lr / base.batch_size)
    assert found == base.varied(lr=found.lr, batch_size=batch_size)
    note = batch_note(found, base)
    assert bool(note) == (batch_size != base.batch_size)
    assert not note or f"{found.lr:g} instead of {base.lr:g}" in note


def test_a_learning_rate_that_was_given_is_not_said_to_be_in_proportion() -> None:
    base = get_recipe("fast")
    assert not batch_note(base.varied(batch_size=64), base)


@pytest.mark.parametrize(
    ("name", "epoch", "lr"),
    [
        ("densenet-cifar", 149, 0.1),
        ("densenet-cifar", 150, 0.01),
        ("densenet-cifar", 225, 0.001),
        ("densenet-svhn", 20, 0.01),
        ("densenet-svhn", 30, 0.001),
        ("densenet-imagenet", 29, 0.1),
        ("densenet-imagenet", 30, 0.01),
        ("densenet-imagenet", 60, 0.001),
        ("vovnet-imagenet", 30, 0.01),
        ("peleenet-imagenet", 0, 0.18),
        ("peleenet-imagenet", 60, 0.09),
        ("peleenet-imagenet", 120, 0.0),
        ("d2l-fashion", 9, 0.1),
        ("tutorial-cifar", 9, 0.1),
        ("tutorial-cifar", 10, 0.01),
        ("tutorial-cifar", 15, 0.001),
        ("fast", 0, 0.0),
        ("fast", 5, 0.8),
        ("fast", 20, 0.0),
        ("boxes", 16, 2e-3),
        ("boxes", 18, 1e-3),
        ("boxes", 20, 0.0),
    ],
)
@pytest.mark.parametrize("steps", [1, 7, 391, 5004])
def test_the_learning_rate_changes_at_the_step_that_begins_an_epoch(
    name: str, epoch: int, lr: float, steps: int
) -> None:
    """As the loop asks: a step's place of all steps. Sources: the table above."""
    recipe = get_recipe(name)
    assert recipe.lr_at(epoch * steps / (recipe.epochs * steps)) == pytest.approx(lr, abs=1e-12)


@given(
    st.sampled_from([*RECIPES.values(), get_recipe("fast", milestones=(1 / 3,))]),
    st.floats(0, 1, exclude_max=True),
)
def test_the_drawn_schedule_is_the_schedule(recipe: Recipe, progress: float) -> None:
    """On the line between two points of the curve, or (cosine) within what 100 pieces leave."""
    points = recipe.lr_curve()
    assert points[0][0] == 0
    assert points[-1][0] == recipe.epochs
    at = progress * recipe.epochs
    (x0, y0), (x1, y1) = next((a, b) for a, b in pairwise(points) if a[0] <= at < b[0] or b is points[-1])
    drawn = y0 + (y1 - y0) * (at - x0) / (x1 - x0)
    assert drawn == pytest.approx(recipe.lr_at(progress), abs=recipe.lr * 2e-4)
