"""Every data set by name: what is known of it without opening it. `training.data.images` opens it."""

from training.data import sets as sets
from training.data.registry import DataError, DataSet, get_data, list_data, register_data

__all__ = ["DataError", "DataSet", "get_data", "list_data", "register_data"]
