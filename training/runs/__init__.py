"""Runs: each training is a folder that tells what was asked for, how it went, and what was learned."""

from training.runs.record import (
    LOG,
    Run,
    create_run,
    delete_run,
    difference,
    find_or_create_run,
    free_name,
    get_run,
    list_runs,
    rename_run,
)

__all__ = [
    "LOG",
    "Run",
    "create_run",
    "delete_run",
    "difference",
    "find_or_create_run",
    "free_name",
    "get_run",
    "list_runs",
    "rename_run",
]
