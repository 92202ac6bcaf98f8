"""Data sets: what is said of them holds of what is opened; what is missing or damaged is told in a sentence."""

from __future__ import annotations

import gzip
import pickle
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from archs import get_config
from archs.errors import ConfigError, UnknownNameError
from training.data import DataError, DataSet, fashion, get_data, list_data
from training.data.fetch import fetch
from training.data.images import Images, Split, open_data
from training.data.svhn import read_mat
from training.engine.batches import fetched
from training.errors import TrainingError
from training.recipes import RECIPES, Recipe, get_recipe
from training.train import fitted

PLAIN = Recipe(data="", source="")
RANDOM = np.random.default_rng(0)

needs_debian = pytest.mark.skipif(not fashion.DEBIAN.is_dir(), reason="apt-get install dataset-fashion-mnist")


def test_the_data_of_each_recipe_is_registered() -> None:
    assert {recipe.data for recipe in RECIPES.values()} <= set(list_data())


@pytest.mark.parametrize("name", list_data())
def test_what_is_said_of_a_data_set_belongs_together(name: str) -> None:
    data = get_data(name)
    assert (
        len(data.classes)
        == len(set(data.classes))
        == {"cifar100": 100, "imagenet": 1000, "voc": 20, "coco": 80}.get(name, 10)
    )
    assert len(data.mean) == len(data.std) == data.channels
    assert all(0 < value < 1 for value in data.mean + data.std)
    assert data.source
    assert data.licence


@pytest.mark.parametrize(
    ("name", "mean", "std", "source"),
    [
        ("cifar10", (125.3, 123.0, 113.9), (63.0, 62.1, 66.7), "liuzhuang13/DenseNet@4b5cc63a datasets/cifar10.lua"),
        ("cifar100", (129.3, 124.1, 112.4), (68.2, 65.4, 70.4), "liuzhuang13/DenseNet@4b5cc63a datasets/cifar100.lua"),
    ],
)
def test_statistics_of_bytes_are_those_of_the_source(name: str, mean: Any, std: Any, source: str) -> None:
    data = get_data(name)
    assert [255 * value for value in data.mean] == pytest.approx(mean), source
    assert [255 * value for value in data.std] == pytest.approx(std), source


def test_classes_of_imagenet_are_those_of_published_weights() -> None:
    from torchvision.models import DenseNet121_Weights

    assert list(get_data("imagenet").classes) == DenseNet121_Weights.IMAGENET1K_V1.meta["categories"]
    assert get_data("imagenet").mean == tuple(DenseNet121_Weights.IMAGENET1K_V1.transforms().mean)


@pytest.mark.parametrize("name", ["digits", pytest.param("fashion", marks=needs_debian)])
def test_what_is_said_of_a_data_set_holds_of_what_is_opened(name: str, tmp_path: Path) -> None:
    data = get_data(name)
    found = open_data(data, PLAIN, tmp_path)
    pixels, labels = found.train.batch(range(len(found.train)))
    assert pixels.shape == (data.train_images, data.channels, data.image_size, data.image_size)
    assert pixels.dtype == torch.uint8
    assert (pixels.amin(), pixels.amax()) == (0, 255)
    assert set(labels.tolist()) == set(range(len(data.classes)))
    assert float(pixels.double().mean() / 255) == pytest.approx(data.mean[0], abs=5e-5)
    assert float(pixels.double().std() / 255) == pytest.approx(data.std[0], abs=5e-5)
    assert len(found.test) == data.test_images
    assert found.test.labels.bincount(minlength=len(data.classes)).min() > data.test_images / len(data.classes) / 2
    assert not list(tmp_path.iterdir()), "nothing is fetched"


@needs_debian
def test_the_fourth_garment_of_the_tests_is_a_trouser(tmp_path: Path) -> None:
    """As the figures of every tutorial show; labels and images are not shifted against each other."""
    found = open_data(get_data("fashion"), PLAIN, tmp_path)
    names = [get_data("fashion").classes[label] for label in found.test.labels[:5]]
    assert names == ["Ankle boot", "Pullover", "Trouser", "Trouser", "Shirt"]


# Small files, as the authors' are made


