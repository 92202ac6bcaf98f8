"""Training on the command line: runs that go on, one line for all that cannot be, tables of what was trained."""

import csv
import io
import json
import shlex

import pytest

from cli import main
from commands.train import recipe_of
from training.forecast import Forecast, forecast_of
from training.runs import free_name, get_run, list_runs

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

#: Seconds of training: a dense layer in each of two blocks.
TINY = "densenetbc40_k12 --data digits --recipe digits --epochs 1 --batch-size 256 --lr 0.1"
TINY += " --set block_config=1,1 --set growth_rate=4"


def run(line: str) -> int:
    return main(shlex.split(line))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the runs of these tests lie: `first`, which has been trained."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("data")
        patch.setenv("DENSESCOPE_DATA", str(place))
        assert run(f"train {TINY} --name first") == 0
        yield place


def rows(capsys, line: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert run(f"{line} --format csv") == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_a_run_is_listed_with_what_it_has_learned(folder, capsys):
    [row] = rows(capsys, "runs")
    assert (row["name"], row["state"], row["epochs"], row["data"]) == ("first", "finished", "1/1", "digits")
    assert float(row["accuracy"]) == get_run("first").accuracy
    assert row["recipe"] == "digits (epochs=1, batch_size=256)"
    assert row["created"] == get_run("first").record["created"]
    assert run("runs") == 0
    assert row["created"][:16].replace("T", " ") + "\n" in capsys.readouterr().out  # for people, to the minute


def test_the_same_command_again_goes_on_with_the_run(folder, capsys):
    before = (get_run("first").folder / "log.jsonl").read_bytes()
    assert run(f"train {TINY} --name first") == 0
    assert run("train --resume first --yes") == 0
    assert (get_run("first").folder / "log.jsonl").read_bytes() == before
    assert list_runs() == ["first"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (TINY.replace("epochs 1", "epochs 2"), "differs in epochs: give another name"),
        (TINY.replace("lr 0.1", "lr 0.2 --with flip=0.5"), "differs in lr and flip:"),
        (TINY.replace("rate=4", "rate=6"), "differs in network:"),
    ],
)
def test_another_command_of_the_same_name_is_refused(changed, said, folder, capsys):
    assert run(f"train {changed} --name first") == 2
    assert said in capsys.readouterr().err


def test_another_batch_changes_the_learning_rate_and_says_so(folder, capsys):
    capsys.readouterr()
    assert recipe_of("densenet-cifar", None, {}, batch_size="256").lr == pytest.approx(0.4)
    assert "is 0.4 instead of 0.1" in capsys.readouterr().err
    assert recipe_of("densenet-cifar", None, {}, batch_size="256", lr="0.1").lr == 0.1
    assert recipe_of("densenet-cifar", None, {"lr": 0.2}, batch_size="256").lr == 0.2
    assert not capsys.readouterr().err


def test_the_recipe_follows_from_the_data():
    assert recipe_of(None, "digits", {}).data == "digits"


BAD_INPUT = {
    "train": "Give either a network to train, or --resume",
    "train densenetbc40_k12 --resume first": "Give either a network to train, or --resume",
    "train densnet --data digits": "There is no architecture 'densnet'; the nearest names are",
    "train densenetbc40_k12 --data digit": "There is no data set 'digit'; the nearest names are 'digits'",
    "train densenetbc40_k12 --data digits --recipe digit": "There is no recipe 'digit'; the nearest names are 'digits'",
    "train densenet121 --data digits": "image_size is 8",
    "train densenetbc40_k12 --data digits --with flips=1": "Recipe has no field 'flips'; the nearest fields are 'flip'",
    "train densenetbc40_k12 --data digits --with flip": "--with is 'flip', but must be a field and a value",
    "train densenetbc40_k12 --data digits --epochs 0": "epochs is 0, but must be an integer from 1",
    "train densenetbc40_k12 --data digits --epochs many": "epochs is 'many'",
    "train densenetbc40_k12 --data digits --batch-size none": "batch_size is None",
    "train densenetbc40_k12 --data digits --precision float8": "precision is 'float8', but must be one of",
    "train densenetbc40_k12 --data digits --set growth=4": "DenseNetConfig has no field 'growth'",
    "train densenetbc40_k12 --data digits --name a/b": "name is 'a/b', but must be letters",
    "train densenetbc40_k12 --data digits --device tpu": "--device is 'tpu', but must be one of 'auto', 'cpu', 'cuda'",
    "train densenetbc40_k12 --data digits --with freeze=7": "freeze is 7, but must be at most 6, up to 'dense block 3'",
    "train densenetbc40_k12 --data digits --workers many": "--workers is 'many'",
    "train no.json --data digits": "The design 'no.json' cannot be read",
    "train --resume nothing": "There is no run 'nothing'; the nearest names are 'first'",
    "runs show nothing": "There is no run 'nothing'; the nearest names are 'first'",
    "runs compare first nothing": "There is no run 'nothing'",
    "runs rename first a/b": "name is 'a/b'",
    "runs rename first first": "There is already a run 'first'",
    "runs export first x.txt": "must end in .safetensors, .onnx, .csv or .json",
    "runs frobnicate": "No such command 'frobnicate'",
    "runs delete nothing": "There is no run 'nothing'",
}


@pytest.mark.parametrize("line", BAD_INPUT)
def test_bad_input_is_one_line(line, folder, capsys):
    assert run(line) == 2
    error = capsys.readouterr().err
    assert BAD_INPUT[line] in error
    assert error.count("\n") == 1


