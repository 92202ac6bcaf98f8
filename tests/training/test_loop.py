"""The loop against PyTorch by hand, and itself in other parts and processes; what it says when it cannot go on."""

from __future__ import annotations

import errno
import json
import os
import signal
from functools import partial

import pytest

from archs import get_config
from archs.errors import MissingPackageError, UnknownNameError
from tests.support.groups import run_group
from training import Run, TrainingError, get_recipe, get_run, prepare, resume

pytest.importorskip("accelerate")
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn.functional import cross_entropy

from training.data import get_data
from training.data.images import Images
from training.engine import checkpoints, looks, loop
from training.engine.accelerator import create_accelerator
from training.engine.batches import Batches, fetched
from training.engine.failures import explained
from training.engine.learner import create_network
from training.engine.optimizers import create_optimizer, set_lr

#: A dense layer in each of two blocks.
TINY = get_config("densenet121", block_config=(1, 1), growth_rate=4, num_init_features=8)
#: 6 steps an epoch.
BATCH = {"batch_size": 256}


def tiny(name: str, **recipe) -> Run:
    return prepare(TINY, "digits", "digits", name=name, **{"epochs": 2, **BATCH, **recipe})


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """Where these runs lie; all processes look after every step."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENSESCOPE_DATA", str(tmp_path_factory.mktemp("data")))
        patch.setattr(looks, "LOOK_SECONDS", 0)
        yield


@pytest.fixture(scope="module")
def finished():
    """A run of two epochs with averaged weights."""
    return resume(tiny("finished", ema_decay=0.9))


# One step


def small_network() -> nn.Module:
    """Without batch norm, whose statistics are those of the part of a batch that it sees."""
    torch.manual_seed(0)
    layers = nn.Conv2d(1, 4, 3, bias=True), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 10)
    return nn.Sequential(*layers).double()


class Bare:
    """As much of a learner as a step needs."""

    def __init__(self, **recipe) -> None:
        self.run = tiny(f"bare-{abs(hash(str(recipe)))}", **recipe)
        self.recipe = self.run.recipe
        self.accelerator = create_accelerator(self.run.recipe, self.run, cpu=True)
        self.plain = small_network()
        self.network, self.optimizer = self.accelerator.prepare(
            self.plain, create_optimizer(self.plain, self.run.recipe)
        )


def by_hand(optimizer: torch.optim.Optimizer, network: nn.Module, lrs, images, labels, smoothing=0.0, most=None):
    for lr in lrs:
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.zero_grad()
        cross_entropy(network(images), labels, label_smoothing=smoothing).backward()
        if most:
            nn.utils.clip_grad_norm_(network.parameters(), most)
        optimizer.step()


@pytest.mark.parametrize(
    ("recipe", "expected"),
    [
        ({"nesterov": False}, partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)),
        ({"nesterov": True}, partial(torch.optim.SGD, momentum=0.9, nesterov=True, weight_decay=1e-4)),
        (
            {"nesterov": False, "dampening": 0.5, "weight_decay": 0.01},
            partial(torch.optim.SGD, momentum=0.9, dampening=0.5, weight_decay=0.01),
        ),
        ({"nesterov": False, "momentum": 0.0, "weight_decay": 0.0}, torch.optim.SGD),
        ({"optimizer": "adamw", "weight_decay": 0.05}, partial(torch.optim.AdamW, weight_decay=0.05)),
        (
            {"optimizer": "adamw", "beta2": 0.95, "weight_decay": 0.05},
            partial(torch.optim.AdamW, betas=(0.9, 0.95), weight_decay=0.05),
        ),
        (
            {"optimizer": "rmsprop", "momentum": 0.9, "weight_decay": 0.0},
            partial(torch.optim.RMSprop, alpha=0.9, momentum=0.9),
        ),
        ({"nesterov": False, "label_smoothing": 0.1}, partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)),
        ({"nesterov": False, "max_norm": 0.01}, partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)),
        ({"nesterov": False, "accumulate": 3}, partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)),
        ({"nesterov": False, "accumulate": 1024}, partial(torch.optim.SGD, momentum=0.9, weight_decay=1e-4)),
    ],
    ids=str,
)
def test_a_step_is_that_of_pytorch_by_hand(recipe, expected):
    images, labels, lrs = torch.rand(11, 1, 8, 8, dtype=torch.float64), torch.arange(11) % 10, (0.1, 0.05, 0.2)
    learner, network = Bare(decay_all=True, **recipe), small_network()
    for lr in lrs:
        set_lr(learner.optimizer, lr)
        loop.step(learner, images, labels, len(labels))
    smoothing, most = recipe.get("label_smoothing", 0.0), recipe.get("max_norm")
    by_hand(expected(network.parameters(), lr=0.1), network, lrs, images, labels, smoothing, most)
    for own, theirs in zip(learner.plain.parameters(), network.parameters(), strict=True):
        torch.testing.assert_close(own, theirs, rtol=1e-12, atol=1e-14)


def test_norms_and_biases_decay_only_where_the_recipe_says_so():
    network = create_network(tiny("decay"))
    flat = {id(each) for each in network.parameters() if each.ndim <= 1}
    for everything in (True, False):
        optimizer = create_optimizer(network, get_recipe("digits", decay_all=everything, weight_decay=0.3))
        decays = {id(each): group["weight_decay"] for group in optimizer.param_groups for each in group["params"]}
        assert decays.keys() == {id(each) for each in network.parameters()}
        assert all(decays[one] == (0.3 if everything or one not in flat else 0.0) for one in decays)


def test_a_group_of_parameters_may_have_a_learning_rate_of_its_own():
    network = small_network()
    groups = [
        {"params": [each], "weight_decay": 0.0, "lr_scale": scale}
        for each, scale in zip(network.parameters(), (1, 2, 3, 4), strict=True)
    ]
    optimizer = create_optimizer(network, get_recipe("digits"), groups)
    set_lr(optimizer, 0.5)
    assert [group["lr"] for group in optimizer.param_groups] == [0.5, 1.0, 1.5, 2.0]


# Batches and processes


@pytest.mark.parametrize(("processes", "batch_size"), [(1, 64), (2, 64), (3, 64), (3, 50)])
def test_processes_share_each_batch(processes, batch_size):
    images = Images(torch.zeros(203, 1, 1, 1), torch.arange(203))
    parts = [Batches(images, batch_size, 0, rank, processes) for rank in range(processes)]
    seen = []
    for step, shares in enumerate(zip(*(part.of_epoch(1) for part in parts), strict=True)):
        labels = torch.cat([labels for _, labels in shares])
        assert len(labels) == parts[0].size(step)
        assert {len(labels) for _, labels in shares} <= {len(labels) // processes, -(-len(labels) // processes)}
        seen += labels.tolist()
    assert len(seen) == len(set(seen)) == sum(parts[0].size(step) for step in range(len(parts[0])))
    whole = torch.cat([labels for _, labels in Batches(images, batch_size, 0).of_epoch(1)])
    assert set(seen) <= set(whole.tolist())


def test_an_order_follows_from_seed_and_epoch_and_can_be_begun_anywhere():
    batches = Batches(Images(torch.zeros(100, 1, 1, 1), torch.arange(100)), 10, 0)
    orders = {epoch: [labels.tolist() for _, labels in batches.of_epoch(epoch)] for epoch in (0, 1)}
    assert orders[0] != orders[1]
    assert [labels.tolist() for _, labels in batches.of_epoch(1, 7)] == orders[1][7:]


def test_too_few_images_for_the_processes_are_told():
    with pytest.raises(TrainingError, match="A batch of 4 of 100 images gives some of 3 processes fewer than the two"):
        Batches(Images(torch.zeros(100, 1, 1, 1), torch.arange(100)), 4, 0, 0, 3)


class Decoded(Images):
    """Stands for files: each label is also the process that decoded it."""

    decodes = True

    def batch(self, indices, epoch=0):
        return torch.full((len(indices), 1, 1, 1), os.getpid() + epoch), self.labels[indices]


def test_workers_decode_ahead_in_the_same_order():
    images = Decoded(torch.zeros(40, 1, 1, 1), torch.arange(40))
    indices = list(torch.randperm(40).split(7))
    state = torch.get_rng_state()
    found = list(fetched(images, indices, 3, workers=2))
    assert [labels.tolist() for _, labels in found] == [each.tolist() for each in indices]
    pids = {int(pixels[0]) - 3 for pixels, _ in found}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert torch.equal(torch.get_rng_state(), state)


def train_in_double(place: str, name: str, accumulate: int) -> None:
    """Train `small_network` in float64; in all processes of a group."""
    os.environ["DENSESCOPE_DATA"] = place
    import training.engine.looks
    import training.engine.loop
    from training.engine import learner

    training.engine.looks.LOOK_SECONDS = 0
    learner.create_network = lambda run: small_network()
    varied = training.engine.loop.varied
    training.engine.loop.varied = lambda *args: varied(*args).double()
    import training.engine.evaluate

    normalised = training.engine.evaluate.normalised
    training.engine.evaluate.normalised = lambda *args: normalised(*args).double()
    recipe = {"shift": 0, "epochs": 2, "batch_size": 100, "accumulate": accumulate, "max_norm": 1.0, "ema_decay": 0.9}
    resume(prepare(TINY, "digits", "digits", name=name, **recipe))


@pytest.mark.long
def test_two_processes_learn_as_one_with_twice_the_batch_does(folder):
    """To rounding: batch norm would see half a batch in each process, so there is none; shifts are by process."""
    place, runs = os.environ["DENSESCOPE_DATA"], {"one": (1, 1), "in parts": (1, 4), "two": (2, 2)}
    for name, (processes, accumulate) in runs.items():
        assert run_group(processes, train_in_double, place, name.replace(" ", "-"), accumulate) == [0] * processes
    curves = [
        [row.get("loss", row.get("train_loss")) for row in get_run(name.replace(" ", "-")).log()] for name in runs
    ]
    assert len(curves[0]) == 2 * (15 + 1)
    for curve in curves[1:]:
        assert curve == pytest.approx(curves[0], abs=1e-10)
    assert curves[0][-1] < curves[0][0]


# What is kept of a run


def test_the_record_says_where_and_how_long(finished):
    record = json.loads((finished.folder / "run.json").read_text())
    assert record["state"] == "finished"
    assert record["device"] == "cpu"
    assert record["processes"] == 1
    assert record["machine"]
    assert record["pid"] == os.getpid()
    assert torch.__version__.startswith(record["versions"]["torch"])
    assert record["seconds"] == pytest.approx(sum(row["seconds"] for row in finished.epochs()), abs=0.001)
    assert record["finished"] >= record["created"]
    assert not list(finished.folder.glob("*.pt"))


def test_what_is_kept_is_what_the_accuracy_is_of(finished):
    """With averaged weights the average."""
    last = finished.epochs()[-1]
    assert finished.accuracy == last["averaged_accuracy"]
    assert accuracy_of(finished) == pytest.approx(last["averaged_accuracy"])
    assert last["averaged_loss"] != last["test_loss"]


def accuracy_of(run: Run) -> float:
    """Of the weights in a run's folder, computed here."""
    network = create_network(run)
    network.load_state_dict(load_file(run.weights))
    data = get_data(run.data).shown(run.recipe)
    pixels, labels = loop.open_data(data, run.recipe).test.batch(range(data.test_images))
    seen = (pixels.float() / 255 - data.mean[0]) / data.std[0]
    with torch.no_grad():
        return float((network.eval()(seen).argmax(1) == labels).double().mean())


