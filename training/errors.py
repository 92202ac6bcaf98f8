"""Why a training cannot begin, go on or be read."""

from archs.errors import DenseScopeError


class TrainingError(DenseScopeError):
    """A training cannot begin, go on or be read."""


class DivergedError(TrainingError):
    """What a network has learned is no longer numbers."""
