"""What all tests share."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.support")

#: Registers itself when it is imported; only its own test does that, and takes it back.
collect_ignore = ["support/toy"]
