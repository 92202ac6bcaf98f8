"""Images with boxes: what is opened is what was written, boxes stay where things are, and what is wrong is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archs.errors import MissingPackageError
from tests.support.boxes import IMAGES, SIDE, write_coco, write_voc
from training.data import DataError, get_data
from training.data.images import open_data
from training.errors import TrainingError
from training.recipes import get_recipe, list_recipes

torch = pytest.importorskip("torch")
pytest.importorskip("pycocotools")

PLAIN = get_recipe("boxes", flip=0.0)


def written(index: int, crowds: bool) -> list[list[int]]:
    """Label, left, top, right, bottom."""
    return [
        [kind + 1, left, top, left + width, top + height]
        for kind, left, top, width, height, crowd in IMAGES[index]
        if crowds or not crowd
    ]


def told(target: dict[str, Any]) -> list[list[int]]:
    return torch.cat((target["labels"].view(-1, 1), target["boxes"]), 1).int().tolist()


@pytest.mark.parametrize("beside", [False, True])
def test_a_folder_of_coco_is_what_was_written(tmp_path: Path, beside: bool) -> None:
    data = get_data(f"coco:{write_coco(tmp_path, beside=beside)}")
    assert (data.classes, data.train_images, data.test_images, data.boxes) == (("bird", "cat"), 4, 4, True)
    found = open_data(data, PLAIN)
    images, targets = found.train.batch(range(4))
    assert [told(target) for target in targets] == [written(index, crowds=False) for index in range(4)]
    assert all(image.shape == (3, SIDE, SIDE) and image.dtype == torch.uint8 for image in images)
    _, targets = found.test.batch(range(4))
    assert [told(target) for target in targets] == [written(index, crowds=True) for index in range(4)]
    assert [target["iscrowd"].tolist() for target in targets] == [[False], [False, False], [], [False, True]]


@pytest.mark.parametrize(("year", "lists", "count"), [("2012", "train val", 3), ("2007", "trainval test", 3)])
def test_a_folder_of_voc_is_what_was_written(tmp_path: Path, year: str, lists: str, count: int) -> None:
    """Difficult objects are learned and not asked for."""
    data = get_data(f"voc:{write_voc(tmp_path, ('bird', 'cat'), year, lists)}")
    assert (data.train_images, data.test_images, len(data.classes)) == (count, count, 20)
    found = open_data(data, PLAIN)
    shown = [index for index, each in enumerate(IMAGES) if each]
    for part in (found.train, found.test):
        _, targets = part.batch(range(count))
        names = [[data.classes[label - 1] for label in target["labels"]] for target in targets]
        assert names == [[("bird", "cat")[kind] for kind, *_ in IMAGES[index]] for index in shown]
        boxes = [target["boxes"].int().tolist() for target in targets]
        assert boxes == [[box[1:] for box in written(index, crowds=True)] for index in shown]
    assert targets[2]["iscrowd"].tolist() == [False, True]


@pytest.mark.parametrize("change", [{"flip": 1.0}, {"expand": 3.0}, {"box_crop": True}, {"distort": True}])
def test_boxes_stay_where_things_are(tmp_path: Path, change: dict[str, Any]) -> None:
    """What is bright in a picture with one rectangle fills its box; how it is varied follows from epoch and number."""
    rectangle = (0, 10, 20, 30, 16, False)
    data = get_data(f"coco:{write_coco(tmp_path, [(rectangle,)] * 8)}")
    recipe = PLAIN.varied(**change)
    state = torch.get_rng_state()
    images, targets = open_data(data, recipe).train.batch(range(8), epoch=1)
    assert torch.equal(torch.get_rng_state(), state)
    for image, target in zip(images, targets, strict=True):
        grey = image.float().mean(0)
        white = grey > (grey.min() + grey.max()) / 2  # what surrounds an expanded image is darker
        rows, cols = white.any(1).nonzero(), white.any(0).nonzero()
        seen = [int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1]
        assert target["boxes"].round().int().tolist() == [seen]
    again, _ = open_data(data, recipe).train.batch([5, 3], epoch=1)
    assert torch.equal(again[0], images[5])
    assert torch.equal(again[1], images[3])
    whole = open_data(data, PLAIN).train.batch(range(8))[0]
    assert any(
        one.shape != other.shape or not torch.equal(one, other) for one, other in zip(images, whole, strict=True)
    )
    if change != {"flip": 1.0}:
        others = open_data(data, recipe).train.batch(range(8), epoch=2)[0]
        assert any(a.shape != b.shape or not torch.equal(a, b) for a, b in zip(images, others, strict=True))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"categories": [{"id": 3, "name": "bird"}]}, "names no category 7, which a box is of"),
        ({"categories": []}, "names no category 3, which a box is of"),
        ({"images": 3}, "holds no annotations in COCO's format"),
        (
            {"annotations": [{"id": 1, "image_id": 9, "category_id": 3, "bbox": [1, 2, 3, 4]}]},
            "annotation 1 is of no image",
        ),
        ({"annotations": [{"id": 1, "image_id": 0, "category_id": 3}]}, "it has no 'bbox'"),
    ],
)
def test_annotations_that_make_no_sense_are_told(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    with pytest.raises(DataError) as refused:
        get_data(f"coco:{write_coco(tmp_path, more=more)}")
    assert says in str(refused.value)
    assert str(refused.value).count(". ") == 0


def test_folders_without_annotations_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no annotations in COCO's format: it needs annotations/instances_train"):
        get_data(f"coco:{tmp_path}")
    with pytest.raises(DataError, match="holds no images in VOC's format: it needs VOCdevkit/VOC2007"):
        get_data(f"voc:{tmp_path}")
    for name, file in (("coco", "annotations_trainval2017.zip"), ("voc", "VOCtest_06-Nov-2007.tar")):
        with pytest.raises(DataError, match=f"is not here: unpack .*{file} .*into '{tmp_path / name}'"):
            open_data(get_data(name), get_recipe(f"pelee-{name}"), tmp_path)


def test_categories_have_to_be_those_of_training(tmp_path: Path) -> None:
    write_coco(tmp_path)
    path = tmp_path / "annotations" / "instances_val2017.json"
    path.write_text(path.read_text().replace('"cat"', '"dog"'))
    with pytest.raises(DataError, match="are not the same for training and for tests"):
        get_data(f"coco:{tmp_path}")
    write_coco(tmp_path / "coco")
    with pytest.raises(DataError, match="has 2 categories, COCO 2017 80"):
        open_data(get_data("coco"), get_recipe("pelee-coco"), tmp_path)


def test_what_cannot_be_read_is_told_as_it_is_taken(tmp_path: Path) -> None:
    found = open_data(get_data(f"voc:{write_voc(tmp_path / 'voc', ('helmet', 'cat'))}"), PLAIN)
    with pytest.raises(DataError, match=r"Image 0 in .* cannot be read with its boxes \(it knows no 'helmet'\)"):
        found.train.batch([0])
    found = open_data(get_data(f"coco:{write_coco(tmp_path / 'coco')}"), PLAIN)
    (tmp_path / "coco" / "train2017" / "1.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"Image 1 in .* cannot be read with its boxes \(cannot identify image file"):
        found.train.batch([1])


def test_coco_needs_pycocotools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = get_data(f"coco:{write_coco(tmp_path)}")
    monkeypatch.setitem(__import__("sys").modules, "pycocotools", None)
    with pytest.raises(MissingPackageError, match="Reading annotations in COCO's format needs the package pycocotools"):
        open_data(data, PLAIN)


def test_recipes_are_for_one_kind_of_images(tmp_path: Path) -> None:
    data = get_data(f"coco:{write_coco(tmp_path)}")
    with pytest.raises(TrainingError, match="has images with boxes, for detectors, and the recipe teaches classifiers"):
        open_data(data, get_recipe("digits"))
    with pytest.raises(
        TrainingError, match="The recipe teaches detectors, and the images of Handwritten digits have no"
    ):
        open_data(get_data("digits"), PLAIN)
    assert set(list_recipes(boxes=True)) | set(list_recipes(boxes=False)) == set(list_recipes())
