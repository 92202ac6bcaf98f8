"""How long a training step takes: what its backward pass and its update add, fitted and checked on published steps."""
