"""How a network is put together: its table, its channels, its connections, and what sets two networks apart."""
