"""The results store: nothing is lost between two processes, by a crash, or to a file that cannot be understood."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.hardware.measure.results import SCHEMA, CorruptResultsError, Results, ResultsError, encode
from cli import main
from tests.support.measurements import measurement
from tests.support.project import ROOT

#: Adds measurements one by one, as fast as it can.
WRITER = """
import sys
from pathlib import Path
from tests.support.measurements import measurement
from analysis.hardware.measure.results import Results
for number in range(int(sys.argv[2])):
    Results(Path(sys.argv[1])).add([measurement(f"{sys.argv[3]} {number}")])
    print(number, flush=True)
"""


def start_writer(folder: Path, count: int, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(count), name]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def store(tmp_path):
    return Results(tmp_path / "data")


def test_a_new_store_is_empty_and_reading_writes_nothing(store):
    assert store.all() == []
    assert not store.path.parent.exists()


def test_measurements_come_back_as_they_were_and_in_order(store):
    first, second = measurement("a"), measurement("b")
    assert store.add([first]) == 1
    assert store.add([second, first]) == 1
    assert store.all() == [first, second]


def test_deleting_forgets_all_that_are_named_or_none(store):
    first, second, third = (measurement(name) for name in "abc")
    store.add([first, second, third])
    store.delete([first.id, third.id])
    assert store.all() == [second]
    with pytest.raises(ResultsError, match=rf"There is no measurement 'x'; the nearest ids are '{second.id}'\."):
        store.delete([second.id, "x"])
    assert store.all() == [second]


def test_export_and_import_are_a_round_trip(store, tmp_path):
    kept = [measurement("a"), measurement("b")]
    store.add(kept)
    assert store.export(tmp_path / "file.json") == 2
    elsewhere = Results(tmp_path / "elsewhere")
    elsewhere.add(kept[:1])
    assert elsewhere.import_from(tmp_path / "file.json") == 1
    assert elsewhere.import_from(tmp_path / "file.json") == 0
    assert elsewhere.all() == kept


def test_the_folder_is_the_users_unless_the_environment_names_one(monkeypatch, tmp_path):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    assert Results().path == tmp_path / "results.json"
    monkeypatch.delenv("DENSESCOPE_DATA")
    assert Results().path.parent.name == "densescope"


def test_two_processes_lose_nothing(tmp_path):
    writers = [start_writer(tmp_path, 20, name) for name in ("a", "b")]
    for writer in writers:
        writer.communicate(timeout=120)
    assert [writer.returncode for writer in writers] == [0, 0]
    names = {found.name for found in Results(tmp_path).all()}
    assert names == {f"{name} {number}" for name in ("a", "b") for number in range(20)}


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_kill_at_any_time_leaves_a_valid_file(tmp_path):
    for attempt in range(3):
        writer = start_writer(tmp_path, 10_000, "killed")
        assert writer.stdout
        finished = [writer.stdout.readline() for _ in range(5)]
        time.sleep(0.003 * attempt)
        writer.send_signal(signal.SIGKILL)
        finished += writer.communicate(timeout=60)[0].split()
        assert len(Results(tmp_path).all()) >= len(finished)
        Results(tmp_path).delete(found.id for found in Results(tmp_path).all())


def test_a_write_that_stops_halfway_leaves_the_old_file(store, monkeypatch):
    store.add([measurement("old")])
    monkeypatch.setattr("os.fsync", lambda _file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(ResultsError, match=r"^Cannot write to '.*results.json': No space left on device\.$"):
        store.add([measurement("new")])
    monkeypatch.undo()
    assert [found.name for found in store.all()] == ["old"]
    assert store.add([measurement("new")]) == 1


CORRUPT = {
    "empty": b"",
    "cut": encode([measurement()]).encode()[:-40],
    "not text": b"\xff\xfe\x00",
    "not an object": b"[1, 2]",
    "no schema": b'{"measurements": []}',
    "schema of words": b'{"schema": "x", "measurements": []}',
    "no list": f'{{"schema": {SCHEMA}, "measurements": 7}}'.encode(),
    "deep": b"[" * 100_000,
}
#: What stands in one record, and what in its place makes it none.
DAMAGE = {
    "time that is negative": ("0.25", "-0.25"),
    "time that is no number": ("0.25", "NaN"),
    "time that no clock tells": ("0.25", "5e-324"),
    "name that is no text": ('"densenet121"', "7"),
    "unknown precision": ('"float32"', '"float3"'),
    "no image size": ("[224, 224]", "null"),
    "sides that are words": ("[224, 224]", '["224", "224"]'),
    "energy of a star": ("1.5", "1e308"),
    "energy of 401 digits": ("1.5", "1" + 400 * "0"),
    "more than all processors": ('"others_share": null', '"others_share": 1.5'),
    "nested device": ('"cpu"', 400 * "[" + 400 * "]"),
    "no machine": ('"Some processor"', '{"name": "x"}'),
    "unknown field": ('"threads"', '"thread"'),
    "date of no calendar": ('"date": "20', '"date": "9920-13-41 '),
}


@pytest.mark.parametrize("kind", CORRUPT)
def test_a_corrupt_store_is_set_aside_and_reported_once(kind, store):
    store.path.parent.mkdir()
    store.path.write_bytes(CORRUPT[kind])
    with pytest.raises(CorruptResultsError) as error:
        store.all()
    [aside] = store.path.parent.glob("results.json.corrupt-*")
    assert aside.name in str(error.value)
    assert aside.read_bytes() == CORRUPT[kind]
    assert store.all() == []


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_bad_measurement_is_set_aside_alone(kind, store, tmp_path):
    """It is told once, and neither the others nor an import's receiver suffer."""
    first, last = measurement("a"), measurement("b")
    bad = encode([measurement()]).replace(*DAMAGE[kind])
    lines = [encode([one]).splitlines()[1] for one in (first, last)]
    content = f'{{"schema": {SCHEMA}, "measurements": [{lines[0]}, {bad.splitlines()[1]}, {lines[1]}]}}'.encode()
    assert bad != encode([measurement()])
    (tmp_path / "import.json").write_bytes(content)
    with pytest.raises(CorruptResultsError, match=r"is damaged: in measurement 2, .{5,400}\.$"):
        store.import_from(tmp_path / "import.json")
    assert store.all() == []
    store.path.parent.mkdir()
    store.path.write_bytes(content)
    with pytest.raises(CorruptResultsError, match=r"corrupt-[-0-9]+'; all others are kept, 2\.$"):
        store.all()
    [aside] = store.path.parent.glob("results.json.corrupt-*")
    assert aside.read_bytes() == content
    assert store.all() == [first, last]


