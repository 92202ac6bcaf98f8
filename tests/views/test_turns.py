"""Whoever has used little goes before those who used much, and nobody waits for those who do not give way."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from time import sleep, thread_time

import pytest

from archs.errors import ConfigError
from views.answers import kept
from views.work.process import UnwantedError
from views.work.turns import Turns


def compute(seconds: float) -> None:
    began = thread_time()
    while thread_time() < began + seconds:
        pass


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> Turns:
    monkeypatch.setattr("views.work.turns.SHORT_S", 0.02)
    monkeypatch.setattr("views.work.turns.FIRST_S", 0.0)
    monkeypatch.setattr("views.work.turns.PATIENCE_S", 20.0)
    return Turns()


def started(*deeds: Callable[[], None]) -> list[Thread]:
    threads = [Thread(target=deed) for deed in deeds]
    for each in threads:
        each.start()
    return threads


@pytest.mark.parametrize(
    ("given", "order"), [(10.0, ["short", "computes", "long"]), (0.0, ["computes", "short", "long"])]
)
def test_short_answers_go_before_long_ones_that_have_not_given_way_for_long(
    given: float, order: list[str], turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("views.work.turns.GIVEN_S", given)
    done, begun = [], Event()
    turns._remember("long", 1.0)

    def computes() -> None:
        with turns.turn("computes"):
            compute(0.05)
            begun.set()
            while len(turns._waiting) < 2:
                sleep(0.001)
            turns.give_way()
            done.append("computes")

    def asks(name: str) -> None:
        begun.wait()
        with turns.turn(name):
            done.append(name)

    threads = started(computes, lambda: asks("long"), lambda: asks("short"))
    for each in threads:
        each.join()
    assert done == order
    assert turns.idle_seconds() >= 0


def test_a_part_of_a_page_keeps_the_turn_of_its_page(turns: Turns) -> None:
    with turns.turn("one"):
        with turns.turn("one"):
            assert turns._at_work == 1
        assert turns._at_work == 1
    assert turns._at_work == 0


def test_nobody_waits_for_one_who_waits_or_does_not_give_way(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, over = Event(), Event()

    def waits() -> None:
        with turns.turn("one"), turns.pause():
            inside.set()
            over.wait()

    [one] = started(waits)
    inside.wait()
    with turns.turn("other"):  # at once: the other one has paused
        pass
    over.set()
    one.join()
    monkeypatch.setattr("views.work.turns.PATIENCE_S", 0.01)
    with turns.turn("one"):
        [other] = started(lambda: _takes(turns))
        other.join(10)
        assert not other.is_alive()


def _takes(turns: Turns) -> None:
    with turns.turn("other"):
        pass


def test_answers_and_failures_are_kept_but_not_what_was_ended() -> None:
    asked: list[object] = []

    @kept(2, beside=["before"])
    def answer(value: object, *, before: object = None) -> object:
        asked.append(value)
        if value == "ended":
            raise UnwantedError
        if value == "wrong":
            raise ConfigError("value", value, "another")
        return value

    for _ in range(2):
        assert answer([1], before=object()) == [1]
        with pytest.raises(ConfigError):
            answer("wrong")
    assert asked == [[1], "wrong"]
    for _ in range(2):
        with pytest.raises(UnwantedError):
            answer("ended")
    assert answer(1) == 1
    assert answer(True) is True  # another question
    assert answer([1]) == [1]  # the third answer back is forgotten
    assert asked == [[1], "wrong", "ended", "ended", 1, True, [1]]
