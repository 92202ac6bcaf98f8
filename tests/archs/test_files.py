"""Files are written aside, where nobody can have put anything, and stand whole or not at all."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from time import time

import pytest

from archs import files
from tests.support.project import ROOT


@pytest.fixture(autouse=True)
def anew():
    files._clear.cache_clear()


def ended_process() -> int:
    """The number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left(folder: Path, name: str) -> Path:
    """A folder as a killed process leaves it."""
    made = folder / name
    made.mkdir()
    (made / "content").write_text("half")
    return made


def test_links_are_replaced_and_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("file", ".file.unfinished"):
        (tmp_path / name).symlink_to(victim)
    files.write(tmp_path / "file", b"new")
    assert ((tmp_path / "file").read_bytes(), (tmp_path / "file").is_symlink()) == (b"new", False)
    assert victim.read_text() == "mine"


def test_it_is_written_where_only_the_owner_can(tmp_path):
    before = os.umask(0o027)
    try:
        with files.replacing(tmp_path / "file") as aside:
            aside.write_text("new")
            assert aside.parent.stat().st_mode & 0o777 == 0o700
            assert aside.parent.parent == tmp_path
            assert not (tmp_path / "file").exists()
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert os.listdir(tmp_path) == ["file"]


def test_what_raises_leaves_all_as_it_was(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(UnicodeEncodeError), files.replacing(tmp_path / "file") as aside:
        aside.write_text("new \ud800", encoding="utf-8")
    assert (tmp_path / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_the_old_one_is_kept_under_another_name(tmp_path):
    for content in (b"1", b"2", b"3"):
        files.write(tmp_path / "file", content, keep=tmp_path / "before")
    assert [(tmp_path / name).read_bytes() for name in ("file", "before")] == [b"3", b"2"]


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path):
    here, dead, day = files._prefix(), ended_process(), time() - files.STALE_SECONDS - 60
    gone = [left(tmp_path, f"{here}{dead}-abcd_123{files.SUFFIX}")]
    stays = [
        left(tmp_path, f"{here}{os.getpid()}-abcd_123{files.SUFFIX}"),  # of a process that runs
        left(tmp_path, f".00000000-{dead}-abcd_123{files.SUFFIX}"),  # of another machine
        left(tmp_path, ".export-abcd_123"),
        left(tmp_path, f"{here}{dead}{files.SUFFIX}"),
        left(tmp_path, f"x{files.SUFFIX}"),
    ]
    for name in (f".00000001-{dead}-abcd_123{files.SUFFIX}", ".export-abcd_456"):
        gone.append(left(tmp_path, name))
        os.utime(gone[-1], (day, day))
    elsewhere = left(tmp_path, "mine")
    (tmp_path / f"{here}{dead}-link_123{files.SUFFIX}").symlink_to(elsewhere)
    (tmp_path / f"{here}{dead}-file_123{files.SUFFIX}").write_text("a file")
    files.write(tmp_path / "file", b"new")
    assert not any(path.exists() for path in gone)
    assert all((path / "content").read_text() == "half" for path in (*stays, elsewhere))
    assert (tmp_path / f"{here}{dead}-file_123{files.SUFFIX}").exists()


KILLED = """
import os, signal
from pathlib import Path
from archs import files
from tests.support.project import ROOT
with files.replacing(Path({path!r})) as aside:
    aside.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_the_old_file_and_the_next_one_clears(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([sys.executable, "-c", KILLED.format(path=str(path))], cwd=ROOT, check=True)
    assert path.read_text() == "old"
    assert len(os.listdir(tmp_path)) == 2
    files.write(path, b"new")
    assert os.listdir(tmp_path) == ["file"]


#: What reads a file, by the last word or words of the name that is called.
READERS = {
    *(
        "open",
        "read_text",
        "read_bytes",
        "read_csv",
        "read_table",
        "read_parquet",
        "load_file",
        "safe_open",
        "fromfile",
    ),
    *("json.load", "pickle.load", "tomllib.load", "torch.load", "jit.load", "np.load", "np.loadtxt", "ET.parse"),
}
#: Where they may be called beside `archs.files`: what is read is shipped or our own, or has been looked at.
ELSEWHERE = {
    "archs/export.py": "what was just written is read again",
    "archs/weights/files.py": "the size, and that it is a file, have been checked",
    "archs/weights/pickles.py": "as there; at most 2 MiB",
    "analysis/chains/records.py": "shipped",
    "analysis/facts.py": "shipped",
    "analysis/hardware/measure/neighbours.py": "/proc",
    "analysis/hardware/measure/processors.py": "/proc",
    "analysis/hardware/measure/schemes.py": "shipped",
    "analysis/hardware/predict/calibrated.py": "shipped",
    "analysis/hardware/predict/cpu_validation.py": "shipped",
    "analysis/hardware/predict/cpus.py": "shipped",
    "analysis/hardware/predict/step_calibrated.py": "shipped",
    "analysis/hardware/predict/timed_runs.py": "shipped",
    "analysis/search/evidence.py": "shipped",
    "analysis/search/store.py": "from memory",
    "commands/ending.py": "/dev/null",
    "detectors/weights.py": "the size, and that it is a file, have been checked",
    "training/data/decoded.py": "an image that is opened already",
    "training/data/digits.py": "shipped",
    "training/data/fetch.py": "written",
    "training/data/sets.py": "shipped",
    "training/engine/checkpoints.py": "from memory",
    "training/engine/predictions.py": "from memory",
    "training/published_curves.py": "shipped",
    "training/reuse.py": "shipped",
    "training/runs/launch.py": "written",
    "training/runs/log.py": "written",
}


def reads(path: Path) -> bool:
    """Whether a file of the project calls a reader."""
    called = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    names = [ast.unparse(function).rpartition("(")[2].split(".") for function in called]
    return any(name[-1] in READERS or ".".join(name[-2:]) in READERS for name in names)


def test_everything_that_is_read_has_a_limit():
    rooms = ("archs", "detectors", "analysis", "training", "commands")
    sources = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in sources if reads(path)} - {"archs/files.py"}
    assert found == set(ELSEWHERE)


@pytest.mark.parametrize("most", [3, 2**50])
def test_a_limit_takes_no_memory(most, tmp_path):
    (tmp_path / "short").write_bytes(b"abc")
    assert files.read(tmp_path / "short", most) == b"abc"
    (tmp_path / "long").write_bytes(b"abcd")
    with pytest.raises(OSError, match="it has 4 bytes, but at most 3 are read"):
        files.read(tmp_path / "long", 3)


def test_json_is_read_up_to_a_limit_and_a_depth(tmp_path):
    path = tmp_path / "file.json"
    path.write_text("[1]")
    assert files.read_json(path, 3) == [1]
    with pytest.raises(OSError, match="3 bytes, but at most 2 are read"):
        files.read_json(path, 2)
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deeply"):
        files.read_json(path, 10**6)
