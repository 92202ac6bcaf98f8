"""Every data set by name: what is known of it without opening it. `training.data.images` opens it."""

from training.data.registry import DataSet, get_data, list_data, register_data

__all__ = ["DataSet", "get_data", "list_data", "register_data"]
