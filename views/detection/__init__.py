"""Detection: what backbones cost and gain in detectors. `detection` is the screen."""
