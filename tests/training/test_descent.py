"""What is said of the optimiser's terms is what the optimiser does."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from archs.errors import ConfigError
from training.descent import TERMS, formulas, valley, weight_path
from training.recipes import GROUPS, RECIPES, Recipe

SHARES = st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99])


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    """All combinations of terms that `torch.optim.SGD` takes."""
    momentum, dampening = draw(SHARES), draw(SHARES)
    nesterov = draw(st.booleans()) if momentum and not dampening else False
    return Recipe(
        data="",
        source="",
        lr=draw(st.floats(1e-3, 1)),
        momentum=momentum,
        dampening=dampening,
        nesterov=nesterov,
        weight_decay=draw(st.sampled_from([0.0, 1e-4, 0.1, 1.0])),
    )


@settings(max_examples=60)
@given(recipes(), st.lists(st.floats(-10, 10), min_size=1, max_size=3), st.floats(0.01, 2))
def test_a_path_is_that_of_torch_step_by_step(recipe: Recipe, start: list[float], curvature: float) -> None:
    path = weight_path(recipe, lambda weights: tuple(curvature * w / (1 + abs(w)) - 1 for w in weights), start, 12)
    weights = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD(
        [weights],
        lr=recipe.lr,
        momentum=recipe.momentum,
        dampening=recipe.dampening,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
    )
    for step in path:
        assert step.weights == pytest.approx(weights.tolist(), rel=1e-9, abs=1e-12)
        weights.grad = curvature * weights.detach() / (1 + weights.detach().abs()) - 1
        assert step.gradient == pytest.approx(weights.grad.tolist(), rel=1e-9, abs=1e-12)
        before = weights.detach().clone()
        optimizer.step()
        assert step.moved == pytest.approx((weights.detach() - before).tolist(), rel=1e-6, abs=1e-9)
    assert len(path) == 12


@given(recipes())
def test_the_written_formulas_are_those_of_the_path(recipe: Recipe) -> None:
    """Read as a program, they give the second and later steps; the first has no velocity to go on with."""
    path = weight_path(recipe, valley(recipe).gradient, (1.0,) * 2, 6)
    w, v = path[0].weights[0], None
    for step in path:
        names = {"w": w, "g": step.gradient[0], "v": v or 0.0}
        for line in formulas(recipe):
            name, _, value = line.partition(" ← ")
            if name == "v" and v is None:
                value = "g"
            names[name] = eval(value.replace("·", "*").replace("−", "-"), {}, dict(names))
        largest = max(1.0, abs(names["w"]), abs(names["v"]), abs(names["g"]))
        assert step.weights[0] == pytest.approx(w, rel=1e-4, abs=1e-5 * largest)  # they are written to six digits
        w, v = names["w"], names["v"]


def test_every_term_is_one_field_of_the_recipe_in_its_order() -> None:
    known = [name for name in (*GROUPS["Schedule"], *GROUPS["Optimiser"]) if name in {term.field for term in TERMS}]
    assert known == [term.field for term in TERMS]
    assert all(term.said.endswith(".") and term.said.count(". ") == 0 for term in TERMS), "one sentence"


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.optimizer == "sgd"])
def test_in_the_valley_every_recipe_comes_down(name: str) -> None:
    recipe = RECIPES[name]
    ground = valley(recipe)
    path = weight_path(recipe, ground.gradient, ground.start, 200)
    assert ground.loss(path[-1].weights) < ground.loss(path[0].weights) / 1e3


def after(steps: int, weight: int, **terms: float | bool) -> float:
    """How far a weight of the valley still is after some steps."""
    recipe = Recipe(data="", source="", **{"momentum": 0.0, "weight_decay": 0.0, **terms})
    ground = valley(recipe)
    tail = weight_path(recipe, ground.gradient, ground.start, steps + 1)[-10:]
    return max(abs(step.weights[weight]) for step in tail)


def test_what_is_said_of_the_terms_is_seen_in_the_valley() -> None:
    along, across = 0, 1
    assert after(60, along, momentum=0.9) < after(60, along) / 2, "along the valley steps add up"
    assert after(60, across, momentum=0.9, nesterov=True) < after(60, across, momentum=0.9) / 10, "swings less"


def test_velocity_reaches_what_momentum_is_said_to_lengthen_a_step_to() -> None:
    recipe = Recipe(data="", source="", lr=0.1, momentum=0.9, weight_decay=0)
    assert weight_path(recipe, lambda weights: (1.0,), (0.0,), 300)[-1].moved == pytest.approx((-0.1 / (1 - 0.9),))
    damped = recipe.varied(dampening=0.9)
    assert weight_path(damped, lambda weights: (1.0,), (0.0,), 300)[-1].moved == pytest.approx((-0.1,))


def test_a_weight_that_nothing_else_moves_shrinks_as_said() -> None:
    recipe = Recipe(data="", source="", lr=0.1, momentum=0.9, weight_decay=1e-3)
    path = weight_path(recipe, lambda weights: (0.0,), (1.0,), 400)
    assert path[-1].weights[0] / path[-2].weights[0] == pytest.approx(1 - 0.1 * 1e-3 / (1 - 0.9), abs=2e-5)


def test_other_optimizers_have_other_terms() -> None:
    recipe = Recipe(data="", source="", optimizer="adamw")
    for ask in (lambda: formulas(recipe), lambda: weight_path(recipe, lambda weights: weights, (1.0,), 2)):
        with pytest.raises(ConfigError, match="optimizer is 'adamw', but must be 'sgd', whose terms these are"):
            ask()