def test_no_gpu_is_one_line(folder, capsys, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert run(f"train {TINY} --device cuda") == 2
    assert "PyTorch finds no GPU here" in capsys.readouterr().err


def test_ctrl_c_stops_the_run_and_says_how_to_go_on(folder, capsys, monkeypatch):
    import training.engine.loop

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training.engine.loop, "fit", interrupted)
        assert run(f"train {TINY} --name second") == 130
    assert get_run("second").state == "stopped"
    assert "train --resume second` goes on" in capsys.readouterr().err
    assert run("runs rename second third") == 0
    assert run("runs delete third") == 0
    assert str(folder) in capsys.readouterr().out
    assert list_runs() == ["first"]
    assert run("runs show third") == 2


def test_tables_of_a_run_and_of_several(folder, capsys):
    assert run("runs show first") == 0
    shown = capsys.readouterr().out
    assert "finished, 1/1 epochs" in shown
    assert "Recipe digits (epochs=1, batch_size=256): DenseScope" in shown
    [epoch] = rows(capsys, "runs show first")
    assert float(epoch["test_accuracy"]) == get_run("first").accuracy
    assert run("runs compare first first") == 0
    assert "Their recipes are the same." in capsys.readouterr().out


@pytest.mark.parametrize("ending", ["csv", "json", "safetensors"])
def test_a_run_is_exported_by_the_ending_of_the_file(ending, folder, tmp_path, capsys):
    file = tmp_path / f"first.{ending}"
    assert run(f"runs export first {file}") == 0
    if ending == "json":
        logged = get_run("first").log()
        assert [row["step"] for row in json.loads(file.read_text())] == [row["step"] for row in logged]
    if ending == "safetensors":
        from safetensors.torch import load_file

        assert {name: tensor.tolist() for name, tensor in load_file(file).items()} == {
            name: tensor.tolist() for name, tensor in load_file(get_run("first").weights).items()
        }


def test_what_it_will_take_is_said_and_kept_before_it_begins(folder, capsys):
    found = forecast_of(get_run("first"))
    assert (found.epochs, found.steps, found.batch_size) == (1, 6, 256)
    assert found.measured_steps
    [row] = rows(capsys, f"train {TINY} --forecast")
    assert float(row["total_seconds"]) > 0
    assert run(f"train {TINY} --predict-for 'RTX 4090'") == 0
    said = capsys.readouterr().out
    assert said.startswith("On RTX 4090: A step holds ")
    assert "is predicted to take" in said
    assert list_runs() == ["first"]


@pytest.mark.parametrize("told", [{"step_seconds": 10.0}, {"step_bytes": 2, "free_bytes": 1}])
def test_long_trainings_and_those_that_do_not_fit_need_a_yes(told, folder, capsys, monkeypatch):
    import commands.train

    found = Forecast(epochs=100, steps=10, batch_size=256, **told)
    monkeypatch.setattr(commands.train, "forecast", lambda *_, **__: found)
    assert run(f"train {TINY} --name long") == 2
    assert capsys.readouterr().err.endswith("error: Nothing has begun: say --yes to train it all the same.\n")
    assert list_runs() == ["first"]
    assert run(f"train {TINY} --name long --yes") == 0
    assert run("runs delete long") == 0


def test_what_a_run_begins_with_is_said_and_what_does_not_fit_is_one_line(folder, capsys):
    small = TINY.replace("growth_rate=4", "growth_rate=6")
    assert run(f"train {small} --weights run:first") == 2
    assert "error: run:first does not fit this DenseNet" in capsys.readouterr().err
    assert run(f"train {TINY} --weights run:nothing") == 2
    assert list_runs() == ["first"]
    assert run(f"train {TINY} --weights run:first --with freeze=2 --with head_lr=10 --name tuned") == 0
    said = capsys.readouterr().err
    assert "tensors loaded from run:first" in said
    assert "Warning" not in said
    assert rows(capsys, "runs")[0]["weights"] == "run:first"
    from safetensors.torch import load_file

    before, after = (load_file(get_run(name).weights) for name in ("first", "tuned"))
    kept = {key for key in before if torch.equal(before[key], after[key])}
    frozen = {key for key in before if key.startswith(("features.conv0", "features.norm0", "features.denseblock1"))}
    assert frozen
    assert kept == frozen
    assert run("runs delete tuned") == 0


def test_a_recipe_for_other_data_says_what_is_adapted(folder, capsys, monkeypatch):
    line = TINY.replace("--recipe digits", "--recipe densenet-cifar --with validation=1200")
    assert run(f"train {line} --name other") == 0
    assert (
        "made for cifar10, is followed as it is; the network gets the 10 classes of digits" in capsys.readouterr().err
    )
    assert run("runs delete other") == 0


def test_a_run_that_another_process_trains_is_left_alone(folder, capsys):
    with get_run("first").taken():
        assert run("runs delete first") == 2
        assert run("runs rename first second") == 2
    said = capsys.readouterr().err
    assert said.count("The run 'first' is being trained: stop it first.") == 2


@pytest.mark.parametrize(
    ("wished", "name"),
    [
        ("densenet40_k12 (block_config=(1, 1))-digits", "densenet40_k12-block_config-1-1-digits"),
        ("first", "first-2"),
        ("…", "run"),
    ],
)
def test_names_are_made_of_what_is_trained(wished, name, folder):
    assert free_name(wished) == name


def test_a_damaged_run_does_not_hide_the_others(folder, capsys):
    damaged = folder / "runs" / "damaged"
    damaged.mkdir()
    (damaged / "run.json").write_text("{}")
    assert [row["name"] for row in rows(capsys, "runs")] == ["first"]
    assert run("runs") == 0
    assert "damaged" in capsys.readouterr().err
    (damaged / "run.json").unlink()
