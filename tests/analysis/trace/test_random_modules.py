"""Random small modules: every figure is PyTorch's own or refused in a sentence, and the module stays as it was."""

import pytest

from tests.support.exhaustive import EXHAUSTIVE
from tests.support.random_modules import program
from tests.support.truth import judge


@pytest.mark.parametrize("first_seed", range(0, 2000 if EXHAUSTIVE else 40, 20))
def test_no_figure_is_wrong(first_seed):
    for seed in range(first_seed, first_seed + 20):
        drawn = program(seed)
        wrong = {figure: said for figure, (outcome, said) in judge(drawn).items() if outcome == "wrong"}
        assert not wrong, f"{wrong}\n{drawn}"