def idx(array: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()


def write_fashion(folder: Path, packed: bool) -> DataSet:
    place = folder / "FashionMNIST" / "raw"
    place.mkdir(parents=True)
    for part, count in (("train", 6), ("t10k", 4)):
        images = RANDOM.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        for name, array in (("images-idx3", images), ("labels-idx1", np.arange(count, dtype=np.uint8))):
            content = idx(array)
            path = place / f"{part}-{name}-ubyte{'.gz' if packed else ''}"
            path.write_bytes(gzip.compress(content) if packed else content)
    return replace(get_data("fashion"), train_images=6, test_images=4)


def write_cifar(folder: Path, name: str, kind: Any, patch: pytest.MonkeyPatch) -> DataSet:
    """Ten images a batch, packed as the authors do, with checksums to match."""
    data, inside, lists = get_data(name), folder / "authors" / kind.base_folder, {}
    inside.mkdir(parents=True)

    def kept(file: str, content: dict[str, Any]) -> str:
        (inside / file).write_bytes(pickle.dumps(content))
        return md5((inside / file).read_bytes()).hexdigest()

    key = "labels" if name == "cifar10" else "fine_labels"
    for which in ("train_list", "test_list"):
        lists[which] = [
            [file, kept(file, {"data": RANDOM.integers(0, 256, (10, 3072), dtype=np.uint8), key: list(range(10))})]
            for file, _ in getattr(kind, which)
        ]
        patch.setattr(kind, which, lists[which])
    meta = kind.meta | {"md5": kept(kind.meta["filename"], {kind.meta["key"]: list(data.classes)})}
    archive = folder / "authors" / kind.filename
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(inside, kind.base_folder)
    patch.setattr(kind, "meta", meta)
    patch.setattr(kind, "tgz_md5", md5(archive.read_bytes()).hexdigest())
    patch.setattr(kind, "url", archive.as_uri())
    return replace(data, train_images=10 * len(lists["train_list"]), test_images=10)


def mat(**arrays: np.ndarray) -> bytes:
    """As MATLAB writes arrays of numbers, packed."""

    def element(kind: int, content: bytes) -> bytes:
        if len(content) <= 4:
            return struct.pack("<HH", kind, len(content)) + content.ljust(4, b"\0")
        return struct.pack("<II", kind, len(content)) + content + b"\0" * (-len(content) % 8)

    found = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM"
    for name, array in arrays.items():
        flags, dims = struct.pack("<II", 9, 0), struct.pack(f"<{array.ndim}i", *array.shape)
        body = element(6, flags) + element(5, dims) + element(1, name.encode()) + element(2, array.tobytes(order="F"))
        packed = zlib.compress(struct.pack("<II", 14, len(body)) + body)
        found += struct.pack("<II", 15, len(packed)) + packed
    return found


def write_svhn(folder: Path, patch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    from torchvision.datasets import SVHN

    images, files = {}, {}
    for part, count in (("train", 5), ("test", 10), ("extra", 3)):
        images[part] = RANDOM.integers(0, 256, (32, 32, 3, count), dtype=np.uint8)
        path = folder / f"of the authors {part}.mat"
        path.write_bytes(mat(X=images[part], y=np.arange(1, count + 1, dtype=np.uint8).reshape(-1, 1)))
        files[part] = [path.as_uri(), f"{part}_32x32.mat", md5(path.read_bytes()).hexdigest()]
    patch.setattr(SVHN, "split_list", files)
    return images


def write_folder(folder: Path, test: str = "val") -> Path:
    for part, count in (("train", 3), (test, 2)):
        for number, name in enumerate(("ant", "bee")):
            place = folder / part / name
            place.mkdir(parents=True)
            for image in range(count):
                pixels = np.full((20 + image, 30, 3), (100 * number + 10 * image, 50, 200), np.uint8)
                Image.fromarray(pixels).save(place / f"{image}.png")
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_fashion_put_there_by_hand_is_read_packed_or_not(
    packed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "nowhere")
    found = open_data(write_fashion(tmp_path, packed), PLAIN, tmp_path)
    assert found.train.labels.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.test.batch([0, 3])[0].shape == (2, 1, 28, 28)


@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_cifar_is_fetched_once_and_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training.data.cifar import KINDS

    kind, heard = KINDS[name], []
    data = write_cifar(tmp_path, name, kind, monkeypatch)
    found = open_data(data, PLAIN, tmp_path / "data", lambda *said: heard.append(said))
    size = Path(tmp_path / "authors" / kind.filename).stat().st_size
    assert heard == [(kind.filename, size, size)]
    theirs = kind(tmp_path / "data", train=True)
    pixels, labels = found.train.batch([3, 7])
    assert torch.equal(pixels[1], torch.from_numpy(theirs.data[7]).permute(2, 0, 1))
    assert labels.tolist() == [3, 7]
    monkeypatch.setattr(kind, "url", "file:///nowhere")
    open_data(data, PLAIN, tmp_path / "data")
    (tmp_path / "data" / kind.base_folder / kind.test_list[0][0]).write_bytes(b"torn")
    open_data(data, PLAIN, tmp_path / "data")  # unpacked again
    (tmp_path / "data" / kind.base_folder / kind.test_list[0][0]).write_bytes(b"torn")
    (tmp_path / "data" / kind.filename).write_bytes(b"torn")
    with pytest.raises(DataError, match=r"is damaged: delete it, and it is fetched again\.$"):
        open_data(data, PLAIN, tmp_path / "data")


@pytest.mark.parametrize("name", ["svhn", "svhn-extra"])
def test_svhn_is_fetched_and_read_with_zeros_as_zeros(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = write_svhn(tmp_path, monkeypatch)
    data = replace(get_data(name), train_images=8 if name == "svhn-extra" else 5, test_images=10)
    found = open_data(data, PLAIN, tmp_path / "data")
    pixels, labels = found.test.batch(range(10))
    assert labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert np.array_equal(pixels[4], images["test"][..., 4].transpose(2, 0, 1))
    if name == "svhn-extra":
        assert np.array_equal(found.train.batch([6])[0][0], images["extra"][..., 1].transpose(2, 0, 1))


def test_a_mat_file_is_read_as_it_was_written() -> None:
    arrays = {"X": RANDOM.integers(0, 256, (3, 4, 2), dtype=np.uint8), "name": np.arange(3, dtype=np.uint8)[None]}
    found = read_mat(mat(**arrays))
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)


def test_a_folder_of_ones_own_is_a_data_set(tmp_path: Path) -> None:
    data = get_data(f"folder:{write_folder(tmp_path)}")
    assert (data.classes, data.train_images, data.test_images) == (("ant", "bee"), 6, 4)
    assert (data.channels, data.mean) == (3, (0.485, 0.456, 0.406))
    assert get_data(data.name) == data
    found = open_data(data, PLAIN.varied(image_size=16))
    assert found.train.decodes
    pixels, labels = found.train.batch([0, 4, 5])
    assert (pixels.shape, pixels.dtype) == ((3, 3, 16, 16), torch.uint8)
    assert labels.tolist() == [0, 1, 1]
    assert pixels[:, :, 0, 0].tolist() == [[0, 50, 200], [110, 50, 200], [120, 50, 200]]
    write_folder(tmp_path / "more")
    (tmp_path / "more" / "train" / "bee" / "2.png").rename(tmp_path / "train" / "bee" / "3.png")
    assert get_data(data.name).train_images == 7, "as it is now"


def test_images_of_a_folder_are_cut_by_seed_epoch_and_index_alone(tmp_path: Path) -> None:
    """Whoever takes them in which batch, and in whichever thread or process."""
    for part in ("train", "val"):
        for name in ("ant", "bee"):
            (tmp_path / part / name).mkdir(parents=True)
            Image.fromarray(RANDOM.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(tmp_path / part / name / "1.png")
    data = get_data(f"folder:{tmp_path}")
    recipe = PLAIN.varied(image_size=16, crop_area=(0.2, 1), seed=3)
    train = open_data(data, recipe).train
    together, alone = train.batch([0, 1], 5)[0], pickle.loads(pickle.dumps(train)).batch([1], 5)[0]
    assert torch.equal(together[1], alone[0])
    others = [
        train.batch([1], 6)[0],
        open_data(data, recipe.varied(seed=4)).train.batch([1], 5)[0],
        train.batch([0], 5)[0],
    ]
    assert all(not torch.equal(other, alone) for other in others)
    tests = open_data(data, recipe).test
    assert torch.equal(tests.batch([1], 5)[0], tests.batch([1], 6)[0])


def test_a_batch_in_memory_is_cut_like_an_image_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "val").mkdir()
    pixels = RANDOM.integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    for part in ("train", "val"):
        for name, image in zip(("ant", "bee"), pixels, strict=True):
            (tmp_path / part / name).mkdir(parents=True)
            Image.fromarray(image).save(tmp_path / part / name / "1.png")
    recipe = PLAIN.varied(image_size=24, test_resize=30, crop_area=(0.2, 0.8), flip=0.5, alternate_flip=True)
    files = open_data(get_data(f"folder:{tmp_path}"), recipe)
    memory = Images(torch.from_numpy(pixels).permute(0, 3, 1, 2), torch.tensor([0, 1]))
    for part in (files.train, files.test):
        ours = memory.sized(torch.tensor([0, 1]), part.sizes, 1)
        difference = (ours.float() - part.batch([0, 1], 1)[0].float()).abs()
        assert difference.mean() < 1, "but for how Pillow rounds"


# Validation


def test_validation_images_are_kept_from_training_and_seen_as_in_tests() -> None:
    recipe = get_recipe("digits", validation=300, flip=0.5, alternate_flip=True, seed=5)
    whole, found = open_data(get_data("digits"), PLAIN).train, open_data(get_data("digits"), recipe)
    assert (len(found.train), len(found.validation)) == (1137, 300)
    assert get_data("digits").learned_from(recipe) == 1137
    both = torch.cat([found.train.which, found.validation.which])
    assert torch.equal(both.sort().values, torch.arange(1437))
    pixels, labels = found.validation.batch(range(300), epoch=1)
    assert torch.equal(pixels, whole.batch(found.validation.which)[0])
    assert torch.equal(labels, whole.labels[found.validation.which])
    assert set(labels.tolist()) == set(range(10))
    again = open_data(get_data("digits"), recipe.varied(seed=6))
    assert not torch.equal(again.validation.which, found.validation.which)
    assert open_data(get_data("digits"), get_recipe("digits")).validation is None


def test_a_part_is_some_of_the_images() -> None:
    train = open_data(get_data("digits"), PLAIN).train
    part = train.part([5, 7, 9]).part([2, 0])
    assert torch.equal(part.batch([0, 1])[0], train.batch([9, 5])[0])
    assert torch.equal(part.labels, train.labels[[9, 5]])


def test_what_a_recipe_shows_of_a_data_set() -> None:
    shown = get_data("fashion").shown(get_recipe("d2l-fashion"))
    assert (shown.image_size, shown.mean, shown.std) == (96, (0.0,), (1.0,))
    assert get_data("cifar10").shown(get_recipe("fast")) == get_data("cifar10")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"validation": 1437}, "validation is 1437, but must be less than the 1,437 training images."),
        ({"jitter": 0.4}, "jitter is 0.4, but must be 0: the images of digits have no colours."),
        ({"lighting": 0.1}, "lighting is 0.1, but must be 0: the images of digits have no colours."),
        ({"shift": 8}, "shift is 8, but must be less than the 8 pixels of the images' side."),
        ({"test_resize": 7}, "test_resize is 7, but must be at least the 8 pixels of the images' side."),
        ({"image_size": 32, "test_resize": 28}, "test_resize is 28, but must be at least the 32 pixels"),
    ],
)
def test_a_recipe_that_asks_for_what_images_dont_have_is_refused_before_anything_begins(
    changes: dict[str, Any], says: str
) -> None:
    recipe = get_recipe("digits", **changes)
    for refuse in (
        lambda: fitted(get_config("densenetbc40_k12"), get_data("digits"), recipe),
        lambda: open_data(get_data("digits"), recipe),
    ):
        with pytest.raises(ConfigError) as refused:
            refuse()
        assert says in str(refused.value)


