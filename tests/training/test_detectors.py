"""Detectors in training: they learn, go on as if nothing had happened, and are scored as COCO does."""

from __future__ import annotations

import os
import sys
from functools import partial

import pytest

import archs
from archs.errors import ConfigError, UnknownNameError, WeightsError
from cli import main
from tests.support.boxes import write_coco
from tests.support.exhaustive import EXHAUSTIVE, representatives
from tests.support.garments import write_garments
from tests.support.groups import run_group
from tests.support.small import SMALL
from training import TrainingError, get_recipe, get_run, prepare, resume
from training.accuracy import finished_run, finished_runs
from training.columns import run_row
from training.findings import outcome_of, runs_finding
from training.forecast import forecast

pytest.importorskip("accelerate")
pytest.importorskip("torchmetrics")
import torch
from safetensors.torch import load_file

from detectors import KINDS, create_detector, resolve_detector
from training.data import get_data
from training.data.fashion import DEBIAN
from training.engine import detectors, looks
from training.engine.learner import create_network
from training.engine.loop import seen, step

#: Steps of two images.
RECIPE = {"batch_size": 2, "epochs": 2, "image_size": 32}
PELEE = SMALL["peleenet"]


def tiny(kind: str = "fcos", **fields):
    """A detector on a PeleeNet of a few channels; FCOS normalises them in groups of 32."""
    wide = {"fpn_channels": 32} if kind in ("fcos", "retinanet", "faster_rcnn", "mask_rcnn") else {}
    return resolve_detector(f"{kind}/peleenet", **PELEE, **wide, **fields)


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory):
    """The name of four images with boxes; all looks are taken after every step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENSESCOPE_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setattr(looks, "LOOK_SECONDS", 0)
        yield f"coco:{write_coco(tmp_path_factory.mktemp('images'))}"


def run_of(data: str, name: str, config=None, recipe="boxes", **fields):
    return prepare(config or tiny(), data, recipe, name=name, **RECIPE | fields)


@pytest.fixture(scope="module")
def learned(data):
    """A run of some steps."""
    return resume(run_of(data, "learned", epochs=5))


def test_the_loss_falls_and_average_precision_is_kept(learned):
    rows = learned.epochs()
    assert rows[-1]["train_loss"] < 0.95 * rows[0]["train_loss"]
    assert {"test_ap", "test_ap50"} <= rows[-1].keys()
    assert not {"train_accuracy", "test_accuracy", "test_loss"} & rows[-1].keys()
    assert learned.average_precision == (rows[-1]["test_ap"], rows[-1]["test_ap50"])
    assert learned.state == "finished"
    assert not (learned.folder / "predictions.npz").exists()
    detector = create_network(learned)
    detector.load_state_dict(load_file(learned.weights))


def test_it_warms_up(data):
    """The first step has a thousandth of the rate, the last of the warm-up nearly all."""
    run = resume(run_of(data, "warm", warmup=3, schedule="constant", lr=0.01))
    rates = [row["lr"] for row in run.log() if row["kind"] == "step"]
    assert rates == pytest.approx([0.01 * share for share in (0.001, 0.334, 0.667, 1.0)])


def test_a_stopped_run_goes_on_to_the_same_weights(data):
    """Stopped in the middle of an epoch, with all that is random and all that is kept beside the weights."""
    fields = {"ema_decay": 0.9, "box_crop": True, "distort": True, "expand": 2.0, "max_norm": 1.0, "drop_rate": 0.2}
    whole = resume(run_of(data, "whole", **fields))
    run = run_of(data, "stopped", **fields)

    def stop(row):
        if row["step"] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resume(run, stop, save_every=1)
    assert run.state == "stopped"
    resume(run)
    ours, theirs = load_file(run.weights), load_file(whole.weights)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert [row.get("loss") for row in run.log()] == [row.get("loss") for row in whole.log()]
    assert "averaged_ap" in run.epochs()[-1]


class Bare:
    """As much of a learner as a step needs."""

    def __init__(self, config, data):
        from training.engine.accelerator import create_accelerator
        from training.engine.learner import Steps, initial_network

        self.recipe = get_recipe("boxes", **RECIPE)
        learner = Steps(initial_network(config, self.recipe), self.recipe, create_accelerator(self.recipe, cpu=True))
        self.__dict__.update(vars(learner))
        found = get_data(data)
        from training.data.images import open_data

        self.batch = seen(open_data(found, self.recipe).train.batch([0, 1]), found, self.recipe, torch.Generator())


#: Heads that make their maps smaller without padding.
SIDES = {"pelee": 304, "ssd": 300, "ssdlite": 320}
TRAINED = [kind for kind in KINDS if kind not in ("backbone", "mask_rcnn")]


@pytest.mark.parametrize("kind", representatives(["faster_rcnn", "pelee"], TRAINED))
def test_every_kind_takes_a_step(data, kind):
    learner = Bare(tiny(kind, num_classes=3, image_size=SIDES.get(kind, 64)), data)
    learner.plain.train()
    before = {name: each.clone() for name, each in learner.plain.named_parameters()}
    losses = step(learner, *learner.batch, 2)
    assert losses.shape == (1,)
    assert losses > 0
    unmoved = [name for name, each in learner.plain.named_parameters() if torch.equal(each, before[name])]
    assert len(unmoved) < len(before) / 4, unmoved


def test_parts_of_a_step_and_its_loss_are_torchvisions(data):
    """The loss is what torchvision's detector says of the images, once for each."""
    learner = Bare(tiny(num_classes=3, image_size=32), data)
    images, targets = learner.batch
    learner.plain.train()
    expected = sum(each.detach() for each in learner.plain(images, targets).values())
    loss, told = detectors.losses(learner.plain, images, targets, learner.recipe, learner.accelerator.autocast)
    assert told.tolist() == [pytest.approx(2 * float(expected), rel=1e-4)]
    assert torch.equal(told[0], loss.detach())
    parts = list(detectors.parts(images, targets, 2, learner.recipe))
    assert [len(own) for own, _ in parts] == [1, 1]
    assert parts[1][1] == targets[1:]