def test_the_epoch_that_does_best_on_validation_images_is_kept(monkeypatch):
    """Its scores are scripted, so that the second of three is the best."""
    scripted = iter((0.2, 0.9, 0.9))
    evaluated = loop.evaluated
    monkeypatch.setattr(loop, "evaluated", lambda *args: evaluated(*args) | {"validation_accuracy": next(scripted)})
    seen = {}
    run = tiny("validated", epochs=3, validation=400, batch_size=512)
    resume(run, watch=lambda network, epochs: seen.update({epochs: network.classifier.weight.sum().item()}))
    assert float(load_file(run.weights)["classifier.weight"].sum()) == pytest.approx(seen[2])
    assert run.accuracy == run.epochs()[1]["test_accuracy"]
    assert run.log()[0]["step"] == 1
    assert run.epochs()[0]["step"] == 3  # of 1,037 images
    assert "validation_loss" in run.epochs()[0]


def test_frozen_stages_stay_as_they_are():
    run = tiny("frozen", epochs=1, freeze=2)
    before = create_network(run).state_dict()
    resume(run)
    changed = {name.split(".")[1] for name, values in load_file(run.weights).items() if not values.equal(before[name])}
    assert changed == {"transition1", "denseblock2", "norm5", "weight", "bias"}


def test_images_a_second_are_those_of_the_steps_alone(monkeypatch):
    """By a clock that a step moves on by 0.1 s, an evaluation by 7, a checkpoint by 50."""
    now = [0.0]

    def takes(seconds, function):
        def slow(*args, **named):
            now[0] += seconds
            return function(*args, **named)

        return slow

    for module in (looks, loop):
        monkeypatch.setattr(module, "perf_counter", lambda: now[0])
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(loop, "step", takes(0.1, loop.step))
    monkeypatch.setattr(loop, "evaluated", takes(7, loop.evaluated))
    monkeypatch.setattr(loop.Learner, "save", takes(50, loop.Learner.save))
    run = tiny("clock")
    resume(run, save_seconds=0.3)
    steps = [row for row in run.log() if row["kind"] == "step"]
    assert [row["step"] for row in steps] == [1, 3, 5, 6, 7, 9, 11, 12] or [row["step"] for row in steps][:3] == [
        1,
        3,
        5,
    ]
    for before, row in zip([{"step": 0}, *steps], steps, strict=False):
        images = 256 * (row["step"] - before["step"]) - (99 if row["step"] % 6 == 0 else 0)
        assert row["images_per_s"] == pytest.approx(images / (0.1 * (row["step"] - before["step"])))
    for row in run.epochs():
        assert row["seconds"] == pytest.approx(7.6)
        assert row["images_per_s"] == pytest.approx(1437 / 0.6)
    assert run.record["seconds"] == pytest.approx(2 * 7.6, abs=0.001)


