"""Making a trained network faster without changing what it computes."""