# Scores


def target(boxes, labels, crowd=()):
    found = {"boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4), "labels": torch.tensor(labels)}
    return found | {"iscrowd": torch.tensor([index in crowd for index in range(len(labels))], dtype=torch.bool)}


def said(boxes, labels, scores):
    return {**target(boxes, labels), "scores": torch.tensor(scores)}


BOX, OTHER, HALF = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 60.0, 60.0), (0.0, 0.0, 10.0, 6.2)


@pytest.mark.parametrize(
    ("found", "ap", "ap50"),
    [
        ([(said([BOX, OTHER], [1, 2], [0.9, 0.8]), target([BOX, OTHER], [1, 2]))], 1.0, 1.0),
        ([(said([], [], []), target([BOX], [1]))], 0.0, 0.0),
        ([(said([BOX], [1], [0.9]), target([BOX, OTHER], [1, 2]))], 0.5, 0.5),  # of two classes, one
        ([(said([HALF], [1], [0.9]), target([BOX], [1]))], 0.3, 1.0),  # overlaps by 0.62: at 0.5, 0.55 and 0.6
        ([(said([BOX], [1], [0.9]), target([BOX, OTHER], [1, 1], crowd={1}))], 1.0, 1.0),  # nobody asks for a crowd
    ],
)
def test_average_precision_is_as_coco_counts_it(found, ap, ap50):
    assert detectors.average_precision(found) == {"ap": pytest.approx(ap, abs=1e-6), "ap50": pytest.approx(ap50)}


def test_without_boxes_in_tests_there_is_no_average_precision():
    assert detectors.average_precision([(said([BOX], [1], [0.5]), target([], []))]) == {}


