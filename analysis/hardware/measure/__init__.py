"""Running networks and timing them. What a measurement is needs no torch; taking one does."""
