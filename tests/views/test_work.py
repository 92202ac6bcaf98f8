"""Heavy work runs beside the app: it answers, tells how far it is, and ends with its limits or with who asked."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from archs.errors import ConfigError
from views.work.process import WorkError, run


def doubled(number: int, before: Callable[[str], object] = str) -> int:
    print("what libraries say is no answer")
    before("half")
    return 2 * number


def refused(value: object) -> None:
    raise ConfigError("value", value, "another one")


def hungry() -> int:
    return len(bytearray(3 * 2**30))


def asleep() -> None:
    time.sleep(60)


def test_it_answers_and_tells() -> None:
    heard: list[str] = []
    assert run(doubled, 21, told="before", tell=heard.append) == 42
    assert set(heard) <= {"", "half"}
    with pytest.raises(ConfigError, match="value is 3, but must be another one"):
        run(refused, 3)


def test_it_ends_at_its_limits() -> None:
    with pytest.raises(WorkError, match="1 GiB of memory"):
        run(hungry, nbytes=2**30)
    with pytest.raises(WorkError, match="more than 1 s"):
        run(asleep, seconds=1)


def test_it_ends_when_nobody_waits_or_the_page_runs_again() -> None:
    with pytest.raises(WorkError, match="Nobody waits"):
        run(asleep, goes_on=lambda: False)

    def rerun(word: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(asleep, tell=rerun)
    assert run(doubled, 1) == 2  # its turn was given back