def test_without_the_packages_it_trains_and_says_so(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    expected = "Average precision, without which a detector can be trained all the same, needs the package torchmetrics"
    assert detectors.missing().startswith(expected)
    run = resume(run_of(data, "untested", epochs=1))
    assert run.state == "finished"
    assert run.average_precision is None
    assert "its AP is not known" in runs_finding([outcome_of(run)])


# Beside classifiers


def test_it_is_never_ranked_with_accuracies(learned):
    row = run_row(learned)
    assert (row["accuracy"], row["best_accuracy"], row["averaged_accuracy"]) == (None, None, None)
    assert (row["ap"], row["ap50"]) == learned.average_precision
    assert learned.accuracy is None
    assert learned.name not in [one.trained.run for one in finished_runs()]
    with pytest.raises(TrainingError, match="is of a detector, which has an average precision and no accuracy"):
        finished_run("run:learned")
    sentence = runs_finding([outcome_of(learned)])
    assert " has an AP of " in sentence
    assert "4 test images" in sentence


def test_a_run_is_a_target_and_a_detector(learned, tmp_path):
    """Wherever a detector is; and for no network, of which it has no weights."""
    from analysis import summarize
    from archs.kept import trained_runs

    detector, theirs = create_detector("run:learned"), load_file(learned.weights)
    assert detector.config == learned.design.config
    assert all(torch.equal(values, theirs[key]) for key, values in detector.state_dict().items())
    assert summarize("run:learned").macs == summarize(learned.design.config).macs
    file = tmp_path / "mine.safetensors"
    assert main(["runs", "export", "learned", str(file)]) == 0
    assert create_detector(file).weights_report == detector.weights_report.replace("run:learned", str(file))
    assert main(["runs", "export", "learned", str(tmp_path / "mine.onnx")]) == 2

    assert "run:learned" not in trained_runs()
    with pytest.raises(
        WeightsError, match=r"'run:learned' holds the weights of a detector, .*, and stands for no network"
    ):
        archs.create_model("run:learned")


def test_a_forecast_counts_steps(data, learned):
    found = forecast(learned, cpu=True, steps=1)
    assert (found.steps, found.step_bytes) == (2, None)
    assert found.step_seconds > 0 < found.test_seconds


# Fine-tuning


def test_frozen_stages_and_norms_stay_as_they_are(data):
    run = run_of(data, "frozen", epochs=1, freeze=1, frozen_norm=True, head_lr=10.0, layer_decay=0.5)
    before = create_network(run).state_dict()
    resume(run)
    after = load_file(run.weights)
    body = "backbone.body."
    changed = {key for key in after if not torch.equal(after[key], before[key])}
    assert not any(key.startswith(f"{body}features.stemblock") or "running" in key for key in changed)
    norms = {f"{body}{name}" for name, module in create_network(run).backbone.body.named_modules() if _is_norm(module)}
    assert not any(key.rpartition(".")[0] in norms for key in changed)
    assert any(key.startswith(f"{body}features.denseblock1") for key in changed)
    assert any(key.startswith("head.") for key in changed)


def _is_norm(module) -> bool:
    return isinstance(module, torch.nn.BatchNorm2d)


def test_a_detector_begins_with_a_classifiers_weights(data, tmp_path):
    classifier = archs.create_model("peleenet", **PELEE)
    path = tmp_path / "classifier.pt"
    torch.save(classifier.state_dict(), path)
    detector = create_detector(tiny(), weights=str(path))
    sentence = detector.weights_report
    assert "these are a classifier's weights: a detector trained from them starts with random heads" in sentence
    own, theirs = detector.backbone.body.state_dict(), classifier.state_dict()
    assert all(torch.equal(own[key], theirs[key]) for key in own)
    with pytest.raises(WeightsError):
        create_detector("fcos/vovnet27_slim", fpn_channels=32, weights=str(path))


def test_a_detector_begins_with_a_detectors_weights(data, learned):
    other = create_detector(tiny(num_classes=5), weights="run:learned")
    sentence = other.weights_report
    assert "weights of a detector; head.classification_head.cls_logits.weight" in sentence
    own, theirs = other.state_dict(), load_file(learned.weights)
    alike = {key for key in own if own[key].shape == theirs[key].shape and torch.equal(own[key], theirs[key])}
    assert {key.rpartition(".")[0] for key in own.keys() - alike} == {"head.classification_head.cls_logits"}
    run = resume(run_of(data, "onwards", epochs=1, weights="run:learned"))
    assert run.epochs()[0]["train_loss"] < learned.epochs()[0]["train_loss"]
    for kind in ("retinanet", "ssd"):
        with pytest.raises(WeightsError, match=r"run:learned is of another detector or backbone: \d+ tensors differ"):
            create_detector(tiny(kind), weights="run:learned")
    with pytest.raises(WeightsError, match="does not fit"):
        archs.create_model("vovnet27_slim", weights=learned.weights)


# Bad input


@pytest.mark.parametrize(
    ("network", "on_boxes", "fields", "error", "says"),
    [
        ("fcos", True, {}, ConfigError, "named with its backbone, such as 'fcos/vovnet39'"),
        ("focs/peleenet", True, {}, UnknownNameError, "There is no detector 'focs'"),
        ("peleenet", True, {}, TrainingError, "train a detector on them, such as 'fcos/peleenet'"),
        ("fcos/peleenet", False, {}, TrainingError, "have no boxes, of which detectors learn: give a folder as"),
        ("backbone/peleenet", True, {}, ConfigError, "network is 'backbone/peleenet'"),
        ("fcos/peleenet", True, {"image_size": 8}, ConfigError, "image_size is 8"),
        ("fcos/peleenet", True, {"freeze": 20}, ConfigError, "freeze is 20, but must be at most"),
        (
            "fcos/peleenet",
            True,
            {"mixup": 0.2},
            ConfigError,
            "mixup is 0.2, but must be 0.0: the recipe is for detectors",
        ),
        ("mask_rcnn/peleenet", True, {}, TrainingError, "Mask R-CNN learns from outlines"),
    ],
)
def test_what_cannot_be_trained_is_told(data, network, on_boxes, fields, error, says):
    with pytest.raises(error) as refused:
        prepare(network, data if on_boxes else "digits", "boxes" if on_boxes else "digits", **fields)
    assert says in str(refused.value)


# Processes


def train_in_group(place: str, data: str, name: str) -> None:
    os.environ["DENSESCOPE_DATA"] = place
    resume(run_of(data, name, batch_size=4, flip=0.0, frozen_norm=True))


@pytest.mark.skipif(not EXHAUSTIVE, reason="many seconds: make test-exhaustive")
def test_two_processes_learn_and_find_what_one_does(data):
    """Norms are frozen, whose statistics would be those of half a batch."""
    place = os.environ["DENSESCOPE_DATA"]
    for name, processes in (("alone", 1), ("both", 2)):
        assert run_group(processes, partial(train_in_group, place, data), name) == [0] * processes
    alone, both = get_run("alone"), get_run("both")
    assert both.average_precision == pytest.approx(alone.average_precision, abs=1e-3)


@pytest.mark.skipif(not EXHAUSTIVE, reason="a minute: make test-exhaustive")
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="apt-get install dataset-fashion-mnist")
def test_garments_are_found_after_120_steps(tmp_path):
    """As docs/detection.md tells it, which had 0.86."""
    config = resolve_detector("fcos/peleenet", fpn_channels=64, out_indices=(0, 1, 2))
    run = resume(prepare(config, f"coco:{write_garments(tmp_path)}", "boxes", epochs=1, image_size=96, flip=0.0))
    assert run.log()[-1]["step"] == 120
    assert run.average_precision.ap50 > 0.75