# Going on


def test_ctrl_c_and_sigterm_keep_the_running_step():
    signals = iter((signal.SIGINT, signal.SIGTERM))
    run, at = tiny("stopped"), iter((3, 7))
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    def stop(row, step):
        if row["step"] == step and row["kind"] == "step":
            os.kill(os.getpid(), next(signals))

    for step in at:
        with pytest.raises(KeyboardInterrupt):
            resume(run, partial(stop, step=step))
        assert run.state == "stopped"
        assert run.log()[-1]["step"] == step + 1
    resume(run)
    assert_same(run, resume(tiny("unstopped")))
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def assert_same(run: Run, other: Run) -> None:
    weights, others = load_file(run.weights), load_file(other.weights)
    assert all(values.equal(others[name]) for name, values in weights.items())
    assert [row["step"] for row in run.log()] == [row["step"] for row in other.log()]


class EnoughError(Exception):
    """Ends a training from within."""


def broken_off(name: str, step: int, **recipe) -> Run:
    """A run that failed in a step, with checkpoints of every second."""

    def stop(row):
        if row["step"] == step:
            raise EnoughError("so far\nand no further")

    run = tiny(name, **recipe)
    with pytest.raises(TrainingError, match=r"^The training failed: EnoughError, so far\.$"):
        resume(run, stop, save_every=2)
    assert (run.state, run.record["message"]) == ("failed", "The training failed: EnoughError, so far.")
    return run


