"""Memory: where it goes, and what can be done about it. `memory` is the screen."""
