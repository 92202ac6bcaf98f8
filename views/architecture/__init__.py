"""Architecture: how networks are put together. `architecture` is the screen."""
