"""docs/memory.md: its counted table is that of the code."""

from scripts.memory_tables import DOCUMENT, with_tables


def test_the_table_is_that_of_the_code():
    text = DOCUMENT.read_text(encoding="utf-8")
    assert with_tables(text) == text, "run `python -m scripts.memory_tables --write`"
