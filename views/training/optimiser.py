"""Training: what the optimiser's terms do to a weight, drawn by the formulas that train networks."""

from __future__ import annotations

import streamlit as st

from training.descent import TERMS, formulas, valley, weight_path
from training.recipes import Recipe
from views import widgets
from views.charts import training as figures

#: Steps of the paths.
STEPS = 24
SAID = (
    "Two weights in a valley that is twenty times as steep across as along, at the recipe's highest learning rate: "
    "by all its terms, and by the gradient alone."
)


def draw_optimiser(recipe: Recipe) -> None:
    """The formulas with the recipe's own numbers, the way of two weights, and each term in words."""
    if recipe.optimizer != "sgd":
        st.caption(f"The picture is of stochastic gradient descent; the optimiser here is {recipe.optimizer}.")
        return
    words, picture = st.columns([2, 3], gap="medium")
    ground = valley(recipe)
    plain = recipe.varied(momentum=0.0, nesterov=False, dampening=0.0, weight_decay=0.0)
    paths = {
        "the gradient alone": weight_path(plain, ground.gradient, ground.start, STEPS),
        "all terms": weight_path(recipe, ground.gradient, ground.start, STEPS),
    }
    with words:
        st.markdown("  \n".join(f"`{line}`" for line in formulas(recipe)))
        lines = [f"**{term.title}** ({widgets.literal(term.formula)}): {term.said}" for term in TERMS]
        st.markdown("\n\n".join(lines))
    with picture:
        points = {name: [step.weights for step in path] for name, path in paths.items()}
        widgets.draw(figures.descent(points, ground.loss, widgets.current_theme()), "descent_chart", SAID)
        st.caption(SAID)
