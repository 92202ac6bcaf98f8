"""What a recipe does to images: each field what it says, by numbers that follow from known ones, and none nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from archs.errors import ConfigError
from tests.support.runs import TINY
from training import prepare
from training.data import get_data
from training.data.images import Images, Shown
from training.data.registry import DataSet
from training.data.sizes import Sizes, random_box
from training.engine.augment import EIGENVALUES, EIGENVECTORS, blended, normalised, varied
from training.randomness import generator
from training.recipes import GROUPS, Recipe

COUNT, SIDE = 64, 12
PLAIN = Recipe(data="colours", source="", normalise="bytes")


@pytest.fixture(scope="module")
def colours() -> DataSet:
    """Small images of three channels."""
    return replace(
        get_data("digits"),
        name="colours",
        channels=3,
        image_size=SIDE,
        mean=(0.5, 0.4, 0.3),
        std=(0.2, 0.25, 0.3),
    )


@pytest.fixture(scope="module")
def images() -> Images:
    pixels = torch.randint(256, (COUNT, 3, SIDE, SIDE), generator=generator(1), dtype=torch.uint8)
    return Images(pixels, torch.arange(COUNT) % 10)


def in_training(images: Images, data: DataSet, recipe: Recipe, seed: int = 0, epoch: int = 0) -> tuple[Tensor, Tensor]:
    """What a network is trained with: images and targets of one batch."""
    shown = Shown(images, Sizes(recipe, data.side(recipe), training=True))
    pixels, labels = shown.batch(torch.arange(COUNT), epoch)
    random = generator(seed, epoch)
    return blended(varied(pixels, data.shown(recipe), recipe, random), labels, 10, recipe, random)


def in_tests(images: Images, data: DataSet, recipe: Recipe) -> Tensor:
    shown = Shown(images, Sizes(recipe, data.side(recipe), training=False))
    return normalised(shown.batch(torch.arange(COUNT))[0], data.shown(recipe))


EACH: dict[str, dict[str, Any]] = {
    "image_size": {"image_size": 16},
    "normalise": {"normalise": "channels"},
    "flip": {"flip": 0.5},
    "alternate_flip": {"flip": 0.5, "alternate_flip": True},
    "shift": {"shift": 2},
    "crop_area": {"crop_area": (0.3, 0.9)},
    "crop_ratio": {"crop_area": (0.3, 0.9), "crop_ratio": (1.0, 2.0)},
    "jitter": {"jitter": 0.4},
    "lighting": {"lighting": 0.1},
    "cutout": {"cutout": 4},
    "mixup": {"mixup": 0.2},
    "cutmix": {"cutmix": 1.0},
}


def test_every_field_of_images_is_tested() -> None:
    elsewhere = {"test_resize", "validation", "box_crop", "distort", "expand", "longest", "sides"}  # test_boxed.py
    assert EACH.keys() | elsewhere == set(GROUPS["Images"])


@pytest.mark.parametrize("field", EACH)
def test_each_field_has_an_effect_in_training_that_follows_from_the_seed(
    field: str, images: Images, colours: DataSet
) -> None:
    recipe = PLAIN.varied(**EACH[field])
    without = recipe.varied(**{field: getattr(PLAIN, field)})
    [found, targets], [again, _] = (in_training(images, colours, recipe, seed=7) for _ in range(2))
    assert torch.equal(found, again)
    plain, _ = in_training(images, colours, without, seed=7)
    assert found.shape != plain.shape or not torch.equal(found, plain)
    assert len(found) == len(targets) == COUNT
    if field not in ("image_size", "normalise"):
        per_image = {"crop_area", "crop_ratio", "alternate_flip"} & {field}
        other, _ = in_training(images, colours, recipe.varied(seed=1) if per_image else recipe, seed=8)
        assert not torch.equal(found, other)
        assert torch.equal(in_tests(images, colours, recipe), in_tests(images, colours, PLAIN)), "tests change nothing"


def test_a_recipe_without_augmentation_changes_no_bit(images: Images, colours: DataSet) -> None:
    found, targets = in_training(images, colours, PLAIN)
    assert torch.equal(found, images.pixels / 255)
    assert torch.equal(targets, images.labels)
    assert torch.equal(found, in_tests(images, colours, PLAIN))


def test_channels_have_the_mean_and_deviation_that_the_data_states(images: Images, colours: DataSet) -> None:
    found = in_tests(images, colours, PLAIN.varied(normalise="channels"))
    for channel in range(3):
        expected = (images.pixels[:, channel] / 255 - colours.mean[channel]) / colours.std[channel]
        torch.testing.assert_close(found[:, channel], expected)


@pytest.mark.parametrize(("flip", "share"), [(1.0, 1.0), (0.5, 0.5), (0.1, 0.1)])
def test_flip_mirrors_that_share(flip: float, share: float, colours: DataSet) -> None:
    pixels = torch.arange(SIDE).expand(4000, 3, SIDE, SIDE).to(torch.uint8)
    found = varied(pixels, colours.shown(PLAIN), PLAIN.varied(flip=flip), generator(3))
    mirrored = (found == pixels.flip(-1) / 255).flatten(1).all(1)
    assert ((found == pixels / 255).flatten(1).all(1) ^ mirrored).all()
    assert mirrored.float().mean() == pytest.approx(share, abs=0.03)


def test_alternate_flips_are_half_and_the_other_half_in_the_next_epoch(images: Images, colours: DataSet) -> None:
    recipe = PLAIN.varied(flip=0.5, alternate_flip=True)
    first, second, third = (in_training(images, colours, recipe, seed=e, epoch=e)[0] for e in range(3))
    assert torch.equal(first, second.flip(-1))
    assert torch.equal(first, third)
    mirrored = (first != images.pixels / 255).flatten(1).any(1)
    assert 16 < mirrored.sum() < 48


def test_shift_moves_by_up_to_that_many_pixels_and_pads_with_the_mean_colour(images: Images, colours: DataSet) -> None:
    recipe = PLAIN.varied(shift=2, normalise="channels")
    found, _ = in_training(images, colours, recipe)
    whole = torch.nn.functional.pad(in_tests(images, colours, recipe), (2,) * 4)
    windows = [whole[:, :, y : y + SIDE, x : x + SIDE] for y in range(5) for x in range(5)]
    matches = torch.stack([(found == window).flatten(1).all(1) for window in windows])
    assert (matches.sum(0) == 1).all()
    assert matches.any(1).sum() > 15, "every place is drawn sooner or later"


def test_cutout_blanks_one_square(images: Images, colours: DataSet) -> None:
    recipe = PLAIN.varied(cutout=4)
    white = Images(torch.full_like(images.pixels, 255), images.labels)
    blank = in_training(white, colours, recipe)[0] == 0
    assert (blank == blank[:, :1]).all(), "in all channels"
    rows, cols = blank[:, 0].any(2).sum(1), blank[:, 0].any(1).sum(1)
    assert torch.equal(rows * cols, blank[:, 0].sum((1, 2)))
    assert {2, 3, 4} == set(rows.tolist()) == set(cols.tolist()), "up to two rows lie outside"


def test_jitter_is_what_the_source_writes(colours: DataSet) -> None:
    """datasets/transforms.lua, by hand: each image is one of six orders of three blends of these strengths."""
    pixel = torch.tensor([200.0, 100.0, 50.0]).view(1, 3, 1, 1)
    pixels = pixel.expand(200, 3, 4, 4).to(torch.uint8)
    found = 255 * varied(pixels, colours.shown(PLAIN), PLAIN.varied(jitter=0.4), generator(5))
    assert (found == found[:, :, :1, :1]).all(), "one colour stays one colour"
    grey = 0.299 * found[:, 0] + 0.587 * found[:, 1] + 0.114 * found[:, 2]
    of_grey = 0.299 * 200 + 0.587 * 100 + 0.114 * 50
    brightness = grey[:, 0, 0] / of_grey  # of one colour, the others leave it
    assert 0.6 <= brightness.min() < 0.65
    assert 1.35 < brightness.max() <= 1.4
    saturation = (found[:, 0] - found[:, 1])[:, 0, 0] / 100 / brightness
    assert 0.36 <= saturation.min() < 0.5, "contrast and saturation both, of an image of one colour"
    assert 1.6 < saturation.max() <= 1.96 + 1e-4


def test_lighting_shifts_along_the_principal_components(images: Images, colours: DataSet) -> None:
    grey = torch.full((3000, 3, 1, 1), 128, dtype=torch.uint8)
    found = varied(grey, colours.shown(PLAIN), PLAIN.varied(lighting=0.1), generator(2)) - 128 / 255
    along = found.view(-1, 3) @ torch.linalg.inv(torch.tensor(EIGENVECTORS)).T
    torch.testing.assert_close(along.std(0), 0.1 * torch.tensor(EIGENVALUES), rtol=0.05, atol=0)
    assert torch.tensor(EIGENVECTORS).T @ torch.tensor(EIGENVECTORS) == pytest.approx(torch.eye(3).numpy(), abs=1e-3)


@pytest.mark.parametrize("field", ["jitter", "lighting"])
def test_colours_of_grey_images_are_refused(field: str) -> None:
    data, recipe = get_data("digits"), PLAIN.varied(**{field: 0.1})
    with pytest.raises(ConfigError, match=rf"{field} is 0.1, but must be 0: the images of digits have no colours\."):
        varied(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), data, recipe, generator(0))


def test_mixup_blends_and_cutmix_pastes_with_the_shares_that_the_targets_say(images: Images, colours: DataSet) -> None:
    plain, labels = in_training(images, colours, PLAIN)
    one_hot = torch.nn.functional.one_hot(labels, 10).float()
    mixed, targets = in_training(images, colours, PLAIN.varied(mixup=1.0))
    share = targets[0, labels[0]]
    assert 0 < share < 1
    torch.testing.assert_close(mixed, share * plain + (1 - share) * plain.roll(1, 0))
    torch.testing.assert_close(targets, share * one_hot + (1 - share) * one_hot.roll(1, 0), atol=1e-4, rtol=0)
    pasted, targets = in_training(images, colours, PLAIN.varied(cutmix=1.0))
    kept = (pasted == plain).float().mean()
    assert 0 < kept < 1
    assert ((pasted == plain) | (pasted == plain.roll(1, 0))).all()
    torch.testing.assert_close(targets, kept * one_hot + (1 - kept) * one_hot.roll(1, 0), atol=0.01, rtol=0)


def test_both_kinds_of_mixing_take_turns(images: Images, colours: DataSet) -> None:
    recipe, (plain, _) = PLAIN.varied(mixup=1.0, cutmix=1.0), in_training(images, colours, PLAIN)
    pasted = [
        bool(((found == plain) | (found == plain.roll(1, 0))).all())
        for found, _ in (in_training(images, colours, recipe, seed) for seed in range(20))
    ]
    assert 3 < sum(pasted) < 17


def test_mixing_leaves_the_global_generator_alone(images: Images, colours: DataSet) -> None:
    before = torch.random.get_rng_state()
    in_training(images, colours, PLAIN.varied(mixup=1.0, jitter=0.4, cutout=2))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(("height", "width"), [(100, 100), (300, 200), (10, 1000), (1, 1), (3, 2)])
def test_a_random_box_lies_in_the_image_and_has_the_area_and_shape_asked_for(height: int, width: int) -> None:
    recipe = PLAIN.varied(crop_area=(0.2, 0.8), crop_ratio=(0.5, 2))
    for number in range(200):
        box = random_box(height, width, recipe, generator(number))
        assert 0 <= box.top <= box.top + box.height <= height
        assert 0 <= box.left <= box.left + box.width <= width
        assert min(box.height, box.width) >= 1
        if min(height, width) >= 100:
            assert 0.19 < box.height * box.width / (height * width) < 0.81
            assert 0.49 < box.width / box.height < 2.05


def test_the_whole_image_is_what_a_crop_of_all_of_it_is(images: Images, colours: DataSet) -> None:
    recipe = PLAIN.varied(crop_area=(1, 1), crop_ratio=(1, 1))
    assert torch.equal(in_training(images, colours, recipe)[0], in_tests(images, colours, PLAIN))


def test_test_images_are_resized_by_the_shorter_side_and_cut_in_the_middle(images: Images, colours: DataSet) -> None:
    from torchvision.transforms import v2

    recipe = PLAIN.varied(image_size=8, test_resize=10)
    eyes = v2.Compose([v2.Resize(10, antialias=True), v2.CenterCrop(8)])
    assert torch.equal(in_tests(images, colours, recipe), eyes(images.pixels) / 255)
    smaller = in_tests(images, colours, PLAIN.varied(image_size=8))
    assert torch.equal(smaller, v2.Resize(8, antialias=True)(images.pixels) / 255)
    learned, _ = in_training(images, colours, recipe)
    assert torch.equal(learned, smaller), "in training all of it is seen"


@pytest.mark.parametrize("normalise", ["bytes", "channels"])
def test_the_loop_shows_the_images_as_the_recipe_says_in_training_and_in_tests(
    normalise: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And in their size, with black and white where the data have them."""
    pytest.importorskip("accelerate")
    from training.engine.loop import fit

    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    seen: dict[bool, list[Tensor]] = {True: [], False: []}

    def watch(network: torch.nn.Module, epochs: int) -> None:
        if not epochs:
            network.register_forward_pre_hook(lambda module, args: seen[module.training].append(args[0].clone()))

    changes = {"epochs": 1, "batch_size": 512, "image_size": 12, "normalise": normalise, "shift": 0}
    fit(prepare(TINY, "digits", "digits", **changes), cpu=True, watch=watch)
    data = get_data("digits")
    ends = {"bytes": (0.0, 1.0), "channels": tuple((end - data.mean[0]) / data.std[0] for end in (0, 1))}[normalise]
    for pictures in map(torch.cat, seen.values()):
        assert pictures.shape[1:] == (1, 12, 12)
        assert (float(pictures.min()), float(pictures.max())) == pytest.approx(ends)
