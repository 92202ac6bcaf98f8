"""README.md: its Python runs, its tables are those of the code, its files exist, and published figures are met."""

import re
import shlex
from functools import partial

import pytest

import training
from archs import list_archs
from cli import main
from scripts.documents import (
    CLAIMS,
    MEMORY,
    TRAINING,
    claims,
    claims_parts,
    memory_parts,
    readme_parts,
    renewed,
    training_parts,
)
from scripts.documents import README as README_FILE
from tests.support.exhaustive import EXHAUSTIVE
from tests.support.project import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def test_python_runs_and_prints_what_its_comments_say(capsys):
    pytest.importorskip("torch", reason="the example builds a module")
    code = code_blocks("python")[0]
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("7978856 2834161664 459510848\n")
    assert printed.endswith("1 + 2×58 + 3 + 1 = 121\n")
    listed = re.search(r"list_archs\(\"densenet1\?1\"\)  # (.*)", code)
    assert listed[1] == str(list_archs("densenet1?1"))


def test_python_trains(tmp_path, monkeypatch, capsys):
    pytest.importorskip("accelerate")
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    monkeypatch.setattr(training, "train", partial(training.train, epochs=1))
    names = {}
    exec(compile(code_blocks("python")[1], "README.md", "exec"), names)
    assert f"\n{names['run'].accuracy}\n" in capsys.readouterr().out
    assert names["model"].config == names["run"].design.config


@pytest.mark.long
def test_command_lines_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    commands = [line for block in code_blocks("sh") for line in block.splitlines() if "cli.py" in line]
    assert len(commands) >= 4
    for command in commands:
        arguments = shlex.split(command, comments=True)[2:]
        if arguments[0] in ("crosscheck", "export", "validate") and not EXHAUSTIVE:
            continue  # they take seconds each, and tests of their own run them
        if arguments[0] == "train":
            if arguments[arguments.index("--data") + 1] != "digits":
                continue  # its images are not here
            arguments += ["--epochs", "1"]
        assert main(arguments) == 0, command
        # How epochs end, and what is left out of detectors.
        assert not capsys.readouterr().err or arguments[0] in ("train", "parts"), command


def test_tables_are_those_of_the_code():
    assert renewed(README_FILE, readme_parts()) == README, "run `python -m scripts.documents --write`"
    assert renewed(MEMORY, memory_parts()) == MEMORY.read_text(encoding="utf-8")
    assert renewed(CLAIMS, claims_parts()) == CLAIMS.read_text(encoding="utf-8")
    assert renewed(TRAINING, training_parts()) == TRAINING.read_text(encoding="utf-8")


def test_named_files_exist():
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    folders = re.findall(r"`([a-z_]+/)`", README)
    scripts = [f"{name.replace('.', '/')}.py" for name in re.findall(r"python -m ([\w.]+)", README) if name != "venv"]
    missing = [name for name in links + folders + scripts if not (ROOT / name).exists()]
    assert not missing


@pytest.mark.parametrize("claim", claims(), ids=lambda claim: f"{claim.name}-{claim.quantity}-{claim.published}")
def test_ours_rounds_to_what_is_published_unless_a_note_says_why_not(claim):
    assert claim.agrees or claim.note
    assert not (claim.agrees and claim.note), "the note explains a difference that is not there"
