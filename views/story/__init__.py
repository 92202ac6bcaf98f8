"""Story: how networks became others, change by change. `story` is the screen."""
