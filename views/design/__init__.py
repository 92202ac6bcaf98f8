"""Design: a network edited live. `design` is the screen."""
