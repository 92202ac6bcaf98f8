"""What all tests share: who runs them in which order, and how many examples are drawn."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

pytest.register_assert_rewrite("tests.support.app", "tests.support.pages", "tests.support.weights")

settings.register_profile("densescope", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("densescope")

#: Registers itself when it is imported; only its own test does that, and takes it back.
collect_ignore = ["support/toy"]
#: The longest first, so that no worker waits for one at the end.
FIRST = (
    "tests/browser",
    "tests/analysis/memory/test_training.py",
    "tests/archs/test_recompute.py",
    "tests/views/test_design.py",
    "tests/archs/test_export.py",
    "tests/analysis/crosscheck",
    "tests/views",
    "tests/test_imports.py",
    "tests/test_toy_family.py",
    "tests/test_docs.py",
    "tests/analysis/test_targets.py",
    "tests/archs",
)


BROWSER = "tests/browser/"
#: The files in the browser from here on, in the alphabet, take as long as those before.
SECOND_HALF = f"{BROWSER}test_sharing.py"


class OneFileOneWorker(LoadScopeScheduling):
    """A file stays with one worker, and what it built once; two have a Chromium, and an app that it looks at, each."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return f"browser, half {1 + (file >= SECOND_HALF)}" if file.startswith(BROWSER) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneFileOneWorker:
    """xdist's own groups need a mark on each test, and are lost with pytest 9."""
    return OneFileOneWorker(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker waits for one at the end."""
    items.sort(
        key=lambda item: next((place for place, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))
    )


@pytest.fixture(autouse=True, scope="session")
def _leave_the_users_measurements_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or writes what the person who runs it has measured."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DENSESCOPE_DATA", str(tmp_path_factory.mktemp("data")))
        yield


#: Most of what tests make goes by itself; with Python's own 700 a tenth of their time is spent looking for the rest.
gc.set_threshold(50_000, 20, 50)

#: What runs the tests.
MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def _be_the_main_module() -> None:
    """An AppTest puts a page in its place, which processes that a later test starts would run."""
    sys.modules["__main__"] = MAIN


@pytest.fixture(autouse=True, scope="module")
def _spare_the_garbage_collector() -> Iterator[None]:
    """What a file leaves behind for good, such as torch's modules, is not looked through again and again."""
    yield
    gc.collect()
    gc.freeze()
