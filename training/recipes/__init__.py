"""Recipes: how networks are trained, as papers and repositories tell it, as data that the loop follows."""

from training.recipes.recipe import GROUPS, Recipe, batch_note, recipe_from_json, steps_of_epoch
from training.recipes.registry import RECIPES, get_recipe, list_recipes, recipe_for

__all__ = [
    "GROUPS",
    "RECIPES",
    "Recipe",
    "batch_note",
    "get_recipe",
    "list_recipes",
    "recipe_for",
    "recipe_from_json",
    "steps_of_epoch",
]
