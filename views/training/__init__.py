"""The Training view: what networks learn."""
