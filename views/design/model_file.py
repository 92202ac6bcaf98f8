"""A design as a file of fresh weights: written in a process of its own."""

from __future__ import annotations

from archs.config import NetworkConfig


def write_model(config: NetworkConfig, path: str, file_format: str) -> None:
    """Build the network and write it. Raises: DenseScopeError: it cannot be written."""
    from archs.create import create_model
    from archs.export import export_model

    export_model(create_model(config), path, file_format)