@pytest.mark.parametrize("name", list(RECIPES))
def test_every_recipe_suits_the_data_that_it_was_made_for(name: str) -> None:
    get_data(get_recipe(name).data).check(get_recipe(name))


# What goes wrong is told


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    path.write_bytes({"short": content[:-20], "empty": b"", "foreign": b"<html>Not found</html>" * 40}[how])


def torn_fashion(folder: Path, how: str, patch: pytest.MonkeyPatch, packed: bool = True) -> DataSet:
    patch.setattr(fashion, "DEBIAN", folder / "nowhere")
    data = write_fashion(folder, packed)
    damaged(folder / "FashionMNIST" / "raw" / f"t10k-images-idx3-ubyte{'.gz' if packed else ''}", how)
    return data


def torn_svhn(folder: Path, how: str, patch: pytest.MonkeyPatch) -> DataSet:
    write_svhn(folder, patch)
    (folder / "train_32x32.mat").write_bytes((folder / "of the authors train.mat").read_bytes())
    damaged(folder / "train_32x32.mat", how)
    return get_data("svhn")


@pytest.mark.parametrize("how", ["short", "empty", "foreign"])
@pytest.mark.parametrize(
    "make", [torn_fashion, lambda *those: torn_fashion(*those, packed=False), torn_svhn], ids=["gz", "raw", "mat"]
)
def test_a_damaged_file_is_named_with_what_to_do(
    make: Callable[..., DataSet], how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(tmp_path, how, monkeypatch)
    with pytest.raises(DataError, match=r"(ubyte|mat)(\.gz)?' is damaged: delete it, and it is fetched again\.$"):
        open_data(data, PLAIN, tmp_path)


def test_a_damaged_image_of_a_folder_is_named(tmp_path: Path) -> None:
    path = write_folder(tmp_path) / "train" / "ant" / "1.png"
    found = open_data(get_data(f"folder:{tmp_path}"), PLAIN)
    path.write_bytes(path.read_bytes()[:60])
    for workers in (0, 1):
        with pytest.raises(
            DataError, match=r"^'[^']*ant/1\.png' cannot be read as an image \(.*\): mend or remove it\.$"
        ):
            list(fetched(found.train, [torch.tensor([0, 1])], workers=workers))


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        ("train", "has to hold the folders train and val (or test)"),
        ("val", "has to hold the folders train and val (or test)"),
        ("train/bee", "a folder of images for each of at least two classes"),
        ("train/bee/*", "train/bee' holds no images"),
        ("val/*", "val' holds no images"),
    ],
)
def test_a_folder_that_is_no_data_set_is_told(missing: str, says: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    if missing.endswith("*"):
        for path in (tmp_path / missing).parent.rglob("*.png"):
            path.unlink()
    else:
        (tmp_path / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(DataError) as told:
        get_data(f"folder:{tmp_path}")
    assert says in str(told.value)


@pytest.mark.parametrize("path", ["", "~nobody-of-that-name/x", "\0", "x" * 5000, "/etc/hostname"])
def test_a_path_that_is_no_folder_is_told_in_a_sentence(path: str) -> None:
    with pytest.raises(DataError) as told:
        get_data(f"folder:{path}")
    assert str(told.value).endswith(".")
    assert len(str(told.value)) < 400


def test_a_class_that_only_tests_have_is_told(tmp_path: Path) -> None:
    (write_folder(tmp_path) / "val" / "cow").mkdir()
    with pytest.raises(DataError, match=r"val/cow' is of no class that '.*train' has\.$"):
        get_data(f"folder:{tmp_path}")


def test_images_that_are_missing_are_counted(tmp_path: Path) -> None:
    data = get_data(f"folder:{write_folder(tmp_path)}")
    (tmp_path / "val" / "ant" / "0.png").unlink()
    with pytest.raises(DataError, match=r"has 4 images there, but 3 were found\.$"):
        open_data(data, PLAIN)


def test_imagenet_says_where_it_has_to_be(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"ImageNet is not here: .*/imagenet/train' and '.*/imagenet/val'\.$"):
        open_data(get_data("imagenet"), PLAIN, tmp_path)
    write_folder(tmp_path / "imagenet")
    with pytest.raises(DataError, match=r"train' has 2 classes, ImageNet 1,000\.$"):
        open_data(get_data("imagenet"), PLAIN, tmp_path)


def test_without_a_connection_it_is_said_what_to_put_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import CIFAR10, SVHN, FashionMNIST

    nobody = "http://127.0.0.1:9/"
    monkeypatch.setattr(fashion, "DEBIAN", tmp_path / "nowhere")
    monkeypatch.setattr(FashionMNIST, "mirrors", [nobody])
    monkeypatch.setattr(CIFAR10, "url", f"{nobody}cifar-10-python.tar.gz")
    monkeypatch.setattr(SVHN, "split_list", {part: [f"{nobody}{part}", f"{part}.mat", ""] for part in SVHN.split_list})
    for name, file in (("fashion", "train-images-idx3-ubyte.gz"), ("cifar10", "cifar-10-python.tar.gz")):
        with pytest.raises(DataError) as told:
            open_data(get_data(name), PLAIN, tmp_path)
        sentence = str(told.value)
        assert sentence.startswith(f"There is no connection to fetch {file}: fetch {nobody}{file} elsewhere and put it")
        assert str(tmp_path) in sentence
        assert ("apt-get install dataset-fashion-mnist" in sentence) == (name == "fashion")
    with pytest.raises(DataError, match=r"fetch http.*/train elsewhere and put it into '.*'\.$"):
        open_data(get_data("svhn"), PLAIN, tmp_path)
    assert not list(tmp_path.rglob("*.unfinished"))


def test_what_came_damaged_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"is not file\.gz, or was damaged on its way: try again, or fetch .*\.$"):
        fetch((tmp_path / "there").as_uri(), tmp_path / "file.gz", "0" * 32, lambda *said: None)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_names_that_nobody_has_are_told() -> None:
    with pytest.raises(UnknownNameError, match="There is no data set 'cifar-10'; the nearest names are 'cifar10'"):
        get_data("cifar-10")
    with pytest.raises(UnknownNameError):
        get_data(3)
    assert issubclass(DataError, TrainingError)


def test_a_split_is_what_is_learned_and_tested() -> None:
    assert Split._fields == ("train", "test", "validation")
