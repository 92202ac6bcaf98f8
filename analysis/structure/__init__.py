"""How a network is put together: its table, its channels, its connections, and what sets two networks apart."""

from analysis.structure.feature_reuse import BlockReuse, reuse

__all__ = ["BlockReuse", "reuse"]