def test_a_damaged_checkpoint_is_passed_over():
    run = broken_off("torn", 5)
    last = run.folder / checkpoints.LAST
    last.write_bytes(last.read_bytes()[:-100])
    resume(run)
    assert run.record["message"] == "The last checkpoint was damaged; the run went on from the one before."
    assert_same(run, resume(tiny("untorn")))


def damage(content: bytes) -> bytes:
    return content[: len(content) // 2]


def edit(**values):
    def edited(path):
        torch.save(torch.load(path) | values, path)

    return edited


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.write_bytes(damage(path.read_bytes())), "they are damaged: delete last.pt and previous.pt"),
        (lambda path: torch.save([1], path), "is no checkpoint of DenseScope: delete it"),
        (edit(schema=99), "was written by a newer DenseScope"),
        (edit(identity={"recipe": {"lr": 7}}), "is of another training (network {"),
    ],
)
def test_a_checkpoint_that_cannot_be_gone_on_from_is_told(change, said, request):
    run = broken_off(f"odd-{request.node.callspec.indices['change']}", 5, batch_size=512)
    for name in (checkpoints.LAST, checkpoints.PREVIOUS):
        change(run.folder / name)
    with pytest.raises(TrainingError) as error:
        resume(run)
    assert said in str(error.value)
    assert run.state == "failed"
    assert str(error.value) == run.record["message"]


