"""The command line: its output to the letter, its exit status, and one clear line for every bad input."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from analysis import summarize
from archs import list_archs
from archs.checks import parse_image_size
from archs.config import declared
from archs.registry import get_config, list_families
from cli import main
from commands.options import parse_value
from tests.support.exhaustive import OF_EACH_FAMILY, representatives
from tests.support.project import ROOT

GOLDEN = ROOT / "tests" / "golden"
ANSI_ESCAPE = "\x1b"

#: Set DENSESCOPE_UPDATE_GOLDEN=1 to rewrite the files, and read the difference.
GOLDEN_COMMANDS = {
    "list_densenet.txt": "list --family densenet",
    "list_vovnet.csv": "list --family vovnet --format csv",
    "list_peleenet.tex": "list pele* --format latex",
    "summary_densenet121.txt": "summary densenet121",
    "summary_densenetbc100_k12_layers.txt": "summary densenetbc100_k12 --layers",
    "summary_ese_vovnet19b_dw.csv": "summary ese_vovnet19b_dw --image-size 192x256 --batch-size 4 --dtype bfloat16 "
    "--format csv",
    "compare.txt": "compare densenet121 peleenet vovnet39",
    "compare.md": "compare densenet121 peleenet vovnet39 --image-size 192x256 --format markdown",
    "compare.json": "compare densenet121 densenet169 --set growth_rate=24 --set bn_size=none --format json",
    "depth_densenet264.txt": "depth densenet264",
    "depth_densenet264.json": "depth densenet264 --format json",
}

BAD_INPUT = {
    "": "Missing command",
    "frobnicate": "No such command 'frobnicate'",
    "list --colour": "No such option: --colour",
    "list nothing*": "There is no architecture 'nothing*'",
    "list --family resnet": "family is 'resnet', but must be one of 'densenet', ",
    "list --image-size 12": "densenet121: image_size is 12",
    "summary": "Missing argument 'NAME'",
    "summary densnet121": "nearest names are 'densenet121', 'densenet201', 'densenet161'",
    "summary densenet121 densenet169": "unexpected extra argument",
    "summary densenet121 --image-size": "Option '--image-size' requires an argument",
    "summary densenet121 --image-size big": "image_size is 'big', but must be 'own'",
    "summary densenet121 --image-size 1x2x3": "image_size is '1x2x3'",
    "summary densenet121 --image-size 224.5": "image_size is '224.5'",
    "summary densenet121 --image-size 0": "image_size is 0",
    "summary densenet121 --image-size -5": "image_size is -5",
    "summary densenet121 --image-size 99999999": "image_size is 99999999",
    "summary densenet121 --image-size 8": "the nearest is 29",
    "summary densenet121 --batch-size 0": "batch_size is 0, but must be an integer from 1 to 65536",
    "summary densenet121 --batch-size 1.5": "batch_size is 1.5",
    "summary densenet121 --batch-size many": "batch_size is 'many'",
    "summary densenet121 --dtype float8": "dtype is 'float8', but must be one of 'float64'",
    "summary densenet121 --format xml": "format is 'xml', but must be one of 'table'",
    "summary densenet121 --output /no/such/place": "Cannot write to '/no/such/place': No such file or directory",
    "summary densenet121 --output /": "Cannot write to '/': Is a directory",
    "summary densenet121 --set growth_rate": "--set is 'growth_rate', but must be a field and a value",
    "summary densenet121 --set =24": "--set is '=24'",
    "summary densenet121 --set growth_rat=24": "DenseNetConfig has no field 'growth_rat'; the nearest fields are",
    "summary densenet121 --set target=24": "DenseNetConfig has no field 'target'",
    "summary densenet121 --set growth_rate=0": "growth_rate is 0",
    "summary densenet121 --set growth_rate={1:2}": "growth_rate is '{1:2}'",
    "summary densenet121 --set compression=1.5": "compression is 1.5, but must be a number in (0, 1]",
    "summary densenet121 --set block_config=": "block_config is ''",
    "summary peleenet --set growth_rate=31": "growth_rate is 31, but must be even",
    "compare": "Missing argument 'NAME...'",
    "compare densenet121 nothing": "There is no architecture 'nothing'",
    "compare densenet121 peleenet --set bn_size=2": "PeleeNetConfig has no field 'bn_size'",
    "depth": "Missing argument 'NAME'",
    "depth densenet121 --format yaml": "format is 'yaml'",
}


def run_in_process(command: str, stdout=subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "cli.py", *command.split()],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        timeout=60,
    )


@pytest.mark.parametrize("file_name", GOLDEN_COMMANDS)
def test_output_is_the_golden_file(file_name, capsys):
    assert main(GOLDEN_COMMANDS[file_name].split()) == 0
    captured = capsys.readouterr()
    golden = GOLDEN / file_name
    if os.environ.get("DENSESCOPE_UPDATE_GOLDEN"):
        golden.write_text(captured.out, encoding="utf-8")
    assert captured.out == golden.read_text(encoding="utf-8")
    assert not captured.err


@pytest.mark.parametrize("command", BAD_INPUT)
def test_bad_input_is_one_line_and_status_2(command, capsys):
    assert main(command.split()) == 2
    captured = capsys.readouterr()
    assert not captured.out
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    assert BAD_INPUT[command] in captured.err


@pytest.mark.parametrize("command", ["", "summary densnet121", "summary densenet121 --output /no/such/place"])
def test_bad_input_in_a_process_of_its_own(command):
    finished = run_in_process(command)
    assert (finished.returncode, finished.stdout) == (2, "")
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["--help", "list --help", "summary --help", "compare --help", "depth --help"])
def test_help(command, capsys):
    assert main(command.split()) == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize("name", representatives(OF_EACH_FAMILY, list_archs()))
def test_every_command_takes_every_network(name, capsys):
    assert main(["summary", name]) == 0
    assert main(["compare", name, "--format", "csv"]) == 0
    assert main(["depth", name]) == 0
    assert main(["list", name]) == 0
    assert not capsys.readouterr().err


@pytest.mark.parametrize("name", representatives(["densenet_d2l", "peleenet", "ese_vovnet19b_slim_dw"], list_archs()))
def test_layers_of_every_network(name, capsys):
    assert main(["summary", name, "--layers"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) > len(summarize(name, image_size=None).layers)
    assert not captured.err


def test_pipes_get_no_colour_and_whole_lines():
    finished = run_in_process("summary densenet121 --layers", TERM="xterm-256color", COLUMNS="40")
    assert ANSI_ESCAPE not in finished.stdout
    assert "…" not in finished.stdout
    assert "features.denseblock4.denselayer16.concat" in finished.stdout


def test_terminals_get_colour():
    pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")
    reader, writer = pty.openpty()
    finished = run_in_process("summary densenet121", stdout=writer, TERM="xterm-256color")
    os.close(writer)
    assert finished.returncode == 0
    assert ANSI_ESCAPE.encode() in os.read(reader, 10_000)
    os.close(reader)


def test_machine_formats_give_every_layer_and_raw_numbers(capsys):
    assert main(["summary", "densenet121", "--format", "json"]) == 0
    layers = json.loads(capsys.readouterr().out)
    assert sum(layer["params"] for layer in layers) == 7_978_856
    assert sum(layer["macs"] for layer in layers) == 2_834_161_664


def test_output_writes_the_file_and_its_ending_sets_the_format(tmp_path, capsys):
    for ending, start in (
        ("csv", "name,family,"),
        ("json", "[\n"),
        ("md", "| Name"),
        ("tex", r"\begin"),
        ("txt", "batch"),
    ):
        path = tmp_path / f"networks.{ending}"
        assert main(["compare", "densenet121", "peleenet", "--output", str(path)]) == 0
        assert path.read_text(encoding="utf-8").startswith(start)
    assert capsys.readouterr().out == ""
    with (tmp_path / "networks.csv").open(encoding="utf-8") as file:
        assert [row["params"] for row in csv.DictReader(file)] == ["7978856", "2802248"]


def test_an_explicit_format_beats_the_ending(tmp_path):
    path = tmp_path / "networks.csv"
    assert main(["compare", "densenet121", "--format", "json", "--output", str(path)]) == 0
    assert json.loads(path.read_text(encoding="utf-8"))[0]["name"] == "densenet121"


def test_bad_input_leaves_an_existing_file_alone(tmp_path, capsys):
    path = tmp_path / "precious.csv"
    path.write_text("precious")
    assert main(["compare", "densenet121", "nothing", "--output", str(path)]) == 2
    assert path.read_text() == "precious"
    assert capsys.readouterr().err.count("\n") == 1


def test_a_closed_pipe_ends_quietly():
    command = f"{sys.executable} cli.py summary densenet121 --layers | head -n 1"
    finished = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert (finished.stdout, finished.stderr) == ("densenet121\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        finished = run_in_process("list", stdout=full)
    assert (finished.returncode, finished.stderr) == (2, "error: Cannot write the output: No space left on device.\n")


def test_an_encoding_without_the_characters_is_one_line():
    finished = run_in_process("depth densenet121", PYTHONIOENCODING="ascii")
    assert finished.returncode == 2
    assert finished.stderr == "error: The encoding ascii cannot show '\\xd7'; set PYTHONIOENCODING=utf-8.\n"


def test_interruption_ends_quietly(monkeypatch, capsys):
    def interrupt(*_args, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("commands.options.summarize", interrupt)
    assert main(["summary", "densenet121"]) == 130
    assert capsys.readouterr().err == ""


#: Runs the command line, to which Ctrl-C comes so many seconds after its first line.
INTERRUPTED = """
import os, signal, sys, threading
sys.argv = ["cli.py", *sys.argv[2:]]
code = compile(open("cli.py").read(), "cli.py", "exec")
threading.Timer({delay}, os.kill, (os.getpid(), signal.SIGINT)).start()
exec(code, globals())
"""
COMMANDS = ("summary densenet121", "search --max-macs 2e9", "memory densenet121", "crosscheck peleenet")
DELAYS = [number / 20 for number in range(1, 41)]


@pytest.mark.parametrize("delay", representatives([0.05, 0.5], DELAYS))
@pytest.mark.parametrize("command", representatives(["search --max-macs 2e9"], COMMANDS))
def test_control_c_ends_quietly_whatever_runs(command, delay):
    """While it imports, computes, or ends: with 130 and nothing said, unless it was done before."""
    script = INTERRUPTED.format(delay=delay)
    finished = subprocess.run(
        [sys.executable, "-c", script, "", *command.split()], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert finished.stderr == ""
    assert finished.returncode == 130 or (finished.returncode == 0 and finished.stdout)


#: Runs the command line; a byte says that its first line comes next.
BEGUN = """
import os, sys
sys.argv = ["cli.py", *sys.argv[2:]]
code = compile(open("cli.py").read(), "cli.py", "exec")
os.write({pipe}, b"!")
exec(code, globals())
"""
#: Commands of every kind: that only look, compute for long, write, measure and train.
INTERRUPTIBLE = (
    *("list", "fields densenet121", "summary densenet121 --layers", "compare densenet121 vovnet39 --format csv"),
    *("depth densenet264", "parts retinanet/vovnet39", "table densenet121", "diff densenet121 densenet169"),
    *("chain vovnet39-ese", "memory densenet121 --mode training", "predict densenet121", "published accuracy"),
    *(
        "search --max-macs 2e9",
        "search --limit 2000 --minimize inference_bytes --minimize params",
        "crosscheck peleenet",
    ),
    *("export densenetbc40_k12 --torchscript {folder}/x.pt", "export peleenet --safetensors {folder}/x.safetensors"),
    *("optimize peleenet", "results", "runs", "validate"),
    *("train densenetbc40_k12 --data digits --recipe digits --yes", "detectors", "summary timm/resnet18", "--help"),
)


def interrupted(seed, folder):
    """Ctrl-C at a random moment of a random command: its status, and what it said."""
    random = Random(seed)
    command = random.choice(INTERRUPTIBLE).format(folder=folder)
    read, write = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", BEGUN.format(pipe=write), "", *command.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        pass_fds=[write],
        env={**os.environ, "DENSESCOPE_DATA": str(folder / "data")},
    )
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        pipe.read(1)
        time.sleep(random.choice([random.uniform(0, 0.1), random.uniform(0, 1), random.uniform(0, 6)]))
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=300)
    return command, process.returncode, *said


@pytest.mark.parametrize("seed", representatives([0], range(100)))
def test_control_c_at_a_random_moment(seed, tmp_path):
    """It ends with 130, unless it was done before; nobody sees where it was, and no file is left half."""
    command, status, _, said = interrupted(seed, tmp_path)
    assert status in (0, 130), command
    assert "Traceback" not in said, command
    assert "Exception ignored" not in said, command
    assert not [*tmp_path.glob(".*")], command


@pytest.mark.parametrize("command", ["--help", "list", "nothing"])
def test_closed_streams_end_quietly(command):
    finished = subprocess.run(
        f"{sys.executable} cli.py {command} >&- 2>&-", shell=True, capture_output=True, cwd=ROOT, timeout=60
    )
    assert finished.returncode == (2 if command == "nothing" else 0)


def test_help_ends_quietly_when_nobody_reads_on():
    command = f"{sys.executable} cli.py search --help | head -n 1"
    finished = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert finished.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch, capsys):
    path = tmp_path / "precious.csv"
    path.write_text("precious")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert main(["list", "--output", str(path)]) == 2
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("precious", [path])
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("24", 24),
        ("0.5", 0.5),
        ("true", True),
        ("False", False),
        ("none", None),
        ("6,12,24,16", (6, 12, 24, 16)),
        ("(6,)", (6,)),
        ("cifar", "cifar"),
        ("4is", "4is"),
        ("", ""),
        ("((((((((" * 1000, "((((((((" * 1000),
        ("9" * 5000, "9" * 5000),
        ("__import__('os')", "__import__('os')"),
    ],
)
def test_values(written, value):
    assert parse_value(written) == value


@pytest.mark.parametrize(
    ("written", "size"), [("224", 224), ("192x256", (192, 256)), ("192×256", (192, 256)), ("own", None)]
)
def test_image_sizes(written, size):
    assert parse_image_size(written) == size


@pytest.mark.parametrize("family", list_families())
def test_fields_are_what_set_changes(family, capsys):
    name = list_archs(family=family)[0]
    assert main(["fields", name, "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["field"] for row in rows] == list(declared(type(get_config(name))))
    for row in rows:
        assert get_config(name, **{row["field"]: parse_value(row["value"])}) == get_config(name)
    changes = [part for row in rows for part in ("--set", f"{row['field']}={row['value']}")]
    assert main(["summary", name, *changes]) == 0  # else it names the field that it does not take


def test_a_network_without_a_config_has_no_fields(capsys):
    assert main(["fields", "timm/resnet18"]) == 2
    assert "no fields to change" in capsys.readouterr().err