def test_what_an_older_program_wrote_is_read(store):
    one = measurement()
    older = encode([one]).replace(f'"schema": {SCHEMA}', '"schema": 1').replace(', "others_share": null', "")
    assert "others_share" not in older
    store.path.parent.mkdir()
    store.path.write_text(older)
    assert store.all() == [one]


def test_what_was_read_is_read_again_only_when_it_has_changed(store, monkeypatch):
    store.add([measurement("a")])
    [first], before = store.all(), store.version
    monkeypatch.setattr("analysis.hardware.measure.results.decode", lambda *_: pytest.fail("it is read again"))
    store.all().clear()
    assert store.all() == [first]
    monkeypatch.undo()
    Results(store.path.parent).add([measurement("b")])
    assert store.version != before
    assert [one.name for one in store.all()] == ["a", "b"]


def test_what_cannot_be_kept_is_said_in_a_sentence(store, monkeypatch):
    assert store.keep(measurement()) == ""
    monkeypatch.setattr("os.fsync", lambda _file: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    told = store.keep(measurement("other"))
    assert told.startswith("What was measured is not kept. Cannot write to '")
    assert told.endswith("results.json': Read-only file system.")


def test_one_id_comes_once(store):
    one = measurement()
    assert store.add([one, one]) == 1
    assert store.all() == [one]


def test_adding_to_a_corrupt_store_does_not_overwrite_it(store):
    store.path.parent.mkdir()
    for content in (b"first", b"second"):
        store.path.write_bytes(content)
        with pytest.raises(CorruptResultsError):
            store.add([measurement()])
    kept = sorted(path.read_bytes() for path in store.path.parent.glob("results.json.corrupt-*"))
    assert kept == [b"first", b"second"]
    assert store.add([measurement()]) == 1


def test_a_store_of_another_schema_is_left_alone(store):
    store.path.parent.mkdir()
    content = json.dumps({"schema": SCHEMA + 1, "measurements": "whatever"})
    store.path.write_text(content)
    for attempt in (store.all, lambda: store.add([measurement()]), lambda: store.delete([])):
        with pytest.raises(ResultsError, match=f"has schema {SCHEMA + 1} of another DenseScope; this one reads"):
            attempt()
    assert store.path.read_text() == content


@pytest.mark.parametrize("kind", CORRUPT)
def test_a_bad_import_changes_nothing(kind, store, tmp_path):
    store.add([measurement()])
    before = store.path.read_bytes()
    file = tmp_path / "import.json"
    file.write_bytes(CORRUPT[kind])
    with pytest.raises(ResultsError, match=r"does not hold results of DenseScope, or is damaged\.$"):
        store.import_from(file)
    assert store.path.read_bytes() == before
    assert file.read_bytes() == CORRUPT[kind]


@pytest.mark.parametrize("path", ["", "nothing.json"])
def test_an_import_that_cannot_be_read_is_one_sentence(path, store, tmp_path):
    with pytest.raises(ResultsError, match=r"^Cannot read '.*': .*\.$"):
        store.import_from(tmp_path / path)


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ResultsError, match=r"^Cannot write to '.*': "):
        Results(tmp_path / "file").add([measurement()])


def test_a_store_that_is_locked_for_too_long_is_one_sentence(store, monkeypatch):
    filelock = pytest.importorskip("filelock")
    monkeypatch.setattr("analysis.hardware.measure.results.LOCK_SECONDS", 0.05)
    store.path.parent.mkdir()
    with filelock.FileLock(f"{store.path}.lock"), pytest.raises(ResultsError, match="Another process has been writing"):
        store.add([measurement()])


def test_a_corrupt_store_is_one_line_before_anything_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DENSESCOPE_DATA", str(tmp_path))
    (tmp_path / "results.json").write_text("corrupt")
    assert main(["benchmark", "densenet121"]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert "does not hold results of DenseScope, or is damaged. The file is now 'results.json.corrupt-" in captured.err
