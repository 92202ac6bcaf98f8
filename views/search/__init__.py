"""Search: the best networks of a space under budgets. `search` is the screen."""
