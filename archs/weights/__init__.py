"""Weights from files and hubs, in the layouts of everyone who published them, into the networks of the registry."""

from archs.weights.loading import load_weights
from archs.weights.report import LoadReport

__all__ = ["LoadReport", "load_weights"]
