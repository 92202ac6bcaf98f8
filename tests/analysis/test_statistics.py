"""The Pareto front: against the definition, pair by pair."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analysis.statistics import front_comparisons, pareto_mask

TABLES = hnp.arrays(float, st.tuples(st.integers(1, 25), st.integers(1, 4)), elements=st.integers(0, 5).map(float))


def beats(a, b, signs):
    return bool((a * signs <= b * signs).all() and (a * signs < b * signs).any())


@given(TABLES, st.data())
def test_the_front_is_what_no_row_beats(table, data):
    maximize = data.draw(st.none() | st.lists(st.booleans(), min_size=table.shape[1], max_size=table.shape[1]))
    signs = np.where(maximize or [False] * table.shape[1], -1, 1)
    expected = [not any(beats(other, row, signs) for other in table) for row in table]
    before = table.copy()
    assert pareto_mask(table, maximize).tolist() == expected
    assert (table == before).all()


@pytest.mark.parametrize("columns", [2, 3, 6])
def test_large_tables_agree_with_a_scan(columns):
    table = np.random.default_rng(0).random((3000, columns))
    front = table[pareto_mask(table)]
    assert all(not ((front <= row).all(axis=1) & (front < row).any(axis=1)).any() for row in front)
    beaten = table[~pareto_mask(table)]
    assert all(((front <= row).all(axis=1)).any() for row in beaten)


@pytest.mark.parametrize("columns", [1, 2, 3, 6])
def test_comparisons_are_known_before_they_are_made(columns):
    """At most so many: with what is left after each row of the front, the first column's order not counted."""
    table = np.random.default_rng(1).random((3000, columns))
    front = int(pareto_mask(table).sum())
    assert front_comparisons(table) >= columns * max(len(table), front * (front - 1) // 2)
    assert front_comparisons(np.zeros((0, columns))) == 0


def test_no_rows_have_an_empty_front():
    assert pareto_mask([]).tolist() == []
