"""Weights from files and hubs, in the layouts of everyone who published them, into the networks of the registry."""

from archs.weights.loading import LoadReport, load_weights

__all__ = ["LoadReport", "load_weights"]