def test_a_full_disk_loses_nothing_that_was_finished(monkeypatch):
    run = broken_off("full", 5)
    last, fsync = run.folder / checkpoints.LAST, os.fsync
    before = last.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match=r"cannot be written to .*No space left on device.*make room and resume"):
        resume(run)
    monkeypatch.setattr(os, "fsync", fsync)
    assert last.read_bytes() == before
    assert not list(run.folder.glob(".*unfinished"))
    resume(run)
    assert_same(run, resume(tiny("roomy")))


def test_a_loss_that_is_no_number_is_told_with_its_step(monkeypatch):
    """Told at the next look, and never kept: steps 1 to 3 are looked at together here."""
    step, factors = loop.step, iter((1, 1, float("nan"), 1, 1, 1))
    monkeypatch.setattr(loop, "step", lambda *args: step(*args) * next(factors))
    monkeypatch.setattr(looks, "LOOK_SECONDS", 1e9)
    run = tiny("hot")
    with pytest.raises(TrainingError, match=r"no longer a number at step 3 of epoch 1: try a lower learning rate"):
        resume(run, save_every=2)
    assert run.state == "failed"
    assert torch.load(run.folder / checkpoints.LAST)["position"]["step"] == 2


def test_two_processes_cannot_train_one_run():
    run = tiny("taken")
    with run.taken(), pytest.raises(TrainingError, match="Another process is training the run 'taken'"):
        resume(run)
    assert run.state == "new"


def test_a_finished_run_is_returned_as_it_is(finished):
    before = (finished.folder / "log.jsonl").read_bytes()
    assert resume(finished) is finished
    assert (finished.folder / "log.jsonl").read_bytes() == before
    assert prepare(TINY, "digits", "digits", name="finished", epochs=2, ema_decay=0.9, **BATCH).name == "finished"


# Precisions, memory, trackers


def test_precisions_follow_each_other_in_one_process(finished):
    half = resume(tiny("half", precision="bfloat16", ema_decay=0.9))
    assert half.epochs()[0]["train_loss"] == pytest.approx(finished.epochs()[0]["train_loss"], rel=0.02)
    assert half.epochs()[0]["train_loss"] != finished.epochs()[0]["train_loss"]
    assert_same(resume(tiny("again", ema_decay=0.9)), finished)
    with pytest.raises(TrainingError, match="A CPU cannot train in float16: set precision to bfloat16 or float32"):
        resume(tiny("fp16", precision="float16"), cpu=True)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: you tried …"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    ],
    ids=type,
)
def test_too_little_memory_is_told_with_what_to_try(error):
    said = str(explained(error, get_recipe("digits", accumulate=2)))
    assert said == (
        "A step of 64 images in 2 parts does not fit into memory: "
        "try memory_efficient, accumulate=4 or a smaller batch_size."
    )


def test_a_lost_process_is_told(monkeypatch):
    error = RuntimeError("[…/gloo/transport/tcp/pair.cc:545] Read error [127.0.0.1]:17318: Connection reset by peer.")
    assert str(explained(error, get_recipe("digits"))).startswith("The training failed: RuntimeError, […/gloo")
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = "Another of the processes that trained together is gone: the same command goes on."
    assert str(explained(error, get_recipe("digits"))) == said


def test_trackers_are_known_by_name(monkeypatch):
    run = tiny("tracked")
    with pytest.raises(UnknownNameError, match="There is no tracker 'tensorbord'; the nearest names are 'tensorboard'"):
        resume(run, tracker="tensorbord")
    monkeypatch.setattr("training.engine.accelerator.get_available_trackers", list)
    with pytest.raises(MissingPackageError, match="The tracker wandb needs the package wandb"):
        resume(run, tracker="wandb")
