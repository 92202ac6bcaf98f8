"""Searches that are interrupted, killed and spread over a cluster: nothing is lost, nothing is computed again."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import distributed
import joblib
import pyarrow.parquet as pq
import pytest

import analysis
from analysis.search.quantities import PredictedSeconds, evaluation_key
from analysis.search.store import Store, StoreError, config_key
from archs import get_config
from archs.errors import ConfigError, MissingPackageError, UnknownOpError
from tests.support.project import ROOT
from tests.support.searching import SPACE, calls, run, value_of

KEYS = {config_key(SPACE.config_at(index)) for index in range(SPACE.size)}
BEST = max(value_of(SPACE.config_at(index)) for index in range(SPACE.size))
PATIENCE_SECONDS = 120


@pytest.fixture
def log(tmp_path):
    return tmp_path / "calls.txt"


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def kept(store: Path) -> set[str]:
    return set(Store(store).load("slow")) if store.exists() else set()


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


def assert_complete(found, store):
    assert kept(store) == KEYS
    assert found.front["slow"].tolist() == [BEST]
    values = {
        config_key(SPACE.config_at(i)): v for i, v in zip(found.feasible["index"], found.feasible["slow"], strict=True)
    }
    assert values == Store(store).load("slow")


def test_a_second_search_computes_nothing(log, store):
    run(log, store)
    found = run(log, store)
    assert calls(log) == dict.fromkeys(KEYS, 1)
    assert_complete(found, store)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_search_goes_on_from_what_it_kept(log, store, jobs):
    command = [sys.executable, "-m", "tests.support.searching", str(log), str(store), str(jobs)]
    search = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
    wait_until(lambda: len(kept(store)) >= 8)
    os.killpg(search.pid, signal.SIGKILL)  # its workers with it
    search.wait()
    before, done = kept(store), calls(log)
    assert 8 <= len(before) < len(KEYS)
    found = run(log, store)
    again = {key for key, count in calls(log).items() if count > 1}
    assert not again & before, "what was kept is computed again"
    assert again == set(done) - before, "only what was under way is computed again"
    assert_complete(found, store)


def test_an_interrupted_search_goes_on_from_what_it_kept(log, store):
    def stop(what, done, total):
        if what == "slow" and done >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(log, store, progress=stop)
    before = kept(store)
    assert 5 <= len(before) < len(KEYS)
    found = run(log, store)
    assert all(calls(log)[key] == 1 for key in before)
    assert_complete(found, store)


def test_an_exception_keeps_what_was_evaluated_before_it(store):
    def fragile(config):
        if config.growth_rate == 12:
            raise RuntimeError("out of order")
        return value_of(config)

    with pytest.raises(RuntimeError, match="out of order"):
        analysis.search(SPACE, None, "fragile", evaluators={"fragile": fragile}, store=store)
    assert 0 < len(Store(store).load("fragile")) < len(KEYS)


@pytest.mark.long
def test_a_dask_cluster_survives_the_loss_of_a_worker(log, store, tmp_path):
    killed = []

    def kill_one(what, done, total):
        if what == "slow" and 8 <= done < total and not killed:
            worker = int(log.read_text(encoding="utf-8").split()[0])
            assert worker != os.getpid()
            killed.append(worker)
            os.kill(worker, signal.SIGKILL)

    options = {"processes": True, "dashboard_address": None, "local_directory": str(tmp_path)}
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        found = run(log, store, progress=kill_one)
    assert killed
    workers = {int(line.split()[0]) for line in log.read_text(encoding="utf-8").splitlines()}
    assert len(workers) >= 2
    assert os.getpid() not in workers
    assert_complete(found, store)


def test_processes_share_the_work(log, store):
    found = run(log, store, jobs=2)
    assert calls(log) == dict.fromkeys(KEYS, 1)
    assert_complete(found, store)


def test_values_are_kept_by_everything_that_they_depend_on(store):
    space = analysis.Space("densenetbc100_k12", {"growth_rate": (4, 6)})
    seconds = [PredictedSeconds("RTX 4090", 256), PredictedSeconds("RTX 4090", 64), PredictedSeconds("RTX 3090", 256)]
    found = [
        analysis.search(space, None, "predicted_seconds", evaluators={"predicted_seconds": each}, store=store)
        for each in (*seconds, *seconds)
    ]
    times = [one.feasible["predicted_seconds"].tolist() for one in found]
    assert times[:3] == times[3:]
    assert len(set(map(tuple, times))) == 3
    names = {name for part in store.glob("*.parquet") for name in pq.read_table(part)["quantity"].to_pylist()}
    assert names == {evaluation_key("predicted_seconds", each) for each in seconds}


def test_keys_tell_configs_apart():
    configs = [get_config("densenet121"), get_config("densenet121", num_classes=10), get_config("vovnet39")]
    assert len({config_key(config) for config in configs}) == 3
    assert config_key(configs[0]) == config_key(get_config("densenet121", image_size=(224, 224)))


def test_unfinished_parts_are_no_parts_and_damaged_ones_are_named(store):
    Store(store).append("slow", ["a"], [1.0])
    (store / ".part-9.parquet.unfinished").write_bytes(b"PAR1")
    assert Store(store).load("slow") == {"a": 1.0}
    (store / "part-9.parquet").write_bytes(b"PAR1 cut off")
    opened = Store(store)
    assert opened.load("slow") == {"a": 1.0}
    assert opened.set_aside == ["part-9.parquet.damaged"]
    assert (store / "part-9.parquet.damaged").read_bytes() == b"PAR1 cut off"
    (store / "part-8.parquet").mkdir()
    with pytest.raises(StoreError, match=r"part-8\.parquet' cannot be read: it is a folder\."):
        Store(store).load("slow")
    with pytest.raises(StoreError, match="Cannot keep values in"):
        Store(store / "part-9.parquet.damaged")


def test_no_flipped_bit_changes_a_value(store):
    """Whichever it is, the part is set aside: never another value, never a foreign error."""
    Store(store).append("slow", ["a", "b"], [1.0, 2.0])
    [part] = store.iterdir()
    sound = part.read_bytes()
    for place in range(0, 8 * len(sound), 89):
        content = bytearray(sound)
        content[place // 8] ^= 1 << place % 8
        part.write_bytes(content)
        opened = Store(store)
        assert opened.load("slow") == {}
        (store / opened.set_aside[0]).unlink()


def test_parts_without_a_checksum_are_read(store):
    Store(store).append("slow", ["a"], [1.0])
    [part] = store.iterdir()
    part.rename(store / "part-1700000000000000000-0123abcd.parquet")
    assert Store(store).load("slow") == {"a": 1.0}


def test_what_a_damaged_part_held_is_computed_again_and_said(log, store):
    run(log, store)
    part = min(store.iterdir())
    part.write_bytes(part.read_bytes()[:-9] + bytes(9))
    found = run(log, store)
    assert found.set_aside == (f"{part.name}.damaged",)
    assert f"Damaged, set aside and computed again: {part.name}.damaged." in found.finding()
    assert set(calls(log).values()) == {1, 2}
    assert_complete(found, store)


@pytest.mark.parametrize(
    "error", [ConfigError("limit", 0, "more"), MissingPackageError("This", "that"), UnknownOpError("lstm", "rnn")]
)
def test_errors_travel_between_processes(error):
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert (str(copy), vars(copy)) == (str(error), vars(error))
