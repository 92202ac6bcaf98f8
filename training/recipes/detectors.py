"""Recipes for detectors: what their sources say, in epochs where those count iterations."""

from __future__ import annotations

from dataclasses import replace

from training.recipes.recipe import Recipe

_PELEE = "Wang et al., Pelee, arXiv:1804.06882; Robert-JunWang/Pelee@033dfd61"
_REFERENCES = "pytorch/vision@04ec56a3 references/detection"
#: Of what torchvision's scripts do beside what they are told.
_OF_TORCHVISION = (
    "On 8 GPUs. Images of similar shape share a batch there, and those without boxes are left out; here neither. "
)
_FROZEN = (
    "Stem and first block keep ImageNet's weights there, as all batch norms do: give --weights, or set freeze=0 "
    "and frozen_norm=False."
)

_PELEE_VOC = Recipe(
    boxes=True,
    data="voc",
    source=f"{_PELEE} train_voc.py",
    notes="120,000 iterations, from a network trained on ImageNet: give --weights. The script neither distorts colours "
    "nor expands images. It resizes by one of five interpolations, here it is one; the source measures mAP over 11 "
    "points, here it is COCO's AP and AP50, without difficult objects in both.",
    epochs=232,
    batch_size=32,
    lr=0.005,
    schedule="steps",
    milestones=(80 / 120, 100 / 120),
    factor=0.1,
    momentum=0.9,
    weight_decay=5e-4,
    image_size=304,
    flip=0.5,
    box_crop=True,
)

_RCNN = Recipe(
    boxes=True,
    data="coco",
    source=f"{_REFERENCES} README.md, train.py, engine.py",
    notes=f"Faster and Mask R-CNN. {_OF_TORCHVISION}{_FROZEN}",
    epochs=26,
    batch_size=16,
    lr=0.02,
    schedule="steps",
    milestones=(16 / 26, 22 / 26),
    factor=0.1,
    warmup=1000,
    momentum=0.9,
    weight_decay=1e-4,
    sides=(800,),
    longest=1333,
    flip=0.5,
    freeze=2,
    frozen_norm=True,
)

DETECTORS: dict[str, Recipe] = {
    "pelee-voc": _PELEE_VOC,
    "pelee-coco": replace(
        _PELEE_VOC,
        data="coco",
        source=f"{_PELEE} train_coco.py",
        notes="100,000 iterations of 128 images, from a network trained on ImageNet: give --weights. Trained on the "
        "images of 2014 without 5,000 of them; here on those of 2017. Interpolations as in pelee-voc.",
        epochs=108,
        batch_size=128,
        lr=0.01,
        milestones=(70 / 100, 90 / 100),
        expand=4.0,
        distort=True,
    ),
    "vovnet-frcnn": Recipe(
        boxes=True,
        data="coco",
        source="youngwanLEE/vovnet-detectron2@e486bbb1 configs/faster_rcnn_V_39_FPN_3x.yaml, "
        "Base-RCNN-VoVNet-FPN.yaml, vovnet/config.py",
        notes="270,000 iterations, from a network trained on ImageNet: give --weights. Momentum, weight decay, flip "
        "and warm-up are detectron2's defaults. Images without boxes are left out there, here they are not.",
        epochs=37,
        batch_size=16,
        lr=0.02,
        schedule="steps",
        milestones=(210 / 270, 250 / 270),
        factor=0.1,
        warmup=1000,
        momentum=0.9,
        weight_decay=1e-4,
        sides=(640, 672, 704, 736, 768, 800),
        longest=1333,
        flip=0.5,
        frozen_norm=True,
    ),
    "torchvision-rcnn": _RCNN,
    "torchvision-retinanet": replace(_RCNN, notes=f"{_OF_TORCHVISION}{_FROZEN}", lr=0.01),
    "torchvision-fcos": replace(
        _RCNN,
        notes=f"From a later version of the same README, read in a copy. {_OF_TORCHVISION}{_FROZEN}",
        lr=0.01,
        precision="float16",
    ),
    "torchvision-ssd": replace(
        _RCNN,
        source=f"{_REFERENCES} README.md, train.py, engine.py, presets.py",
        notes=f"For SSD300 on VGG16, whose first block keeps ImageNet's weights: give --weights, or set freeze=0. "
        f"{_OF_TORCHVISION.strip()}",
        epochs=120,
        batch_size=32,
        lr=0.002,
        milestones=(80 / 120, 110 / 120),
        weight_decay=5e-4,
        sides=(),
        longest=None,
        image_size=300,
        freeze=1,
        frozen_norm=False,
        box_crop=True,
        expand=4.0,
        distort=True,
    ),
    "torchvision-ssdlite": replace(
        _RCNN,
        source=f"{_REFERENCES} README.md, train.py, engine.py, presets.py",
        notes=f"For SSDlite320 on MobileNetV3-Large, from nothing. {_OF_TORCHVISION.strip()}",
        epochs=660,
        batch_size=192,
        lr=0.15,
        schedule="cosine",
        milestones=Recipe.milestones,
        weight_decay=4e-5,
        sides=(),
        longest=None,
        image_size=320,
        freeze=0,
        frozen_norm=False,
        box_crop=True,
    ),
    "boxes": Recipe(
        boxes=True,
        data="coco",
        source="DenseScope: a small detector from nothing",
        notes="Measured on garments on canvases alone (docs/detection.md).",
        epochs=20,
        batch_size=8,
        lr=2e-3,
        schedule="trapezoid",
        milestones=(0.8,),
        optimizer="adamw",
        beta2=0.95,
        weight_decay=1e-4,
        decay_all=False,
        max_norm=10.0,
        warmup=10,
        flip=0.5,
    ),
}
